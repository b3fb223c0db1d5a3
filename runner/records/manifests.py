"""The manifest in a run's folder: what the run keeps, and whether that is still there."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from runner.artifacts import manifest
from runner.artifacts.entries import stored
from runner.artifacts.form import Odd
from runner.errors import STORAGE, WfError
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.artifacts.manifest import Artifact
    from runner.paths import RunPaths


def read(paths: RunPaths) -> list[Artifact]:
    """Every artifact that was declared, in that order; what came to nothing included.

    Raises:
        WfError: kind ``STORAGE`` when the manifest is damaged.
    """
    try:
        return manifest.read(json.loads(folder.content(paths.manifest)), paths.lists)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        why = f"it {error}" if isinstance(error, Odd) else "it cannot be read"
        raise WfError(
            STORAGE,
            f"the manifest of {paths.root.name} is damaged: {why}",
            hint=f"the files may be whole: look into {paths.artifacts}",
        ) from error


def known(paths: RunPaths) -> list[Artifact]:
    """The same for who can do without: none where the manifest is damaged."""
    try:
        return read(paths)
    except WfError:
        return []


def write(
    paths: RunPaths,
    artifacts: Sequence[Artifact],
    error: WfError | None = None,
    *,
    durable: bool = True,
) -> None:
    """Write the manifest of what has been listed: from here on that is what the run keeps.

    The lists of an earlier manifest go afterwards, as that one needs them until then.

    Raises:
        WfError: kind ``STORAGE``, naming the file.
    """
    folder.write(paths.manifest, manifest.document(artifacts, error), durable=durable)
    manifest.clear(paths.lists, artifacts)


def intact(paths: RunPaths) -> bool:
    """Whether everything that was kept is still there, with the size it had."""
    try:
        for artifact in read(paths):
            for entry in artifact.entries():
                found = os.lstat(paths.artifacts / stored(entry.path))
                if entry.kind == "file" and found.st_size != entry.bytes:
                    return False
    except (WfError, OSError, ValueError):
        return False
    return paths.manifest.exists()
