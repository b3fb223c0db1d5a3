"""Reading the paths of artifacts: names, patterns, and places outside the project.

A path stays where it says: no ``..`` leads it elsewhere, and none stands for everything.
"""

from __future__ import annotations

import posixpath
from typing import Any

from runner.paths import ABSOLUTE
from runner.spec import text
from runner.spec.patterns import fixed
from runner.units import quoted

HOME = "~/"
"""What the path of an artifact in the user's home begins with."""
_EVERYTHING = frozenset({".", "*", "**"})
# what the kernel shows there is made while it is read
_NO_FILES = frozenset({"proc", "sys", "dev"})


def artifact_path(value: Any) -> str:  # noqa: ANN401
    """A path or pattern to keep: below the working directory, absolute, or below ``~/``.

    The hosted service kept absolute paths, and so do 0.0.12 to 0.9.2 (dstack issue 98).
    """
    written = text.text(value)
    if written.startswith("~"):
        return _below_home(written)
    if written.startswith("/"):
        return _absolute(written)
    path = text.below(written)
    if path in _EVERYTHING:
        raise text.mistake(
            "the whole project folder cannot be an artifact", "name the folders to keep"
        )
    if path.split("/")[0] == ABSOLUTE:
        raise text.mistake(
            f"`{ABSOLUTE}` is where absolute paths are kept", "give the folder another name"
        )
    return path


def _below_home(written: str) -> str:
    if written[1:2] not in {"", "/"}:
        raise text.mistake(
            f"{quoted(written)}: the home of another user is not looked up",
            "write it as an absolute path",
        )
    path = posixpath.normpath(written[1:].lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise text.mistake(
            f"{quoted(written)} leads out of the home folder", "write it as an absolute path"
        )
    if path in _EVERYTHING:
        raise text.mistake(
            "the whole home folder cannot be an artifact", "name the folders to keep"
        )
    return f"{HOME}{path}"


def _absolute(written: str) -> str:
    path = "/" + posixpath.normpath(written).lstrip("/")
    if fixed(path) == "/":
        raise text.mistake(
            "the whole file system cannot be an artifact", "begin with a folder, as in /opt/data"
        )
    if path.split("/")[1] in _NO_FILES:
        raise text.mistake(
            f"{quoted(written)} is a part of the system, not a file to keep",
            "copy what is needed of it to a folder, in a command",
        )
    return path
