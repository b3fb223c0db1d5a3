"""A finisher that only remembers what it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.plan.environment import EnvironmentSpec


class FakeFinisher:
    """``begun`` are the fingerprints of the environments to be finished, in their order."""

    def __init__(self, *, broken: bool = False) -> None:
        """``broken``: it cannot be started."""
        self._broken = broken
        self.begun: list[str] = []

    def begin(self, spec: EnvironmentSpec, fingerprint: str) -> None:
        """Take note."""
        del spec
        self.begun.append(fingerprint)
        if self._broken:
            raise OSError("no process can be started")
