"""Bytecode for all that is installed in an environment, made on all cores.

An environment that is shared and read-only never gets it from the jobs that import its packages,
and neither does anybody who sets ``PYTHONDONTWRITEBYTECODE``. It is made for files as they are by
time and size, so that one that is changed afterwards counts as changed.
"""

from __future__ import annotations

import errno
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from runner.environments.finishing.order import in_order
from runner.environments.finishing.roots import roots
from runner.environments.interface import Compiled
from runner.process.crew import Hand, share_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Protocol

    from runner.cached import EnvironmentPaths
    from runner.process.helpers import Completed

    class Capture(Protocol):
        """As :func:`runner.process.helpers.capture`."""

        def __call__(
            self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float | None
        ) -> Completed | None:
            """Run it to its end."""
            ...


# started by path, and never imported
_WORKER = str(Path(__file__).with_name("worker.py"))
_SOURCE = ".py"
_CACHE = "__pycache__"
# few, so that all hands are at what is imported first
_FILES_AT_ONCE = 4
# nobody imports more at once; a longer text is read up to here for its imports
_BYTES = 1 << 20


def compile_all(
    paths: EnvironmentPaths, hands: int, variables: Mapping[str, str], held: tuple[int, ...]
) -> Compiled:
    """Compile what is not compiled, with the environment's own interpreter in ``hands`` processes.

    ``held`` are descriptors that they keep open.

    Raises:
        OSError: the disk is full, or the environment cannot be read.
    """
    folders = {folder: _sources(folder) for folder in _site_packages(paths)}
    total = sum(len(names) for names in folders.values())
    files = (f"{at}/{name}" for at, names in folders.items() for name in _ordered(at, names))
    lines = (b"\0".join(os.fsencode(file) for file in group) for group in _groups(files))
    # neither the caller's variables nor what is installed has a say in how it is compiled
    argv = [str(paths.python), "-I", "-S", "-W", "ignore", _WORKER]
    hand = Hand(argv, variables, paths.root, held)
    compiled = 0
    for said in share_out(lines, hand, min(hands, total)):
        if said.startswith(b"!"):
            raise OSError(os.fsdecode(said[1:]))
        compiled += int(said)
    return Compiled(total, total - compiled)


def compile_by(
    capture: Capture, paths: EnvironmentPaths, hands: int, variables: Mapping[str, str]
) -> Compiled:
    """The same by one helper, for an interpreter that only ``capture`` can start.

    Raises:
        OSError: it did not start, or the environment cannot be read.
    """
    folders = _site_packages(paths)
    words = ["-I", "-m", "compileall", "-q", "-j", str(hands), *folders]
    # its code tells of one file that cannot be compiled, which is no failure
    if capture([str(paths.python), *words], env=variables, cwd=paths.root, timeout=None) is None:
        raise OSError(errno.EIO, "its interpreter does not start", str(paths.python))
    sources = [f"{folder}/{name}" for folder in folders for name in _sources(folder)]
    return Compiled(len(sources), sum(not _is_compiled(source) for source in sources))


def _is_compiled(source: str) -> bool:
    """Whether there is bytecode of any version beside it (PEP 3147)."""
    folder, name = os.path.split(source)
    stem = f"{name.removesuffix(_SOURCE)}."
    try:
        return any(one.startswith(stem) for one in os.listdir(f"{folder}/{_CACHE}"))
    except OSError:
        return False


def _site_packages(paths: EnvironmentPaths) -> list[str]:
    return [str(folder) for folder in paths.venv.glob("lib/python*/site-packages")]


def _sources(folder: str) -> list[str]:
    """Every file that can be compiled, as a path below ``folder`` with ``/``."""
    found = []
    for parent, folders, names in os.walk(folder):
        if _CACHE in folders:
            folders.remove(_CACHE)
        below = parent[len(folder) + 1 :]
        prefix = f"{below}/" if below else ""
        found += [prefix + name for name in names if name.endswith(_SOURCE)]
    # a path with the end of a line in it cannot be handed on, and is no module's
    return [name for name in found if "\n" not in name]


def _ordered(folder: str, names: list[str]) -> Iterator[str]:
    def read(name: str) -> bytes:
        try:
            with open(f"{folder}/{name}", "rb") as file:
                return file.read(_BYTES)
        except OSError:
            return b""

    return in_order(names, roots(Path(folder)), read)


def _groups(files: Iterator[str]) -> Iterator[list[str]]:
    while group := list(islice(files, _FILES_AT_ONCE)):
        yield group
