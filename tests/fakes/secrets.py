"""Secrets that are kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class FakeSecrets:
    """The same ones for every project."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.all = dict(values or {})

    def names(self, project: Path) -> tuple[str, ...]:
        del project
        return tuple(sorted(self.all))

    def values(self, project: Path, names: Sequence[str]) -> dict[str, str]:
        del project
        return {name: self.all[name] for name in names}
