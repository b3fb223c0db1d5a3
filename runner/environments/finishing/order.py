"""In which order files are compiled: what is imported first comes first. Pure.

Nothing is executed to find out. From the modules that are to come first the ``import`` statements
in the text are followed, those of a module's own level first, as an interpreter would come by them;
what stands within functions and conditions comes after all of that. Where the text deceives, a
file is compiled later than it could have been.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_IMPORT = re.compile(
    rb"^([ \t]*)(?:"
    rb"from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|(?:[^\n#;\\]|\\\n)*)"
    rb"|import[ \t]+([\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t]*,[ \t]*[\w.]+(?:[ \t]+as[ \t]+\w+)?)*))",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"#[^\n]*")
_NAME = re.compile(rb"[\s\\]*([A-Za-z_]\w*)")
_PACKAGE = "/__init__.py"
_SELDOM = frozenset({"test", "tests", "testing", "benchmarks", "examples"})


class Imports(NamedTuple):
    """The modules that a text imports, by their whole names.

    ``first`` at once, ``later`` only under a condition or in a function. A name that may be a
    module or a thing within one counts as a module.
    """

    first: tuple[str, ...]
    later: tuple[str, ...]


def in_order(
    files: Sequence[str], roots: Sequence[str], read: Callable[[str], bytes]
) -> Iterator[str]:
    """Each of ``files`` once, as paths such as ``torch/nn/__init__.py``.

    ``roots`` are modules to begin with; ``read`` gives the text of a file.
    """
    known = dict.fromkeys(files)
    for file in _followed(known, roots, read):
        del known[file]
        yield file
    yield from sorted(known, key=_is_seldom)


def _followed(
    known: dict[str, None], roots: Sequence[str], read: Callable[[str], bytes]
) -> Iterator[str]:
    now = [file for root in reversed(roots) for file in reversed(_files(root, known))]
    later: deque[str] = deque()
    while now or later:
        file = now.pop() if now else later.popleft()
        if file not in known:
            continue
        yield file
        found = imports(read(file), file)
        now += [file for name in reversed(found.first) for file in reversed(_files(name, known))]
        later += [file for name in found.later for file in _files(name, known)]


def imports(text: bytes, file: str) -> Imports:
    """What the text of ``file`` imports."""
    first: list[str] = []
    later: list[str] = []
    for indent, origin, names, modules in _IMPORT.findall(text):
        found = later if indent else first
        if modules:
            found += [part.split()[0].decode(errors="replace") for part in modules.split(b",")]
            continue
        package = _absolute(origin.decode(errors="replace"), file)
        found.append(package)
        listed = _COMMENT.sub(b"", names).strip(b"()").split(b",")
        named = [match[1].decode() for match in map(_NAME.match, listed) if match]
        found += [f"{package}.{name}" for name in named]
    return Imports(tuple(first), tuple(later))


def _absolute(origin: str, file: str) -> str:
    """A relative name as seen from ``file``; one dot is the package that the file lies in."""
    name = origin.lstrip(".")
    dots = len(origin) - len(name)
    if not dots:
        return name
    around = file.split("/")[: -dots or None]
    return ".".join([*around, name] if name else around)


def _files(module: str, known: dict[str, None]) -> list[str]:
    """The files that importing the module executes, in their order."""
    parts = module.split(".")
    found = []
    for length in range(1, len(parts) + 1):
        path = "/".join(parts[:length])
        found += [file for file in (path + _PACKAGE, f"{path}.py") if file in known][:1]
    return found


def _is_seldom(file: str) -> bool:
    return not _SELDOM.isdisjoint(file.split("/")[:-1])
