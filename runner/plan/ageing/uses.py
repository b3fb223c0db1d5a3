"""The syntax tree of a script -> what it uses of what was removed. Nothing is executed.

A use is told only where its full name is certain: through imports and aliases, and outside of code
that asks for versions first (see ``guards.py``).
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Place
from runner.plan.ageing import guards
from runner.plan.ageing.scopes import Scope, bind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.plan.ageing.catalogue import Catalogue
    from runner.plan.ageing.rules import Removal

LIMIT = 1 << 18
"""How much of a script is looked at, in characters: a longer one is not."""
_MAX_USES = 100
_MAX_NODES = 100_000
_LINES = re.compile(r"\r\n|\r|\n")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SHOWN = 40
# what binds nothing, uses nothing and holds nothing
_LEAVES = (ast.Constant, ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)


class Use(NamedTuple):
    """One use of what was removed: ``root`` is the top-level module it is imported from."""

    removal: Removal
    root: str
    written: str
    place: Place


class Unreadable(NamedTuple):
    """Why a script cannot be parsed, in the parser's words."""

    said: str
    place: Place


class Read(NamedTuple):
    """A script, read: what it imports, and what it uses of what was removed."""

    uses: tuple[Use, ...] = ()
    imports: tuple[str, ...] = ()
    unreadable: Unreadable | None = None


class _Seen(NamedTuple):
    node: ast.AST
    scope: Scope
    guarded: bool


def read(path: str, text: str, catalogue: Catalogue) -> Read:
    """Read a script. One that is too long or too deep for us is read as if it held nothing."""
    if len(text) > LIMIT:
        return Read()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the script's own strings
            tree = ast.parse(text)
    except SyntaxError as error:
        return Read(unreadable=_unreadable(path, text, error))
    except (ValueError, RecursionError, MemoryError):
        return Read()
    try:
        return _Script(path, text, tree, catalogue).read()
    except RecursionError:
        return Read()


def _unreadable(path: str, text: str, error: SyntaxError) -> Unreadable | None:
    lines = _LINES.split(text)
    number = error.lineno or 0
    if not 0 < number <= len(lines):
        return None
    line = lines[number - 1]
    start = min(max(error.offset or 1, 1), len(line) + 1)
    same = error.end_lineno == number and error.end_offset and error.end_offset > start
    end = min(error.end_offset, len(line) + 1) if same and error.end_offset else start + 1
    return Unreadable(error.msg, Place(path, number, start, max(end, start + 1), line))


