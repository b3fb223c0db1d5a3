"""Where a locked project says that its packages come from. Pure.

Its two files have other paths in them, which are nothing to an image: what a wheel leaves out, what
a description tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.plan.metadata.toml import Fault, Toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.plan.environment import LockedProject

# of `[tool.uv]` (docs.astral.sh/uv, "Settings")
_SETTINGS = ("index", "index-url", "extra-index-url", "find-links", "sources")
# of a package in `uv.lock`
_LOCKED = ("source", "sdist", "wheels")


def named(project: LockedProject) -> tuple[str, ...]:
    """Texts that may name places on this machine; none of a file that cannot be read."""
    settings = _read(project.pyproject).table("tool", "uv")
    packages = _read(project.lock).values.get("package")
    found = [_of(settings, _SETTINGS)]
    if isinstance(packages, list):
        found += [_of(one, _LOCKED) for one in packages if isinstance(one, dict)]
    return tuple(text for texts in found for text in texts)


def _read(text: str) -> Toml:
    try:
        return Toml("", text, ())
    except Fault:  # uv says so
        return Toml("", "", ())


def _of(table: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    return _texts([table.get(key) for key in keys])


def _texts(value: object) -> Iterator[str]:
    """Those in a value of TOML, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
