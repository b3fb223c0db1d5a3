"""The layers of a run's own environment: which there are, in which order Python finds them.

The order on Python's path: what was installed straight into the run's own environment, the layers
from the newest to the oldest, the shared environment.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.own import folders
from runner.environments.own.distributions import files, found, inside
from runner.environments.own.on_top import bring_commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from runner.cached import OwnPaths
    from runner.environments.own.distributions import Distribution

# of a virtual environment: what says nothing of packages, and what is linked in other ways
_NOT_DATA = frozenset({"bin", "lib", "lib64", "pyvenv.cfg", ".gitignore", ".lock", "CACHEDIR.TAG"})
_ON_PATH = "_shared.pth"
# commands that every virtual environment has, and the installers, stay the run's own
OWN_COMMAND = re.compile(r"(?:python|pip)[\d.]*|pythonw|pydoc\.bat|(?:de)?activate.*")


class Layer(NamedTuple):
    """Packages in a virtual environment at ``root``, of which ``site`` is on Python's path.

    ``fingerprint`` is its name in the cache; ``None``: it lies in the run's own folder.
    """

    root: Path
    site: Path
    fingerprint: str | None


class Stack(NamedTuple):
    """``layers`` from the newest to the oldest, the shared environment last."""

    layers: tuple[Layer, ...]

    def distributions(self, paths: OwnPaths) -> dict[str, Distribution]:
        """Every package that the job sees, by its name in its normal form."""
        return found([site_packages(paths.environment.venv), *(one.site for one in self.layers)])


def site_packages(venv: Path) -> Path:
    """The folder of a virtual environment that packages are installed into.

    Raises:
        OSError: there is none.
    """
    for folder in sorted((venv / "lib").glob("python*")):
        return folder / "site-packages"
    raise FileNotFoundError(2, os.strerror(2), str(venv / "lib"))


@contextmanager
def changing(paths: OwnPaths) -> Iterator[None]:
    """Nobody else changes the layers meanwhile: the nodes of a job share their environment."""
    with paths.layers_lock.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(paths: OwnPaths) -> Stack:
    """The layers as they were last written.

    Raises:
        OSError: they cannot be read.
    """
    said = json.loads(paths.layers.read_bytes())
    return Stack(
        tuple(Layer(Path(root), Path(site), fingerprint) for root, site, fingerprint in said)
    )


def fingerprints(paths: OwnPaths) -> tuple[str, ...]:
    """The names of those layers that lie in the cache; none where there is no such environment.

    Raises:
        OSError, ValueError: they cannot be read.
    """
    if not paths.layers.exists():
        return ()
    return tuple(one.fingerprint for one in read(paths).layers if one.fingerprint is not None)


def write(paths: OwnPaths, stack: Stack) -> None:
    """Put the layers on Python's path, from the next start of an interpreter on.

    Raises:
        OSError: the run's own environment cannot be written.
    """
    said = [[str(one.root), str(one.site), one.fingerprint] for one in stack.layers]
    # with the .pth files in each of them
    calls = "; ".join(f"site.addsitedir({str(one.site)!r})" for one in stack.layers)
    on_path = site_packages(paths.environment.venv) / _ON_PATH
    _replace(on_path, f"import site; {calls}\n")
    _replace(paths.layers, json.dumps(said))


def new_part(paths: OwnPaths) -> Path:
    """An empty folder for a layer of the run's own.

    Raises:
        OSError: it cannot be made.
    """
    from tempfile import mkdtemp

    paths.parts.mkdir(exist_ok=True)
    return Path(mkdtemp(dir=paths.parts, prefix=""))


def put(paths: OwnPaths, layer: Layer) -> None:
    """Lay one more on top: its packages, commands and data files.

    Raises:
        OSError: the run's own environment cannot be written.
    """
    stack = read(paths)
    bring_commands(layer.root, paths.environment, but=OWN_COMMAND, over=True)
    bring_data(layer.root, paths.environment.venv)
    write(paths, Stack((layer, *stack.layers)))


def bring_data(root: Path, venv: Path) -> None:
    """What packages put beside ``lib`` and ``bin``: ``share/jupyter``, ``etc``, ``include``."""
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    for name in names:
        if name not in _NOT_DATA:
            (venv / name).mkdir(exist_ok=True)
            folders.lay_over(root / name, venv / name)


def take_away(paths: OwnPaths, gone: AbstractSet[str]) -> None:
    """Leave packages out: a layer that holds some is seen through links to all but them.

    ``gone`` are names in their normal form.

    Raises:
        OSError: the run's own environment cannot be written.
    """
    stack, layers = read(paths), []
    for layer in stack.layers:
        here = [one for one in inside(layer.site) if one.name in gone]
        if not here:
            layers.append(layer)
            continue
        names = frozenset(name for one in here for name in files(one))
        made = new_part(paths) / "site-packages"
        folders.without(layer.site, made, names)
        _take_commands(paths, names)
        layers.append(layer._replace(site=made))
    write(paths, Stack(tuple(layers)))


def _take_commands(paths: OwnPaths, names: frozenset[str]) -> None:
    for name in names:
        above, _, command = name.rpartition("/bin/")
        if above == "../../.." and not OWN_COMMAND.fullmatch(command):
            (paths.environment.bin / command).unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    staged = path.with_name(f"{path.name}.new")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)
