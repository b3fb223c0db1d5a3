"""An installation in uv's words, with paths that hold wherever uv is started."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from runner.environments.pip_settings import uv_options
from runner.environments.uv.pip.asked import normal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.environments.uv.pip.asked import Asked
    from runner.environments.uv.pip.command import Install

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_EXTRAS = re.compile(r"(?P<path>.*?)(?P<extras>\[[^\]/]*\])?")
_STANDARD_INPUT = "-"


def words(
    install: Install, asked: Asked, folder: Path, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """What follows ``uv pip install``. Relative paths start from ``folder``.

    ``variables`` are uv's: what a command adds to their lists, uv takes instead of them.
    """
    said = [*uv_options(variables), *install.words]
    if install.upgrade == "all":
        said.append("--upgrade")
    elif install.upgrade == "named":
        for name in normal(asked.names):
            said += ["--upgrade-package", name]
    links = [_absolute(place, folder) for place in install.links]
    if links:
        links += [place for place in variables.get("UV_FIND_LINKS", "").split(",") if place]
    for option, places in (
        ("--find-links", links),
        ("--requirements", [_absolute(path, folder) for path in install.files]),
        ("--constraints", [_absolute(path, folder) for path in install.constraints]),
        ("--editable", [_requirement(path, folder) for path in install.editable]),
    ):
        said += [word for place in places for word in (option, place)]
    if install.target is not None:
        said += ["--target", _absolute(install.target, folder)]
    return (*said, "--", *(_requirement(text, folder) for text in install.named))


def added(install: Install) -> dict[str, str]:
    """The variables that an installation adds to uv's."""
    given = dict(install.variables)
    if "--index" in install.words:
        # pip takes the best version that any of its indexes has
        given["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return given


def _absolute(path: str, folder: Path) -> str:
    if path == _STANDARD_INPUT or _ADDRESS.match(path):
        return path
    return os.path.join(folder, os.path.expanduser(path))


def _requirement(text: str, folder: Path) -> str:
    """A path made absolute; a name stays."""
    found = _EXTRAS.fullmatch(text)
    if found is None or _ADDRESS.match(text) or "@" in text:
        return text
    path, extras = found["path"], found["extras"] or ""
    if path.startswith((".", "~")) or "/" in path or os.path.isfile(folder / path):
        return f"{_absolute(path, folder)}{extras}"
    return text
