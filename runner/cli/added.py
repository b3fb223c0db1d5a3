"""Files of one's own as they are named on the command line: ``-a PATH``, ``-a PATH:AS``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner.artifacts.collecting.adding import Added
from runner.cli.render.style import harmless
from runner.errors import USAGE, WfError
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 20


def added(written: Sequence[str], cwd: Path, root: Path, own: Sequence[Path]) -> list[Added]:
    """What is to be added. Runs find it at the path that it has from ``root``, the project folder.

    ``AS`` is another path for runs to find it at, which is needed for what lies elsewhere. ``own``
    are the folders in which wf keeps things.

    Raises:
        WfError: kind ``USAGE`` for something that is not there, whose place is not clear, that
            holds a folder of wf's own, or that lies within another one.
    """
    found = [_added(one, cwd, root) for one in written]
    for one in found:
        real = os.path.realpath(one.source)
        for folder in own:
            if Path(os.path.realpath(folder)).is_relative_to(real):
                message = f"{quoted(str(one.source))} holds {folder}, where wf keeps things"
                raise WfError(USAGE, message, hint="name the folders in it that are wanted")
    _check_apart(found)
    return found


def _added(written: str, cwd: Path, root: Path) -> Added:
    before, colon, after = written.rpartition(":")
    if colon and after and before and not os.path.lexists(cwd / written):
        return Added(_source(before, cwd), _path(after))
    source = _source(written, cwd)
    path = os.path.relpath(source, root)
    if path == ".." or path.startswith("../"):
        raise WfError(
            USAGE,
            f"{quoted(written)} lies outside {root}: it is not clear where runs are to find it",
            hint=f"say where: -a {_shown(written)}:{_shown(source.name)}",
        )
    return Added(source, _path(path))


def _source(written: str, cwd: Path) -> Path:
    """The file or folder itself; ``..`` is read as the shell does, links are not."""
    source = Path(os.path.abspath(cwd / written))
    if not os.path.lexists(source):
        raise WfError(USAGE, f"there is no {quoted(written)}", hint=_instead(source))
    if not os.path.exists(source):
        leads = os.readlink(source) if source.is_symlink() else source
        raise WfError(USAGE, f"{quoted(written)} is a link to {leads}, where nothing is")
    if not (source.is_dir() or source.is_file()):
        raise WfError(USAGE, f"{quoted(written)} is neither a file nor a folder")
    return source


def _instead(source: Path) -> str | None:
    from runner.spec.mistakes import did_you_mean

    try:
        names = [name for name in os.listdir(source.parent) if not name.startswith(".")]
    except OSError:
        return f"there is no folder {source.parent}"
    return harmless(did_you_mean(source.name, names[:_SHOWN], "there is")) if names else None


def _path(written: str) -> str:
    from pydantic_core import PydanticCustomError

    from runner.spec.artifact_paths import HOME, artifact_path

    try:
        path = artifact_path(written)
    except PydanticCustomError as error:
        said = error.context or {}
        raise WfError(USAGE, said["message"], hint=said["hint"]) from None
    if path.startswith(HOME):
        raise WfError(
            USAGE,
            f"{quoted(written)} is a place in a home folder, which is another one elsewhere",
            hint="write a path from the project folder",
        )
    return path


def _check_apart(found: Sequence[Added]) -> None:
    """None lies within another one: what is in it would be copied twice."""
    for at, one in enumerate(found):
        for other in found[:at]:
            outer, inner = sorted((one.path, other.path), key=len)
            if outer == inner:
                raise WfError(USAGE, f"{quoted(inner)} is named twice", hint="leave one out")
            if inner.startswith(f"{outer}/"):
                message = f"{quoted(inner)} lies within {quoted(outer)}"
                raise WfError(USAGE, message, hint="leave it out: it comes with the other")


def _shown(word: str) -> str:
    import shlex

    return harmless(shlex.quote(word))
