"""Fetching a run from a remote: its lists first, then what is asked for of its contents.

It comes into a folder of wf's own that is laid out as a run's is, and from there is given out as a
run's artifacts are. Contents are kept there by digest, each under its name only when it has been
compared with it: what was interrupted goes on where it was, and nothing that a remote says becomes
a path on the way.
"""

from __future__ import annotations

import errno
import os
import shlex
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts import manifest
from runner.artifacts.entries import stored
from runner.artifacts.form import Odd
from runner.artifacts.manifest import Listing
from runner.artifacts.remote import checking, layout
from runner.artifacts.remote.ahead import ahead
from runner.artifacts.remote.interface import Absent
from runner.disks import named, unwritable
from runner.errors import STORAGE, USAGE, WfError
from runner.units import amount
from runner.units import listed as in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.manifest import Artifact
    from runner.artifacts.remote.interface import Progress, Remote
    from runner.artifacts.remote.layout import Piece
    from runner.artifacts.remote.stage import Stage

_LARGEST_MANIFEST = 64 << 20
# a million and a half of files
_LARGEST_LISTS = 256 << 20
# what a link leads to (limits.h, PATH_MAX)
_LONGEST_LINK = 4095
_NAMED = 3


class _Wanted:
    """A content to be fetched, and the entry it is shown by.

    ``here`` are the bytes of it that are here. It is ``spoiled`` once something that came was not
    what it should be; nothing more of it is asked for then.
    """

    __slots__ = ("entry", "here", "spoiled")

    def __init__(self, entry: Entry, here: int) -> None:
        self.entry = entry
        self.here = here
        self.spoiled = False


class _Part(NamedTuple):
    """One piece of it; ``last`` completes it."""

    wanted: _Wanted
    name: str
    piece: Piece
    last: bool


def describe(remote: Remote, run: str, stage: Stage) -> list[Artifact]:
    """What a run on the remote has left behind; its lists are in the stage afterwards.

    Raises:
        WfError: kind ``USAGE`` when it has no such run, ``UNSATISFIABLE`` when it cannot be
            reached, ``STORAGE`` when what it says of the run cannot be, or cannot be written.
    """
    names = layout.Names(run)
    try:
        content = remote.read(names.manifest, _LARGEST_MANIFEST) if layout.is_run(run) else None
    except Absent:
        content = None
    if content is None:
        raise _unknown(remote, run)
    try:
        for folder in (stage.contents, stage.run.lists):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _described(remote, names, content, stage)
    except Odd as odd:
        raise WfError(
            STORAGE,
            f"what {remote.shown} says of {run} cannot be: it {odd}",
            hint=_mend(remote, run),
        ) from None
    except OSError as error:
        raise unwritable(
            "the run's lists could not be written", named(error), stage.root
        ) from error


def _unknown(remote: Remote, run: str) -> WfError:
    from runner.spec.mistakes import nearest

    known = sorted(name for name in remote.look(layout.RUNS).folders if layout.is_run(name))
    close = nearest(run, known)
    some = known[:_NAMED]
    if len(known) > _NAMED:
        some.append(f"{len(known) - _NAMED:,} more")
    hint = f"did you mean `{close}`?" if close else f"it has {in_words(some)}"
    if not known:
        hint = "it has none at all: is the address right, and has somebody pushed to it?"
    return WfError(USAGE, f"{remote.shown} has no run `{run}`", hint=hint)


def _described(remote: Remote, names: layout.Names, content: bytes, stage: Stage) -> list[Artifact]:
    document = checking.manifest(content)
    files = remote.look(names.lists).files
    there = checking.Tree()
    room = _LARGEST_LISTS
    told = manifest.read(document, stage.run.lists)
    for artifact in told:
        found = iter(artifact.inline)
        if artifact.listed is not None:
            name = artifact.listed.name
            size = layout.size_of(name, files)
            if size is None:
                raise Odd(f"has not all of the list {name}")
            room -= size
            if room < 0:
                raise Odd("has longer lists than can be")
            found = checking.entries(_whole(remote, f"{names.lists}/{name}", size))
        _list(artifact, found, stage, there)
    # no older list is left among them, and none that was cut off is taken for one
    return told


