"""The environment of a former run, as a plan takes it up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.environments.interface import IMAGE
from runner.environments.packages.lists import outside
from runner.errors import STORAGE, USAGE, WfError
from runner.plan.environment import LockedImage, LockedRun
from runner.records import documents

if TYPE_CHECKING:
    from runner.paths import RunPaths
    from runner.records.store import Records

# that of a thousand packages has two megabytes
_MOST_BYTES = 1 << 26


def locked_run(records: Records, word: str) -> LockedRun:
    """The environment of the run that ``word`` names, as :meth:`Records.find` reads it.

    Raises:
        WfError: kind ``USAGE`` when no run or more than one fits, or when the run never had an
            environment; ``STORAGE`` when its record cannot be read.
    """
    return locked_in(records.find(word))


def locked_in(paths: RunPaths, counts_as: str | None = None) -> LockedRun:
    """The environment of the run with these files; ``counts_as`` where runs are compared.

    Raises:
        WfError: as :func:`locked_run`.
    """
    name = paths.root.name
    document = documents.of_run(paths) or {}
    environment = document.get("environment")
    if environment is None:
        why = "it is files that were added by hand"
        if not document.get("added"):
            why = f"it ended before it had one (`wf show {name}`)"
        message = f"{name} has no environment on its record"
        raise WfError(USAGE, message, hint=f"{why}; name another run")
    try:
        return _read(paths, environment, counts_as, _image(document, environment))
    except (KeyError, TypeError, ValueError):
        raise WfError(
            STORAGE,
            f"the environment of {name} cannot be read",
            hint=f"look into {paths.environment} and {paths.pylock}",
        ) from None


def _image(document: dict[str, Any], environment: dict[str, Any]) -> LockedImage | None:
    """What it was in; an environment is on the record of a run in a container after its image.

    Raises:
        KeyError, TypeError: that is no such record.
    """
    container = document.get("container")
    if container is None:
        return None
    alone = environment["kind"] == IMAGE
    return LockedImage(str(container["image"]), str(container["image_id"]), alone)


def _read(
    paths: RunPaths,
    environment: dict[str, Any],
    counts_as: str | None,
    image: LockedImage | None,
) -> LockedRun:
    fingerprint = str(environment["fingerprint"])
    return LockedRun(
        run=paths.root.name,
        python=str(environment["python"]),
        lock=outside([str(line) for line in environment["lock"]], paths.root),
        pylock=_pylock(paths),
        # the name of a folder, and from a file
        fingerprint=fingerprint if fingerprint.isalnum() else None,
        as_of=environment.get("as_of"),
        counts_as=counts_as,
        image=image,
    )


def _pylock(paths: RunPaths) -> str | None:
    """The text of the run's lock; runs of older versions have none.

    Raises:
        ValueError: it is too large, or is no text.
    """
    try:
        with paths.pylock.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    if len(content) > _MOST_BYTES:
        raise ValueError
    return content.decode()
