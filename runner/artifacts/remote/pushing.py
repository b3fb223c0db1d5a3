"""Pushing a run: what is in its artifacts, then the lists of it, then the word that it is there.

Contents that are there already are not sent again, whoever sent them. Each is read in full and
compared with its digest before any of it is sent: a remote never gets what is damaged here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import stored
from runner.artifacts.folders import READING
from runner.artifacts.form import Odd
from runner.artifacts.manifest import entries_of
from runner.artifacts.remote import layout
from runner.artifacts.remote.ahead import ahead
from runner.artifacts.remote.interface import Absent
from runner.disks import named, unwritable
from runner.errors import STORAGE, USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.artifacts.entries import Entry
    from runner.artifacts.manifest import Artifact
    from runner.artifacts.remote.interface import Progress, Remote
    from runner.artifacts.remote.layout import Piece
    from runner.paths import RunPaths

_LARGEST_MANIFEST = 256 << 20


class Pushed(NamedTuple):
    """What a push came to: contents sent with their size in bytes, and those that were there."""

    files: int
    bytes: int
    present: int


class _Content(NamedTuple):
    """Bytes to be on the remote, and the entry they are shown by."""

    entry: Entry
    size: int


class _Part(NamedTuple):
    """One piece on its way. ``content`` is complete with its ``last`` one."""

    content: _Content
    name: str
    data: bytes
    last: bool


def push(  # noqa: PLR0913 - what, where to, and how
    paths: RunPaths,
    artifacts: Sequence[Artifact],
    document: bytes,
    remote: Remote,
    progress: Progress,
    *,
    force: bool = False,
) -> Pushed:
    """Bring the ``artifacts`` of a run to a remote, with the ``document`` that says what it was.

    What was interrupted is gone on with by a repeat. What has the right size there is taken for
    what was sent, and nothing is written over; with ``force`` all is sent, whatever is there.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when the remote cannot be reached or refuses, ``USAGE`` when
            it has another run of that name, ``STORAGE`` when a file here cannot be read, or is not
            any more what was kept.
    """
    names = layout.Names(paths.root.name)
    manifest = _read(paths.manifest)
    wanted = _contents(paths, artifacts)
    if not force:
        _refuse_another(remote, names, manifest)
    there = {} if force else _there(remote, wanted)
    missing = [content for content in wanted if not _complete(content, there)]
    files = size = 0
    progress.expect(len(missing), sum(content.size for content in missing))
    parts = _parts(paths, missing, there)
    for part, _ in ahead(lambda part: remote.write(part.name, part.data), parts, _length):
        files, size = files + part.last, size + len(part.data)
        progress(files, size)
    _describe(artifacts, names, remote)
    remote.write(names.document, document)
    remote.write(names.manifest, manifest)
    return Pushed(files, size, len(wanted) - len(missing))


def _refuse_another(remote: Remote, names: layout.Names, manifest: bytes) -> None:
    try:
        there = remote.read(names.manifest, _LARGEST_MANIFEST)
    except Absent:
        return
    if there != manifest:
        raise WfError(
            USAGE,
            f"{remote.shown} has another run called {names.run}",
            hint=f"push to a folder of its own: --to {remote.shown}/FOLDER, or put this one in its "
            "place: --force",
        )


def _contents(paths: RunPaths, artifacts: Sequence[Artifact]) -> list[_Content]:
    """Everything that is in files and links, each once."""
    found: dict[str, _Content] = {}
    for entry in _entries(paths, artifacts):
        if entry.kind == "link":
            try:
                target = os.readlink(paths.artifacts / stored(entry.path))
            except OSError as error:
                raise _unreadable(entry, error, paths) from error
            found.setdefault(entry.digest, _Content(entry, len(os.fsencode(target))))
        elif entry.kind == "file" and entry.bytes:
            found.setdefault(entry.digest, _Content(entry, entry.bytes))
    return list(found.values())


def _entries(paths: RunPaths, artifacts: Sequence[Artifact]) -> Iterator[Entry]:
    try:
        yield from entries_of(artifacts)
    except (OSError, ValueError) as error:
        why = f"it {error}" if isinstance(error, Odd) else error
        raise WfError(
            STORAGE,
            f"the list of what {paths.root.name} keeps is damaged: {why}; nothing was sent",
            hint=f"see what else is damaged: wf artifacts verify {paths.root.name}",
        ) from error


def _there(remote: Remote, wanted: Sequence[_Content]) -> dict[str, Mapping[str, int]]:
    """What the folders that it will lie in have in them."""
    folders = sorted({layout.content(content.entry.digest)[0] for content in wanted})
    return {folder: found.files for folder, found in ahead(remote.look, folders, lambda _: 0)}


def _missing(content: _Content, there: Mapping[str, Mapping[str, int]]) -> list[Piece]:
    folder, name = layout.content(content.entry.digest)
    known = there.get(folder, {})
    return [p for p in layout.pieces(name, content.size) if known.get(p.name) != p.size]


def _complete(content: _Content, there: Mapping[str, Mapping[str, int]]) -> bool:
    return not _missing(content, there)


def _length(part: _Part) -> int:
    return len(part.data)


def _parts(
    paths: RunPaths, missing: Sequence[_Content], there: Mapping[str, Mapping[str, int]]
) -> Iterator[_Part]:
    """The pieces that are not there, one after the other, read when they are asked for."""
    for content in missing:
        folder, _ = layout.content(content.entry.digest)
        left = _missing(content, there)
        try:
            for piece, data in _checked(paths, content, left):
                yield _Part(content, f"{folder}/{piece.name}", data, piece is left[-1])
        except OSError as error:
            raise _unreadable(content.entry, error, paths) from error


def _checked(
    paths: RunPaths, content: _Content, left: Sequence[Piece]
) -> Iterator[tuple[Piece, bytes]]:
    """The bytes of pieces, once the whole they are of has been found to be what it was."""
    from blake3 import blake3

    entry, size = content
    place = paths.artifacts / stored(entry.path)
    if entry.kind == "link":
        target = os.fsencode(os.readlink(place))
        _same(entry, blake3(target).hexdigest(), paths)
        yield left[0], target
        return
    with open(os.open(place, READING), "rb", buffering=0) as file:
        hasher = blake3()
        data = b""
        while data := file.read(layout.PIECE):
            hasher.update(data)
            if len(data) == size:
                break  # read once, and held
        _same(entry, hasher.hexdigest(), paths)
        for piece in left:
            yield piece, data or os.pread(file.fileno(), piece.size, piece.start)


def _same(entry: Entry, found: str, paths: RunPaths) -> None:
    if entry.digest != f"blake3:{found}":
        raise WfError(
            STORAGE,
            f"`{entry.path}` of {paths.root.name} is not what was kept: nothing of it was sent",
            hint=f"see what else is damaged: wf artifacts verify {paths.root.name}",
        )


def _describe(artifacts: Sequence[Artifact], names: layout.Names, remote: Remote) -> None:
    """The lists of what is in the artifacts."""
    for listed in {artifact.listed for artifact in artifacts if artifact.listed is not None}:
        pieces = layout.pieces(listed.name, listed.stat().st_size)
        with listed.open("rb", buffering=0) as file:
            for piece in pieces:
                data = os.pread(file.fileno(), piece.size, piece.start)
                remote.write(f"{names.lists}/{piece.name}", data)


def _read(path: os.PathLike[str]) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _unreadable(entry: Entry, error: OSError, paths: RunPaths) -> WfError:
    what = f"`{entry.path}` of {paths.root.name} could not be read"
    hint = f"see what else is damaged: wf artifacts verify {paths.root.name}"
    return unwritable(what, named(error), paths.artifacts, hint)
