"""Workflow files that are as they were the last time are not read and checked once more.

To import what reads them takes a third of all that comes before a job starts. What is kept is used
only where every text that took part, what was asked for, and wf itself are the very same: they
stand in the file that it is kept in. Files with mistakes are not kept, so that mistakes are always
those of the reader; and whoever asks for a place in a file has it read.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blake3 import blake3

from runner import __version__
from runner.engine.files import WorkflowFiles
from runner.spec import stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.document.document import Document
    from runner.engine.files import Beside, FileText

_FORM = 1
_MOST = 256
# those that read: where wf itself is worked on, its version stays the same
_READERS = ("document", "spec")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_PACKAGE = Path(__file__).resolve().parent.parent


class Opened(NamedTuple):
    """What is asked for: as :func:`runner.engine.opening.open_files` takes it."""

    texts: tuple[FileText, ...]
    root: Path
    beside: Beside
    chosen: Mapping[str, Mapping[str, str]]
    wanted: str | None


def open_known(asked: Opened, folder: Path) -> WorkflowFiles:
    """Read the files, unless ``folder`` has what is in them from the last time.

    Raises:
        WfError: as :func:`runner.engine.opening.open_files`.
    """
    path = folder / _name(asked)
    key = _key(asked)
    found = _kept(path, key, asked)
    if found is not None:
        return found
    from runner.engine.opening import open_files

    opened = open_files(*asked)
    with suppress(OSError, TypeError):  # it is as good without
        _keep(path, key, opened)
    return opened


def _name(asked: Opened) -> str:
    """One file for each thing that is asked of a project, whatever its files hold."""
    names = [str(asked.root), asked.wanted, *(text.file for text in asked.texts)]
    return f"{blake3(json.dumps(names).encode()).hexdigest()[:32]}.json"


def _key(asked: Opened) -> str:
    """A digest of all that what is read depends on."""
    beside = asked.beside
    texts = [*asked.texts, beside.variables, beside.providers, beside.profiles]
    seen = [text and [text.file, blake3(text.text).hexdigest()] for text in texts]
    chosen = {name: dict(values) for name, values in asked.chosen.items()}
    own = [_FORM, __version__, sys.version, _stamps()]
    said = json.dumps([own, str(asked.root), seen, chosen, asked.wanted], sort_keys=True)
    return blake3(said.encode()).hexdigest()


def _stamps() -> list[Any]:
    """When what reads was changed."""
    return [
        (found.name, found.stat().st_mtime_ns)
        for reader in _READERS
        for found in sorted(_sources(_PACKAGE / reader), key=lambda found: found.path)
    ]


def _sources(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:  # an archive has no folders
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry
            elif "." not in entry.name and entry.name != "__pycache__":
                yield from _sources(entry.path)


def _kept(path: Path, key: str, asked: Opened) -> WorkflowFiles | None:
    """What is kept there, if it is ours, whole, and of these very files."""
    try:
        text = _own(path)
        if text is None:
            return None
        digest, _, said = text.partition(b"\n")
        if digest != blake3(said).hexdigest().encode():
            return None
        document = json.loads(said)
        if document["key"] != key:
            return None
        return WorkflowFiles(
            asked.root,
            Unread({name: _text(asked, name) for name in document["documents"]}),
            tuple(map(stored.read, document["workflows"])),
            lines=document["lines"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _text(asked: Opened, name: str) -> bytes:
    return next(text.text for text in asked.texts if text.file == name)


def _own(path: Path) -> bytes | None:
    """What is in a file that nobody else can have written."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return None
        return None if found.st_mode & _OTHERS_WRITE else file.read()


def _keep(path: Path, key: str, opened: WorkflowFiles) -> None:
    if opened.faulty or opened.neighbours:
        return
    # what only looks makes no cache: the first run does
    if not path.parent.parent.is_dir():
        return
    document = {
        "key": key,
        "documents": list(opened.documents),
        "workflows": [stored.written(workflow) for workflow in opened.workflows],
        "lines": {workflow.name: opened.line(workflow) for workflow in opened.workflows},
    }
    said = json.dumps(document).encode()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    staged = path.with_suffix(f".{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with open(staged, "wb", opener=lambda name, _: os.open(name, flags, 0o600)) as file:
            file.write(blake3(said).hexdigest().encode() + b"\n" + said)
        staged.replace(path)
        _tidy(path.parent)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _tidy(folder: Path) -> None:
    """Of many, those that were kept last stay: projects come and go."""
    with os.scandir(folder) as entries:
        found = list(entries)
    if len(found) > _MOST:
        found.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in found[: -_MOST // 2]:
            os.unlink(entry)


class Unread(Mapping[str, "Document"]):
    """Documents by name, each read when it is asked for."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts
        self._read: dict[str, Document] = {}

    def __getitem__(self, name: str) -> Document:
        """The document of this name; raises ``KeyError`` when there is none."""
        if name not in self._read:
            from runner.document.reader import read

            self._read[name] = read(self._texts[name], name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Their names, in order."""
        return iter(self._texts)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._texts)
