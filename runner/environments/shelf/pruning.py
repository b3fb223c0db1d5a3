"""Which environments to remove: a decision about values, and carrying it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.environments.shelf.room import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.environments.shelf.shelf import Kept, Shelf


@dataclass(frozen=True, slots=True)
class Rules:
    """What is not worth keeping.

    ``unused_for``: not used for so many seconds. ``size``: whatever was not used for longest, until
    all together take no more bytes than that. ``everything``: all that nobody uses. Half-built ones
    always go.
    """

    unused_for: float | None = None
    size: int | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, and what should have been but is in use.

    ``freed`` is the room that is free now; ``linked`` what uv's cache still holds of what was
    removed. ``left`` is what the others take. All in bytes.
    """

    removed: tuple[Kept, ...]
    in_use: tuple[Kept, ...]
    freed: int
    linked: int
    left: int


def unwanted(kept: Sequence[Kept], rules: Rules, now: float) -> list[Kept]:
    """What the rules say should go, the one unused for longest first; also what is in use."""
    oldest_first = sorted(kept, key=lambda one: one.used_at)
    gone = [one for one in oldest_first if _outlived(one, rules, now)]
    if rules.size is None:
        return gone
    stays = [one for one in oldest_first if not _outlived(one, rules, now)]
    left = together(one.room for one in stays)
    for one in stays:
        if left.total() <= rules.size:
            break
        if not one.in_use:
            gone.append(one)
            left.take_away(one.room)
    return gone


def _outlived(one: Kept, rules: Rules, now: float) -> bool:
    old = rules.unused_for is not None and now - one.used_at >= rules.unused_for
    return rules.everything or old or not one.ready


def prune(shelf: Shelf, rules: Rules, now: float, *, dry_run: bool) -> Pruned:
    """Remove what the rules say should go and nobody uses.

    Raises:
        WfError: kind ``ENVIRONMENT`` when something cannot be removed.
    """
    kept = shelf.all()
    removed: list[Kept] = []
    in_use: list[Kept] = []
    for one in unwanted(kept, rules, now):
        gone = not one.in_use if dry_run else shelf.remove(one.fingerprint)
        (removed if gone else in_use).append(one)
    if not dry_run:
        for fingerprint in shelf.orphans():
            shelf.remove(fingerprint)
    left = together(one.room for one in kept if one not in removed)
    room = together(one.room for one in removed)
    return Pruned(tuple(removed), tuple(in_use), room.own(), room.elsewhere(left), left.total())
