"""The list of what was kept: every file with size and digest.

A digest is ``blake3:`` and the hash of a file's bytes; an artifact's own digest covers the names,
kinds and digests of all its entries, so that two artifacts with one digest are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Kind = Literal["file", "link", "directory"]


class Entry(NamedTuple):
    """A kept file (or link, or empty folder); ``path`` starts with the artifact's own path.

    A tuple, as there may be a hundred thousand of them.
    """

    path: str
    kind: Kind
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """What one declared path came to. No entries: nothing was there."""

    path: str
    entries: tuple[Entry, ...]
    skipped: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """How many files (and links) were kept."""
        return sum(entry.kind != "directory" for entry in self.entries)

    @property
    def bytes(self) -> int:
        """How many bytes they have together."""
        return sum(entry.bytes for entry in self.entries)

    @property
    def digest(self) -> str | None:
        """The digest over all entries, or ``None`` for nothing."""
        if not self.entries:
            return None
        from blake3 import blake3

        said = "".join(f"{kind}\0{digest}\0{path}" for path, kind, _, digest in self.entries)
        return f"blake3:{blake3(said.encode(errors='surrogateescape')).hexdigest()}"

    def summary(self) -> dict[str, Any]:
        """The artifact as it stands in the run's document."""
        return {
            "path": self.path,
            "files": self.files,
            "bytes": self.bytes,
            "digest": self.digest,
        }

    def document(self) -> dict[str, Any]:
        """The artifact with every entry."""
        return {
            **self.summary(),
            "entries": [
                {"path": e.path, "kind": e.kind, "bytes": e.bytes, "digest": e.digest}
                for e in self.entries
            ],
            "skipped": list(self.skipped),
        }


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a run left behind, in the order declared."""

    artifacts: tuple[Artifact, ...]

    def document(self) -> dict[str, Any]:
        """The manifest as JSON."""
        return {"artifacts": [artifact.document() for artifact in self.artifacts]}
