"""Runs that have left something behind, as far as their folders of artifacts go."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blake3 import blake3

from runner.artifacts.entries import Entry, stored
from runner.artifacts.manifest import Listing, document
from runner.paths import RunPaths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.artifacts.entries import Kind
    from runner.artifacts.manifest import Artifact


class Link(str):
    """What a link leads to."""

    __slots__ = ()


@dataclass
class Kept:
    """The folder of a run, and what it keeps."""

    paths: RunPaths
    artifacts: list[Artifact]

    def file(self, path: str) -> Path:
        """Where a kept file lies."""
        return self.paths.artifacts / stored(path)


def keep(home: Path, name: str, **artifacts: Mapping[str, bytes | Link | None]) -> Kept:
    """A run with these artifacts: path -> bytes, a link, or an empty folder (``None``)."""
    paths = RunPaths(home / name)
    paths.lists.mkdir(parents=True)
    made = []
    for at, (artifact, contents) in enumerate(artifacts.items()):
        with Listing(paths.lists / f"{at}.jsonl", artifact) as listing:
            for path, content in sorted(contents.items()):
                listing.add(_put(paths, path, content))
        made.append(listing.artifact())
    paths.manifest.write_text(json.dumps(document(made)))
    return Kept(paths, made)


def digest_of(content: bytes) -> str:
    """As entries have it."""
    return f"blake3:{blake3(content).hexdigest()}"


def _put(paths: RunPaths, path: str, content: bytes | Link | None) -> Entry:
    place = paths.artifacts / stored(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    kind: Kind = "file"
    size = 0
    if content is None:
        place.mkdir()
        kind, said = "directory", b""
    elif isinstance(content, Link):
        place.symlink_to(content)
        kind, said = "link", os.fsencode(content)
    else:
        place.write_bytes(content)
        place.chmod(0o444)
        said, size = content, len(content)
    return Entry(path, kind, size, digest_of(said), 0o640, 1_600_000_000_000_000_001)
