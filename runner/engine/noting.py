"""A run that waits says so in its folder, for the lists of its user."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.errors import WfError
from runner.events import Waiting
from runner.records import folder

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from runner.events import Event, Observer


class Noting:
    """An observer between a run that waits and those who watch it.

    ``with Noting(path, observer) as noting:`` notes at ``path`` what is waited for, as long as it
    is; a note that cannot be written is left out.
    """

    def __init__(self, path: Path, observer: Observer) -> None:
        self._path = path
        self._observer = observer
        self._noted: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._noted is not None:
            with suppress(OSError):
                self._path.unlink()

    def notify(self, event: Event, /) -> None:
        """Pass it on, and note it if it tells of another wait than the one before."""
        if isinstance(event, Waiting):
            self._note({"short_of": event.short_of, "place": event.place, "places": event.places})
        self._observer.notify(event)

    def _note(self, waits: dict[str, Any]) -> None:
        if waits != self._noted:
            self._noted = waits
            with suppress(WfError):
                folder.write(self._path, waits, durable=False)
