"""Every row of ``tables/``, found by what a script uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from runner.plan.ageing.rules import PYTHON
from runner.plan.ageing.tables import lightning, numerics, python, vision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.plan.ageing.rules import Removal

# where the same thing is imported from as well, longest first
_SAME = (
    ("pytorch_lightning.core.lightning.LightningModule", "pytorch_lightning.LightningModule"),
    (
        "pytorch_lightning.core.datamodule.LightningDataModule",
        "pytorch_lightning.LightningDataModule",
    ),
    ("pytorch_lightning.core.module.LightningModule", "pytorch_lightning.LightningModule"),
    ("pytorch_lightning.core.LightningDataModule", "pytorch_lightning.LightningDataModule"),
    ("pytorch_lightning.core.LightningModule", "pytorch_lightning.LightningModule"),
    ("pytorch_lightning.trainer.trainer.Trainer", "pytorch_lightning.Trainer"),
    ("pytorch_lightning.trainer.Trainer", "pytorch_lightning.Trainer"),
    ("pytorch_lightning.callbacks.callback.Callback", "pytorch_lightning.Callback"),
    ("pytorch_lightning.callbacks.base.Callback", "pytorch_lightning.Callback"),
    ("pytorch_lightning.callbacks.Callback", "pytorch_lightning.Callback"),
    (
        "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
        "pytorch_lightning.callbacks.ModelCheckpoint",
    ),
    ("torchmetrics.classification.", "torchmetrics."),
    ("torchmetrics.functional.classification.", "torchmetrics.functional."),
)
_UNIFIED = "lightning."
_UNIFIED_PL = "lightning.pytorch."
_PL = "pytorch_lightning."


class Catalogue:
    """Rows by the names they are about."""

    def __init__(self, rows: Iterable[Removal]) -> None:
        self.rows = tuple(rows)
        self._names: dict[str, Removal] = {}
        self._calls: dict[str, list[Removal]] = {}
        self._classes: dict[str, list[Removal]] = {}
        self._members: dict[str, list[Removal]] = {}
        self._member_keywords: dict[str, list[Removal]] = {}
        for row in self.rows:
            match row.kind:
                case "name":
                    self._names[row.name] = row
                case "keyword" | "missing":
                    self._calls.setdefault(row.name, []).append(row)
                case "method" | "argument":
                    self._classes.setdefault(row.name, []).append(row)
                case "member":
                    self._members.setdefault(row.part, []).append(row)
                case "member-keyword":
                    self._member_keywords.setdefault(row.part, []).append(row)
        all_names = (*self._names, *self._calls, *self._classes, *_makers(self._members))
        self.roots = frozenset(name.partition(".")[0] for name in all_names) | {"lightning"}
        self.member_names = frozenset(self._members)

    def name(self, name: str) -> Removal | None:
        """The row for a full name."""
        return self._names.get(name) or self._names.get(canonical(name))

    def call(self, name: str) -> list[Removal]:
        """The rows for the arguments of a call."""
        return self._calls.get(canonical(name), [])

    def of_class(self, base: str) -> list[Removal]:
        """The rows for the methods of classes that derive from ``base``."""
        return self._classes.get(canonical(base), [])

    def members(self, name: str) -> list[Removal]:
        """The rows for a method or attribute of that name, of whatever."""
        return self._members.get(name, [])

    def member_keywords(self, name: str) -> list[Removal]:
        """The rows for an argument of a method of that name, of whatever."""
        return self._member_keywords.get(name, [])

    @staticmethod
    def same(name: str, other: str) -> bool:
        """Whether two full names are of one thing."""
        return canonical(name) == other


def canonical(name: str) -> str:
    """The name by which the tables know it."""
    if name.startswith(_UNIFIED):
        name = _PL + name.removeprefix(_UNIFIED_PL).removeprefix(_UNIFIED)
    for written, known in _SAME:
        if name == written or (written.endswith(".") and name.startswith(written)):
            return known + name.removeprefix(written)
        if name.startswith(f"{written}."):
            return known + name.removeprefix(written)
    return name


def _makers(rows: dict[str, list[Removal]]) -> list[str]:
    return [row.name for found in rows.values() for row in found]


@cache
def catalogue() -> Catalogue:
    """All that is known."""
    return Catalogue((*lightning.ROWS, *numerics.ROWS, *vision.ROWS, *python.ROWS))


@cache
def packages() -> frozenset[str]:
    """The packages that rows are about, apart from Python."""
    tables = (lightning.ROWS, numerics.ROWS, vision.ROWS)
    return frozenset(row.release.package for rows in tables for row in rows) - {PYTHON}