def _whole(remote: Remote, name: str, size: int) -> Iterator[bytes]:
    """What is kept under a name, in one piece or in several."""
    folder = name.rpartition("/")[0]
    pieces = layout.pieces(name.rpartition("/")[2], size)

    def read(piece: Piece) -> bytes:
        return remote.read(f"{folder}/{piece.name}", piece.size)

    try:
        for _, content in ahead(read, pieces, lambda piece: piece.size):
            yield content
    except Absent:
        raise Odd(f"has not all of the list {name}") from None


def _list(artifact: Artifact, found: Iterable[Entry], stage: Stage, there: checking.Tree) -> None:
    """Write the list anew, and see whether it is the one that the manifest was made with."""
    file = artifact.listed or stage.root / "inline.jsonl"
    with Listing(file, artifact.path) as listing:
        for entry in found:
            there.add(entry)
            listing.add(entry)
    made = listing.artifact()
    # what an older version has pushed has the first of these only
    whole = artifact.list_digest in {None, made.list_digest}
    sums = made.digest, made.files, made.bytes
    if sums != (artifact.digest, artifact.files, artifact.bytes) or not whole:
        raise Odd(f"has a list that `{artifact.path[:100]}` was not kept with")


def fetch(
    remote: Remote, run: str, entries: Iterable[Entry], stage: Stage, progress: Progress
) -> None:
    """Bring the contents of a run's ``entries`` to the stage, laid out as a run's artifacts.

    Raises:
        WfError: kind ``STORAGE`` when something on the remote is damaged or missing (all that is
            not has come by then), or the disk is full; ``UNSATISFIABLE`` as for every remote.
    """
    asked = list(entries)
    contents: dict[str, Entry] = {}
    for entry in asked:
        if entry.kind != "directory":
            contents.setdefault(entry.digest, entry)
    try:
        wanted = [
            _Wanted(entry, here)
            for entry in contents.values()
            if (here := stage.here(entry)) is not None
        ]
        size = sum(found.entry.bytes - found.here for found in wanted)
        _refuse_too_much(remote, size, stage)
        progress.expect(len(wanted), sum(found.entry.bytes for found in wanted))
        bad = _receive(remote, wanted, stage, progress)
        if bad:
            raise _damaged(remote, run, bad)
        _lay_out(asked, stage)
    except OSError as error:
        what = f"what {remote.shown} has could not be written"
        raise unwritable(what, named(error), stage.root) from error


def _refuse_too_much(remote: Remote, size: int, stage: Stage) -> None:
    """Rather than to fill the disk and fail then."""
    disk = os.statvfs(stage.root)
    free = disk.f_bavail * disk.f_frsize
    if size > free:
        raise WfError(
            STORAGE,
            f"{amount(size)} are to come from {remote.shown}, and the disk of {stage.root} has "
            f"{amount(free)} left",
            hint="make room, pull less (name the paths), or set WF_CACHE to a larger disk",
        )


def _parts(wanted: Iterable[_Wanted]) -> Iterator[_Part]:
    for found in wanted:
        entry = found.entry
        folder, name = layout.content(entry.digest)
        # how long what a link leads to is stands nowhere
        size = _LONGEST_LINK if entry.kind == "link" else entry.bytes
        for piece in layout.pieces(name, size, found.here):
            if found.spoiled:
                break
            last = piece.start + piece.size == size
            yield _Part(found, f"{folder}/{piece.name}", piece, last)


