"""Which full name a name in a script stands for: its imports, its aliases, its scopes.

A name that is bound in more than one way, or in one that cannot be followed, stands for nothing:
whoever asks is told ``None`` and has nothing to say.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

# a full name has fewer parts; longer chains would be followed from each of their links
_PARTS = 12
# how often an alias of an alias is followed
_ALIASES = 5

Binding = str | ast.expr | ast.ClassDef | None
"""A full name (an import), a value, a class, or what cannot be followed."""


@dataclass(slots=True)
class Scope:
    """A module, class or function body, and what its names are bound to."""

    parent: Scope | None = None
    is_class: bool = False
    bound: dict[str, list[Binding]] = field(default_factory=dict)

    def bind(self, name: str, value: Binding) -> None:
        """Note one binding of a name."""
        self.bound.setdefault(name, []).append(value)

    def bindings(self, name: str) -> tuple[Scope | None, list[Binding]]:
        """Every binding of a name in the scope it belongs to, and that scope."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bound and (scope is self or not scope.is_class):
                return scope, scope.bound[name]
            scope = scope.parent
        return None, []

    def qualified(self, node: ast.expr, depth: int = 0) -> str | None:
        """The full name that an expression such as ``pl.Trainer`` stands for."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute) and len(attributes) < _PARTS:
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        scope, bindings = self.bindings(node.id)
        found = {
            binding
            if isinstance(binding, str)
            else scope.qualified(binding, depth + 1)
            if scope and isinstance(binding, ast.Attribute | ast.Name) and depth < _ALIASES
            else None
            for binding in bindings
        }
        root = found.pop() if len(found) == 1 else None
        return None if root is None else ".".join([root, *reversed(attributes)])

    def made_by(self, node: ast.expr, keeps: frozenset[str]) -> str | None:
        """The full name of what was called to make the value of an expression.

        For a variable, every one of its bindings must be such a call. One by a method of ``keeps``
        of the variable itself (``frame = frame.append(row)``) leaves it what it is.
        """
        if isinstance(node, ast.Call):
            return self.qualified(node.func)
        if not isinstance(node, ast.Name):
            return None
        scope, bindings = self.bindings(node.id)
        makers = {
            scope.qualified(binding.func) if scope and isinstance(binding, ast.Call) else None
            for binding in bindings
            if not _of_itself(binding, node.id, keeps)
        }
        return makers.pop() if len(makers) == 1 else None

    def bases(self, node: ast.ClassDef, depth: int = 0) -> set[str]:
        """The full names of the classes that a class derives from, through those of its file."""
        found: set[str] = set()
        for base in node.bases:
            name = self.qualified(base)
            if name is not None:
                found.add(name)
            elif isinstance(base, ast.Name) and depth < _ALIASES:
                scope, bindings = self.bindings(base.id)
                if scope and len(bindings) == 1 and isinstance(bindings[0], ast.ClassDef):
                    found |= scope.bases(bindings[0], depth + 1)
        return found


def _of_itself(binding: Binding, name: str, keeps: frozenset[str]) -> bool:
    return (
        isinstance(binding, ast.Call)
        and isinstance(binding.func, ast.Attribute)
        and binding.func.attr in keeps
        and isinstance(binding.func.value, ast.Name)
        and binding.func.value.id == name
    )


def bind(node: ast.AST, scope: Scope) -> None:
    """Note what a node binds in the scope it stands in."""
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                scope.bind(*_imported(node, alias))
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            scope.bind(name, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            scope.bind(name, value)
        case ast.ClassDef(name=name):
            scope.bind(name, node)
        case (
            ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.arg(arg=name)
        ):
            scope.bind(name, None)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            for name in names:
                scope.bind(name, None)
        case _:
            pass


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[str, str | None]:
    """What an import binds, and the full name of that."""
    if isinstance(node, ast.ImportFrom):
        whole = None if node.level or node.module is None else f"{node.module}.{alias.name}"
        return alias.asname or alias.name, whole
    top = alias.name.partition(".")[0]
    return alias.asname or top, alias.name if alias.asname else top
