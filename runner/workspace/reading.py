"""Files that say which packages a workflow needs, read: texts of bounded size, nothing is executed.

What is too large is not read in part: half a file says something else than the whole.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from runner.plan.facts import Apart, Archives, FileFact
from runner.units import amount

if TYPE_CHECKING:
    from pathlib import Path

_MAX_REQUIREMENTS = 1 << 20
_MAX_SCRIPT = 1 << 20
_MAX_LOCK = 1 << 25
_MAX_ARCHIVES = 10_000
_CHUNK = 1 << 20


def requirements_file(path: str, real: Path) -> FileFact:
    """A requirements file, or a lock in its place."""
    from runner.plan.environment import RequirementFile
    from runner.plan.requirements import read
    from runner.plan.requirements.encoding import decode
    from runner.plan.sources.paths import is_pylock

    try:
        content = small_bytes(real, _MAX_LOCK if is_pylock(path) else _MAX_REQUIREMENTS)
        text = decode(content)
    except UnicodeError as error:
        return FileFact("file", fault=f"it is no text in its encoding: {error}")
    except (OSError, ValueError) as error:
        return FileFact("file", fault=_reason(error))
    if is_pylock(path):
        return FileFact("file", text)
    return FileFact("file", text, requirements=read(RequirementFile(path, text)))


def script(path: str, real: Path) -> FileFact:
    """A script, with the metadata that stands in it. One that is no small text is only there."""
    try:
        text = small_text(real, _MAX_SCRIPT)
    except (OSError, ValueError):
        return FileFact("file")
    if "# ///" not in text:
        return FileFact("file", text)
    from runner.plan.metadata.block import block

    return FileFact("file", text, block=block(path, text))


def project(path: str, real: Path) -> FileFact:
    """A ``pyproject.toml``."""
    try:
        text = small_text(real, _MAX_REQUIREMENTS)
    except (OSError, ValueError) as error:
        return FileFact("file", fault=_reason(error))
    from runner.plan.metadata.pyproject import pyproject

    return FileFact("file", text, project=pyproject(path, text))


def lock(_path: str, real: Path) -> FileFact:
    """A ``uv.lock``."""
    try:
        return FileFact("file", small_text(real, _MAX_LOCK))
    except (OSError, ValueError) as error:
        return FileFact("file", fault=_reason(error))


def apart(real: Path) -> Apart | None:
    """A package that lies outside the project, or ``None`` for what is none.

    It may have gigabytes: size and time of change tell another one, as for a build tool.
    """
    from runner.plan.requirements.targets import is_archive

    try:
        told = real.stat()
    except OSError:
        return None
    if not stat.S_ISREG(told.st_mode) or not is_archive(real.name):
        return None
    return Apart(str(real), f"{told.st_size} {told.st_mtime_ns}")


def archives(folder: Path) -> Archives | None:
    """The packages in a folder (or a page that names some), with a digest of their contents."""
    from blake3 import blake3

    from runner.plan.requirements.targets import is_archive

    try:
        if folder.is_file():
            return Archives(_digest(folder), ())
        names = sorted(name for name in os.listdir(folder) if is_archive(name))[:_MAX_ARCHIVES]
        said = "\0".join(f"{name}\0{_digest(folder / name)}" for name in names)
    except OSError:  # it is not there, or it cannot be read
        return None
    return Archives(blake3(os.fsencode(said)).hexdigest()[:20], tuple(names))


def _digest(path: Path) -> str:
    from blake3 import blake3

    hasher = blake3()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()[:32]


def small_text(path: Path, most: int) -> str:
    """The text of a file of at most ``most`` bytes.

    Raises:
        ValueError: it is larger, or no ordinary file.
        OSError: it cannot be read.
    """
    return small_bytes(path, most).decode(errors="replace").removeprefix("\ufeff")


def small_bytes(path: Path, most: int) -> bytes:
    """The contents of a file.

    Raises:
        ValueError: it is larger than ``most``, or no ordinary file.
        OSError: it cannot be read.
    """
    # a pipe would be waited for: O_NONBLOCK
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no ordinary file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it is larger than {amount(most)}")
    return content


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
