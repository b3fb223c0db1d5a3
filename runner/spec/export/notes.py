"""What is said in comments of an exported file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """What is lost, and what is said beside a key."""

    lost: list[str] = field(default_factory=list)
    beside: dict[str, list[str]] = field(default_factory=dict)

    def say(self, key: str, sentence: str) -> None:
        """Say something beside a key."""
        self.beside.setdefault(key, []).append(sentence)
