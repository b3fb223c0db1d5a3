"""How what one run keeps differs from what another one does. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.artifacts.entries import Entry

    Digest = Callable[[Entry], str]


class Change(NamedTuple):
    """Two entries at one path, or of one content (then it was ``moved``)."""

    before: Entry
    after: Entry


class Difference(NamedTuple):
    """What is in one and not in the other, in the order of their paths.

    ``same`` is how many entries are in both, alike in kind, content and permissions.
    """

    added: list[Entry]
    removed: list[Entry]
    changed: list[Change]
    moved: list[Change]
    same: int

    @property
    def any(self) -> bool:
        """Whether there is a difference at all."""
        return bool(self.added or self.removed or self.changed or self.moved)


def difference(
    before: Iterable[Entry], after: Iterable[Entry], digests: tuple[Digest, Digest]
) -> Difference:
    """Compare entries, whose paths must be relative to the same thing.

    ``digests`` are asked for the digest of an entry of one and of the other.
    """
    old = {entry.path: entry for entry in before}
    new = {entry.path: entry for entry in after}
    was, is_ = _unlisted(new, old), _unlisted(old, new)
    old = dict(sorted((old | was).items(), key=_by_names)) if was else old
    new |= is_
    both = [Change(entry, new[path]) for path, entry in old.items() if path in new]
    changed = [change for change in both if not _alike(change, digests)]
    removed = [entry for path, entry in old.items() if path not in new]
    added = [entry for path, entry in new.items() if path not in old]
    moved = _moved(removed, added, digests)
    gone = {change.before.path for change in moved}
    come = {change.after.path for change in moved}
    return Difference(
        [entry for entry in added if entry.path not in come],
        [entry for entry in removed if entry.path not in gone],
        changed,
        moved,
        len(both) - len(changed),
    )


def same_content(change: Change, digests: tuple[Digest, Digest]) -> bool:
    """Whether both are of one kind, and the bytes of one are those of the other."""
    before, after = change
    if (before.kind, before.bytes) != (after.kind, after.bytes):
        return False
    return digests[0](before) == digests[1](after)


def _by_names(found: tuple[str, Entry]) -> list[str]:
    return found[0].split("/")


def _unlisted(entries: dict[str, Entry], others: dict[str, Entry]) -> dict[str, Entry]:
    """Folders among ``entries`` that the others have as well, but do not list: they are open."""
    folders = {path for path, one in entries.items() if one.kind == "directory"} - others.keys()
    if not folders:
        return {}
    above = {path[:at] for path in others for at, sign in enumerate(path) if sign == "/"}
    return {path: entries[path]._replace(mode=0o700 | OPEN) for path in folders & above}


def _alike(change: Change, digests: tuple[Digest, Digest]) -> bool:
    before, after = change
    # an older version did not write the permissions down
    known = before.mode is not None and after.mode is not None and before.kind != "link"
    return same_content(change, digests) and not (known and before.mode != after.mode)


def _moved(
    removed: list[Entry], added: list[Entry], digests: tuple[Digest, Digest]
) -> list[Change]:
    """Files that have another path now: no other file is gone or new that has their content."""
    went = Counter(digests[0](entry) for entry in removed if _tellable(entry))
    came = {digests[1](entry): entry for entry in added if _tellable(entry)}
    times = Counter(digests[1](entry) for entry in added if _tellable(entry))
    return [
        Change(entry, came[digest])
        for entry in removed
        if _tellable(entry)
        and (digest := digests[0](entry)) in came
        and went[digest] == times[digest] == 1
    ]


def _tellable(entry: Entry) -> bool:
    """Whether its content tells it from others: all empty files are alike."""
    return entry.kind == "file" and entry.bytes > 0