def _receive(
    remote: Remote, wanted: Iterable[_Wanted], stage: Stage, progress: Progress
) -> list[Entry]:
    """Fetch them; those that are damaged or missing there are what it comes to."""

    def read(part: _Part) -> bytes | None:
        if not part.piece.size:
            return b""  # nothing is kept of what is empty
        try:
            # a byte more than there should be tells that there are too many
            return remote.read(part.name, part.piece.size + 1)
        except Absent:
            return None

    bad: list[Entry] = []
    files = size = 0
    taking: _Taking | None = None
    for part, content in ahead(read, _parts(wanted), lambda part: part.piece.size):
        if part.wanted.spoiled:
            continue
        if taking is None or taking.wanted is not part.wanted:
            taking = _Taking(part.wanted, stage)
            size += part.wanted.here
        sound = taking.add(part.piece, content, last=part.last)
        if not sound:
            part.wanted.spoiled = True
            bad.append(part.wanted.entry)
        files += part.last or not sound
        size += len(content or b"") if part.wanted.entry.bytes else 0
        progress(files, size)
    return bad


class _Taking:
    """Takes in one content, piece by piece, in order."""

    def __init__(self, wanted: _Wanted, stage: Stage) -> None:
        from blake3 import blake3

        self.wanted = wanted
        self._hasher = blake3()
        self._whole = stage.whole(wanted.entry)
        self._file = stage.partial(wanted.entry)
        if wanted.here:
            with self._file.open("r+b", buffering=0) as file:
                file.truncate(wanted.here)
                while chunk := file.read(layout.PIECE):
                    self._hasher.update(chunk)
        else:
            self._file.unlink(missing_ok=True)

    def add(self, piece: Piece, content: bytes | None, *, last: bool) -> bool:
        """What came of a piece (``None``: it is not there); whether it is what it should be.

        With the last one the whole gets its name. Nothing is left of what is not sound.
        """
        is_link = self.wanted.entry.kind == "link"
        fits = content is not None and (is_link or len(content) == piece.size)
        if content is not None and fits:
            self._write(content)
        if not fits or (last and not self._is_sound()):
            self._file.unlink(missing_ok=True)
            return False
        if last:
            os.replace(self._file, self._whole)
        return True

    def _is_sound(self) -> bool:
        return f"blake3:{self._hasher.hexdigest()}" == self.wanted.entry.digest

    def _write(self, content: bytes) -> None:
        with self._file.open("ab", buffering=0) as file:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
        self._hasher.update(content)


def _damaged(remote: Remote, run: str, bad: list[Entry]) -> WfError:
    paths = [f"`{entry.path}`" for entry in bad[:_NAMED]]
    if len(bad) > _NAMED:
        paths.append(f"{len(bad) - _NAMED:,} more")
    return WfError(
        STORAGE,
        f"{in_words(paths)} on {remote.shown} {'is' if len(bad) == 1 else 'are'} damaged or "
        "missing: nothing was pulled",
        hint=f"{_mend(remote, run)} (what has come is kept)",
    )


def _mend(remote: Remote, run: str) -> str:
    """What makes good again what is damaged there."""
    send = f"wf artifacts push {run} --to {shlex.quote(remote.shown)} --force"
    return f"where the run was made: {send}; then repeat this"


def _lay_out(entries: Iterable[Entry], stage: Stage) -> None:
    """Give contents the paths that they have in a run's folder; they are not copied for it."""
    root = stage.run.artifacts
    if root.exists():
        tree.remove(root)
    root.mkdir()
    for entry in entries:
        place = root / stored(entry.path)
        if entry.kind == "directory":
            place.mkdir(parents=True, exist_ok=True)
            place.chmod((place.stat().st_mode if entry.mode is None else entry.mode) | 0o700)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "link":
            if not place.is_symlink():
                os.symlink(stage.whole(entry).read_bytes(), os.fsencode(place))
        else:
            _name(stage.whole(entry), place)


def _name(content: Path, place: Path) -> None:
    try:
        os.link(content, place)
    except FileExistsError:
        return  # artifacts that lie within one another have files in common
    except OSError as error:
        if error.errno not in {errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP}:
            raise
        import shutil

        shutil.copyfile(content, place)
