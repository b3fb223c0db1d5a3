"""Which interpreters there are: uv's own discovery, kept from what would end or mislead it.

Version managers put *shims* onto ``PATH``: scripts that look like ``python3.10``, and fail when
that version is installed but not chosen. uv calls the first one it finds, and ends its search with
it. So uv is shown the folders of the versions themselves instead, which no shim needs to be asked
for. pyenv keeps them in ``$PYENV_ROOT/versions``, asdf in ``$ASDF_DATA_DIR/installs/python``, mise
in ``$MISE_DATA_DIR/installs/python`` (from their own documentation). What uv manages itself, it
knows.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.environments.uv.find import own_version
from runner.process.helpers import capture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHIMS = "shims"
_VERSION = re.compile(r"3\.[0-9]+(?:\.[0-9]+)?")
# uv asks every interpreter that it does not know yet; a network folder may take a while
_TIMEOUT = 60.0


class Search(NamedTuple):
    """What a search for interpreters comes to: the full versions, newest first.

    ``downloads_off`` is the user's word (``UV_PYTHON_DOWNLOADS``) that keeps uv from fetching one.
    """

    found: tuple[str, ...]
    downloads_off: str | None = None


def search(uv: Path, variables: Mapping[str, str]) -> Search:
    """What there is, for a message about what there is not."""
    return Search(versions(uv, variables), downloads_off(variables))


def searching(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables for a uv that is to find an interpreter.

    The managers' versions stand where the first folder of shims was, else behind everything.
    """
    folders = [part for part in variables.get("PATH", "").split(":") if part.startswith("/")]
    shims = [folder for folder in folders if Path(folder).name == _SHIMS]
    at = folders.index(shims[0]) if shims else len(folders)
    kept = [folder for folder in folders[:at] if folder not in shims]
    kept += [str(folder) for folder in _versions(variables)]
    kept += [folder for folder in folders[at:] if folder not in shims]
    return {**variables, "PATH": ":".join(dict.fromkeys(kept))}


def downloads_off(variables: Mapping[str, str]) -> str | None:
    """The user's word that keeps uv from fetching an interpreter that is not there, or ``None``."""
    word = variables.get("UV_PYTHON_DOWNLOADS", "")
    return word if word in {"manual", "never"} else None


def versions(uv: Path | None, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The full versions of the CPythons that uv finds, and wf's own; newest first, each once.

    uv remembers what it has asked: the first time takes a second or two, later ones hundredths.
    """
    found = {own_version()} | (set() if uv is None else _found(uv, variables))
    return tuple(sorted(found, key=_number, reverse=True))


def _found(uv: Path, variables: Mapping[str, str]) -> set[str]:
    words = ["python", "list", "--only-installed", "--output-format", "json"]
    # not in the project's folder: a uv.toml there must not turn the search
    root = Path(uv.anchor)
    done = capture([str(uv), *words], env=searching(variables), cwd=root, timeout=_TIMEOUT)
    if done is None or done.code:
        return set()
    return {entry["version"] for entry in json.loads(done.stdout) if _usable(entry)}


def _usable(entry: Mapping[str, Any]) -> bool:
    """Whether packages are built for it: no other implementation, no variant without the GIL."""
    released = re.fullmatch(r"3\.[0-9]+\.[0-9]+", entry["version"]) is not None
    return released and entry["implementation"] == "cpython" and entry["variant"] == "default"


def _versions(variables: Mapping[str, str]) -> Iterator[Path]:
    """The ``bin`` folders of the versions that managers have, newest first."""
    for folder in _managed(variables):
        try:
            names = [name for name in os.listdir(folder) if _VERSION.fullmatch(name)]
        except OSError:  # there is no such manager
            continue
        for name in sorted(names, key=_number, reverse=True):
            if (folder / name / "bin" / "python3").exists():
                yield folder / name / "bin"


def _managed(variables: Mapping[str, str]) -> tuple[Path, ...]:
    home = Path(variables.get("HOME") or "~").expanduser()
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share")
    pyenv = Path(variables.get("PYENV_ROOT") or home / ".pyenv")
    asdf = Path(variables.get("ASDF_DATA_DIR") or home / ".asdf")
    mise = Path(variables.get("MISE_DATA_DIR") or data / "mise")
    return (pyenv / "versions", asdf / "installs" / "python", mise / "installs" / "python")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
