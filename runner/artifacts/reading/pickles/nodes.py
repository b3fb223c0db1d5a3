"""What a pickle says, as plain data: names stand for classes, and calls are noted, never made."""

from __future__ import annotations

from typing import Any, NamedTuple


class Global(NamedTuple):
    """A class or function, by name."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """With the module."""
        return f"{self.module}.{self.name}"


class Blob(NamedTuple):
    """Bytes or a text too long to be kept."""

    length: int


class Outside(NamedTuple):
    """Something kept outside the pickle (a persistent id), as the numbers of tensors are."""

    id: Any


class Pairs:
    """A mapping, as its pairs in the order set; a later pair counts more than an earlier one.

    No dict: a hostile pickle could choose keys that all have the same hash.
    """

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []

    def get(self, key: str) -> Any:  # noqa: ANN401 - whatever the pickle says
        """The value of a key that is a text, else ``None``."""
        for known, value in reversed(self.pairs):
            if type(known) is str and known == key:
                return value
        return None


class Made:
    """An object: what would be called, with what, and what it would be filled with.

    ``pairs`` and ``elements`` are ``None`` as long as it is filled with none.
    """

    __slots__ = ("arguments", "callee", "elements", "pairs", "state")

    def __init__(self, callee: Any, arguments: Any) -> None:  # noqa: ANN401
        self.callee = callee
        self.arguments: tuple[Any, ...] = arguments if isinstance(arguments, tuple) else ()
        self.state: Any = None
        self.pairs: list[tuple[Any, Any]] | None = None
        self.elements: list[Any] | None = None

    @property
    def path(self) -> str:
        """The name of what would be called; empty where it has none."""
        return self.callee.path if isinstance(self.callee, Global) else ""
