"""A daemon with one container at most, which stands for one that was found again."""

from __future__ import annotations

from runner.containers.faults import Gone
from runner.containers.values import State

IDENTITY = "c0ffee"
ENDED = State("exited", 0, 7, out_of_memory=False, error="")
RUNS = State("running", 0, 0, out_of_memory=False, error="")


class FoundContainer:
    """It is what its ``state`` says, and gone where that is ``None``."""

    id = IDENTITY

    def __init__(self, state: State | None) -> None:
        self.found = state
        self.sent: list[int] = []

    def state(self) -> State:
        if self.found is None:
            raise Gone("no such container")
        return self.found

    def send(self, number: int) -> None:
        self.sent.append(number)
        self.found = self.state()._replace(status="exited", code=128 + number)

    def remove(self) -> None:
        self.found = None


class FoundDaemon:
    """One that listens as ``listens`` says, which is ``""`` where that cannot be told."""

    address = "tcp://127.0.0.1:2375"

    def __init__(self, state: State | None, *, listens: str = "", kept: bool = False) -> None:
        self.made = FoundContainer(state)
        self._listens, self._kept = listens, kept

    def container(self, identity: str) -> FoundContainer:
        assert identity == IDENTITY
        return self.made

    def labelled(self, _: object) -> list[FoundContainer]:
        return [] if self.made.found is None else [self.made]

    def listener(self) -> str:
        return self._listens

    def keeps_containers(self) -> bool:
        return self._kept

    def caller(self) -> str:
        return "0:0"
