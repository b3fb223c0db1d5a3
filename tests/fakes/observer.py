"""An observer that remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.events import Event

E = TypeVar("E")


class RecordingObserver:
    """Keeps every event in the order told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._then: dict[type[Event], Callable[[], None]] = {}

    def on(self, kind: type[Event], then: Callable[[], None]) -> None:
        """Do something when an event of that kind is told."""
        self._then[kind] = then

    def notify(self, event: Event, /) -> None:
        self.events.append(event)
        self._then.get(type(event), lambda: None)()

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
