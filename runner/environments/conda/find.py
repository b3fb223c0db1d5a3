"""Which conda there is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from runner.errors import ENVIRONMENT, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["conda", "mamba", "micromamba"]

_KINDS: tuple[Kind, ...] = ("conda", "mamba", "micromamba")
# where each says it is, once a shell has been told of it
_VARIABLES: dict[Kind, str] = {
    "conda": "CONDA_EXE",
    "mamba": "MAMBA_EXE",
    "micromamba": "MAMBA_EXE",
}
# where installers put them when nobody says otherwise
_ROOTS = ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "miniconda", "anaconda")


class Conda(NamedTuple):
    """A program of the family."""

    kind: Kind
    program: Path


def find(variables: Mapping[str, str]) -> Conda | None:
    """conda, else mamba, else micromamba: from its variable, on ``PATH``, or at a usual place."""
    for kind in _KINDS:
        for path in _places(kind, variables):
            if path.name == kind and path.is_absolute() and _can_be_started(path):
                return Conda(kind, path)
    return None


def _places(kind: Kind, variables: Mapping[str, str]) -> Iterator[Path]:
    yield Path(variables.get(_VARIABLES[kind], ""))
    for folder in variables.get("PATH", "").split(os.pathsep):
        yield Path(folder) / kind
    home = Path(variables.get("HOME") or "~").expanduser()
    for root in (*(home / name for name in _ROOTS), Path("/opt/conda")):
        yield root / "bin" / kind
    yield home / ".local" / "bin" / kind


def _can_be_started(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def absent(workflow: str) -> WfError:
    """A job calls conda, and there is none."""
    return WfError(
        ENVIRONMENT,
        f"the commands of {workflow} call conda, and neither conda, mamba nor micromamba "
        "is installed",
        hint="install one of them (Miniforge, say) so that `conda --version` works in this shell, "
        "or name the packages in a requirements file and install them with pip",
    )
