"""Who waits for devices does not wait for a run that lost its wf: that is brought to its end."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.errors import WfError
from runner.events import Waiting

if TYPE_CHECKING:
    from typing_extensions import Self

    from runner.allocation.interface import Leases
    from runner.events import Event, Observer
    from runner.records.store import Records

_LOOK_SECONDS = 1.0


class Standby:
    """An observer between a run that waits and those who watch it.

    ``with Standby(records, leases, observer) as standby:`` looks once a second after the runs that
    have what is waited for, as long as the own one is the first in the queue: the others behind it
    need not look as well.
    """

    def __init__(self, records: Records, leases: Leases, observer: Observer) -> None:
        self._records = records
        self._leases = leases
        self._observer = observer
        self._holding: tuple[str, ...] = ()
        self._over = threading.Event()
        self._looking: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._looking is not None:
            self._looking.join()

    def notify(self, event: Event, /) -> None:
        """Pass it on, and remember for whom it waits."""
        if isinstance(event, Waiting):
            self._holding = event.runs if event.place == 1 else ()
            if self._looking is None:
                self._looking = threading.Thread(target=self._look, name="standby", daemon=True)
                self._looking.start()
        self._observer.notify(event)

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            runs = (self._records.home.run(name) for name in self._holding)
            dead = [paths for paths in runs if self._records.abandoned(paths)]
            if dead:
                from runner.engine.ending.reconcile import reconcile

                # what cannot be done now is tried again
                with suppress(WfError, OSError):
                    reconcile(self._records.again(), dead, self._leases)