class _Script:
    """One parsed script."""

    def __init__(self, path: str, text: str, tree: ast.Module, catalogue: Catalogue) -> None:
        self._path = path
        self._lines = _LINES.split(text)
        self._tree = tree
        self._catalogue = catalogue
        self._flags = guards.flags(tree)
        self._seen: list[_Seen] = []
        self._known: set[str] = set()

    def read(self) -> Read:
        """All of it: names are bound in one pass, and asked for in the next."""
        if not self._walk():
            return Read()
        imports = tuple(dict.fromkeys(self._imported()))
        if not any(name.partition(".")[0] in self._catalogue.roots for name in imports):
            return Read((), imports)
        for seen in self._seen:
            self._note_known(seen)
        found: dict[tuple[int, int, str], Use] = {}
        for seen in self._seen:
            if not seen.guarded:
                for use in self._uses(seen):
                    key = (use.place.line, use.place.column, use.written)
                    found.setdefault(key, use)
            if len(found) >= _MAX_USES:
                break
        ordered = (found[key] for key in sorted(found))
        return Read(tuple(use for use in ordered if use.removal.name not in self._known), imports)

    def _walk(self) -> bool:
        """Every node in the scope it is evaluated in; whether there are not too many for us.

        A stack, and no recursion: trees may be deep.
        """
        waiting: list[_Seen] = [_Seen(self._tree, Scope(), guarded=False)]
        while waiting and len(self._seen) < _MAX_NODES:
            seen = waiting.pop()
            self._seen.append(seen)
            bind(seen.node, seen.scope)
            waiting += reversed(list(self._children(seen)))
        return not waiting

    def _children(self, seen: _Seen) -> Iterator[_Seen]:
        node, scope, guarded = seen
        inner = scope
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            inner = Scope(scope, isinstance(node, ast.ClassDef))
        ours = guarded or self._asks(node)
        for name, value in ast.iter_fields(node):
            inside = inner if name in {"body", "args"} else scope
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.Name):
                    stored = isinstance(child.ctx, ast.Store | ast.Del)
                    if stored and not self._bound_with_value(node, child):
                        inside.bind(child.id, None)
                elif isinstance(child, ast.AST) and not isinstance(child, _LEAVES):
                    yield _Seen(child, inside, ours)

    @staticmethod
    def _bound_with_value(node: ast.AST, child: ast.AST) -> bool:
        """A name whose binding is noted where its value stands."""
        match node:
            case ast.Assign(targets=[ast.Name() as target]):
                return child is target
            case ast.AnnAssign(target=ast.Name() as target, value=value):
                return child is target and value is not None
            case _:
                return False

    def _asks(self, node: ast.AST) -> bool:
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            return guards.asks(node.test, self._flags)
        return isinstance(node, ast.Try) and guards.catches(node)

    def _imported(self) -> Iterator[str]:
        """Every module that is imported, a relative one with its dots."""
        for seen in self._seen:
            match seen.node:
                case ast.Import(names=aliases):
                    yield from (alias.name for alias in aliases)
                case ast.ImportFrom(module=module, names=aliases, level=level):
                    base = "." * level + (module or "")
                    for alias in aliases:
                        yield base if alias.name == "*" else f"{base}.{alias.name}"
                case _:
                    pass

    def _note_known(self, seen: _Seen) -> None:
        """What the script itself puts there (``np.int = int``), or asks for by its name."""
        match seen.node:
            case ast.Attribute(ctx=ast.Store()) as target:
                name = seen.scope.qualified(target)
                if name is not None:
                    self._known.add(name)
            case ast.Call(
                func=ast.Name(id="setattr" | "hasattr" | "getattr"),
                args=[of, ast.Constant(value=str(attribute)), *_],
            ):
                name = seen.scope.qualified(of)
                if name is not None:
                    self._known.add(f"{name}.{attribute}")
            case _:
                pass

    def _uses(self, seen: _Seen) -> Iterator[Use]:
        node, scope, _ = seen
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield from self._imports(alias, alias.name)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                for alias in aliases:
                    yield from self._imports(alias, f"{module}.{alias.name}")
            case ast.Attribute():
                yield from self._attribute(node, scope)
            case ast.Call():
                yield from self._call(node, scope)
            case ast.ClassDef():
                yield from self._class(node, scope)
            case _:
                pass

    def _imports(self, alias: ast.alias, name: str) -> Iterator[Use]:
        """The thing itself, or a module that it lies in."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            removal = self._catalogue.name(".".join(parts[:length]))
            if removal is not None:
                yield self._use(removal, parts[0], ".".join(parts[:length]), alias)
                return

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Iterator[Use]:
        name = scope.qualified(node)
        if name is not None:
            removal = self._catalogue.name(name)
            if removal is not None:
                yield self._use(removal, name.partition(".")[0], self._source(node), node)
            return
        for removal in self._catalogue.members(node.attr):
            made = scope.made_by(node.value, self._catalogue.member_names)
            if made is not None and self._catalogue.same(made, removal.name):
                yield self._use(removal, made.partition(".")[0], self._source(node), node)

    def _call(self, node: ast.Call, scope: Scope) -> Iterator[Use]:
        name = scope.qualified(node.func)
        if name is not None:
            for removal in self._catalogue.call(name):
                yield from self._called(node, removal, name)
        elif isinstance(node.func, ast.Attribute):
            for removal in self._catalogue.member_keywords(node.func.attr):
                made = scope.made_by(node.func.value, self._catalogue.member_names)
                if made is not None and self._catalogue.same(made, removal.name):
                    yield from self._keywords(node, removal, made, removal.values[0])

    def _called(self, node: ast.Call, removal: Removal, name: str) -> Iterator[Use]:
        if removal.kind == "keyword":
            yield from self._keywords(node, removal, name, removal.part)
            return
        given = any(keyword.arg in {removal.part, None} for keyword in node.keywords)
        starred = any(isinstance(word, ast.Starred) for word in node.args)
        if not given and not starred and len(node.args) <= int(removal.values[0]):
            written = f"{self._source(node.func)}(…)` without `{removal.part}=…"
            yield self._use(removal, name.partition(".")[0], written, node.func)

    def _keywords(self, node: ast.Call, removal: Removal, name: str, part: str) -> Iterator[Use]:
        for keyword in node.keywords:
            if keyword.arg != part:
                continue
            shown = "…"
            if removal.kind == "keyword" and removal.values:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else keyword
                if repr(value) not in removal.values:
                    continue
                shown = self._source(keyword.value)
            written = f"{self._source(node.func)}({part}={shown})"
            yield self._use(removal, name.partition(".")[0], written, keyword, len(part))

    def _class(self, node: ast.ClassDef, scope: Scope) -> Iterator[Use]:
        for base in sorted(scope.bases(node)):
            removals = self._catalogue.of_class(base)
            for body in node.body if removals else ():
                if isinstance(body, ast.FunctionDef | ast.AsyncFunctionDef):
                    for removal in removals:
                        yield from self._method(body, removal, base)

    def _method(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, removal: Removal, base: str
    ) -> Iterator[Use]:
        if removal.part != node.name:
            return
        root = base.partition(".")[0]
        short = base.rpartition(".")[2]
        if removal.kind == "method":
            yield self._use(removal, root, f"{short}.{node.name}", node, name=node.name)
            return
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            if argument.arg == removal.values[0]:
                written = f"{short}.{node.name}({argument.arg})"
                yield self._use(removal, root, written, argument, len(argument.arg))

    def _use(  # noqa: PLR0913 - the facts of one use
        self,
        removal: Removal,
        root: str,
        written: str,
        node: ast.expr | ast.alias | ast.keyword | ast.arg | ast.stmt,
        length: int | None = None,
        *,
        name: str | None = None,
    ) -> Use:
        line = self._line(node.lineno)
        start = _column(line, node.col_offset)
        if name is not None:  # `def` or `async def` stands in front of it
            start = max(line.find(name, start), start)
            length = len(name)
        if length is not None:
            end = start + length
        elif node.end_lineno == node.lineno and node.end_col_offset is not None:
            end = _column(line, node.end_col_offset)
        else:
            end = len(line)
        place = Place(self._path, node.lineno, start + 1, max(end, start + 1) + 1, line)
        return Use(removal, root, written, place)

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def _source(self, node: ast.expr) -> str:
        """An expression as it stands there, if it stands in one short line."""
        line = self._line(node.lineno)
        if node.end_lineno == node.lineno and node.end_col_offset is not None:
            end = _column(line, node.end_col_offset)
            written = line[_column(line, node.col_offset) : end]
            if len(written) <= _SHOWN:
                return written
        return node.attr if isinstance(node, ast.Attribute) else "…"


def _column(line: str, offset: int) -> int:
    """The parser counts bytes."""
    return len(line.encode()[:offset].decode(errors="ignore"))
