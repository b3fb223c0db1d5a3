"""What a script does only after asking: such code may well know of the removal.

It is guarded by the handler of an error that a removal ends in, or by a condition that asks for
versions or for what is there.
"""

from __future__ import annotations

import ast
import re

_ERRORS = frozenset(
    {
        "ImportError", "ModuleNotFoundError", "AttributeError", "TypeError", "NameError",
        "ValueError", "RuntimeError", "NotImplementedError", "Exception", "BaseException",
    }
)  # fmt: skip
# not `torch.cuda.is_available`, nor `name.lower()`
_ASKS = re.compile(
    r"(?i:version|hasattr|find_spec|type_checking|legacy|compat|py[23]$)"
    r"|_AVAILABLE$|GREATER|LOWER|LESS|(?:^|_)(?:LT|LE|GT|GE)(?:_|$)"
)


def catches(node: ast.Try) -> bool:
    """Whether the errors that a removal ends in are caught."""
    return any(_caught(handler.type) for handler in node.handlers)


def _caught(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(_identifier(one) in _ERRORS for one in kinds)


def asks(test: ast.expr, flags: frozenset[str]) -> bool:
    """Whether a condition asks for versions or for what is there.

    ``flags`` are the names of variables that hold the answer to such a question.
    """
    names = (_identifier(node) for node in ast.walk(test))
    return any(name in flags or _ASKS.search(name) for name in names if name)


def flags(tree: ast.Module) -> frozenset[str]:
    """Variables that hold the answer to such a question."""
    return frozenset(
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and asks(node.value, frozenset())
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def _identifier(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
