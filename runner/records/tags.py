"""Tags: names that people give to runs. Each is one small file; who carries it can change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import STORAGE, USAGE, WfError
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.paths import Home, RunPaths


class Tag(NamedTuple):
    """A tag and the run that carries it, since when (UTC in ISO 8601)."""

    tag: str
    run: str
    created_at: str


class Tags:
    """All tags below one state folder."""

    def __init__(self, home: Home, stamp: Callable[[], str]) -> None:
        self._home = home
        self._stamp = stamp

    def give(self, tag: str, run: str) -> str | None:
        """Give a tag to a run; who carried it until now.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be written.
        """
        before = self.read(tag)
        try:
            self._home.tags.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise WfError(STORAGE, f"{self._home.tags} cannot be made: {error.strerror}") from error
        given = Tag(tag, run, self._stamp())
        folder.write(self._home.tag(tag), {"run": given.run, "created_at": given.created_at})
        return before.run if before is not None and before.run != run else None

    def read(self, tag: str) -> Tag | None:
        """A tag, or ``None`` if nobody carries it."""
        found = folder.read(self._home.tag(tag))
        try:
            return None if found is None else Tag(tag, found["run"], found["created_at"])
        except KeyError:
            return None

    def all(self) -> list[Tag]:
        """Every tag, by name."""
        try:
            names = sorted(os.listdir(self._home.tags))
        except OSError:
            return []
        found = (self.read(name.removesuffix(".json")) for name in names if name.endswith(".json"))
        return [tag for tag in found if tag is not None]

    def of(self, run: str) -> list[str]:
        """The tags that a run carries."""
        return [tag.tag for tag in self.all() if tag.run == run]

    def delete(self, tag: str) -> None:
        """Take a tag away.

        Raises:
            WfError: kind ``USAGE`` when there is none.
        """
        try:
            self._home.tag(tag).unlink()
        except FileNotFoundError:
            raise self._unknown(tag) from None

    def find(self, tag: str) -> RunPaths:
        """The run that carries a tag.

        Raises:
            WfError: kind ``USAGE`` when there is none.
        """
        found = self.read(tag) if tag and "/" not in tag else None
        if found is None:
            raise self._unknown(tag)
        paths = self._home.run(found.run)
        if not paths.state.is_file():
            raise WfError(
                USAGE,
                f"{found.run}, which carries the tag `{tag}`, is gone",
                hint=f"wf tags delete {tag}",
            )
        return paths

    def _unknown(self, tag: str) -> WfError:
        return WfError(
            USAGE,
            f"there is no tag `{tag}`",
            hint=did_you_mean(tag, [known.tag for known in self.all()]),
        )


def did_you_mean(tag: str, known: list[str]) -> str:
    """A hint for an unknown tag."""
    from runner.spec.mistakes import did_you_mean as guess

    return (
        guess(tag, known, "the tags are") if known else f"`wf tags add {tag} RUN` gives it to a run"
    )
