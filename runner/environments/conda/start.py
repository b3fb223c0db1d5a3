"""What is put in reach of a job that calls conda, before the first of its commands."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.environments.conda.find import Conda, Kind

_COMMAND = """\
#!/bin/sh
exec {python} -I -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); \
from runner.environments.conda.shim import entry; entry()' {library} {folder} "$@"
"""
# `source activate NAME` of conda before 4.4: the shell looks for the file on PATH
_ACTIVATE = 'conda {verb} "$@"\n'
_START = """\
unset CONDA_SHLVL CONDA_PROMPT_MODIFIER CONDA_AUTO_ACTIVATE PIP_REQUIRE_VIRTUALENV {other}
export {variable}={places} CONDA_ALWAYS_YES=true MAMBA_ALWAYS_YES=true
export CONDA_AUTO_ACTIVATE_BASE=false
wf_conda="$({bin}/conda shell.{shell} hook)" || exit $?
eval "$wf_conda"
unset wf_conda
{functions}export PATH={bin}:{base}:"$PATH"
"""
_FUNCTION = '{name}() {{ {known} "$@"; }}\n'
_FAMILY = ("conda", "mamba", "micromamba")


class Told(NamedTuple):
    """What the commands are told; ``python`` is the version that the workflow asks for."""

    kind: Kind
    program: Path
    python: str


def prepare(folder: Path, conda: Conda, python: str, variables: Mapping[str, str]) -> None:
    """Fill the empty folder: commands, the place of environments, and what a shell reads first.

    Raises:
        OSError: it cannot be written.
    """
    bin_, environments = folder / "bin", folder / "envs"
    bin_.mkdir(parents=True)
    environments.mkdir()
    told = {"kind": conda.kind, "program": str(conda.program), "python": python}
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
    text = _COMMAND.format(
        python=shlex.quote(sys.executable),
        library=shlex.quote(str(Path(__file__).resolve().parents[3])),
        folder=shlex.quote(str(folder)),
    )
    (bin_ / "conda").write_text(text, encoding="utf-8")
    (bin_ / "conda").chmod(0o755)
    for name in _FAMILY[1:]:
        (bin_ / name).symlink_to("conda")
    for verb in ("activate", "deactivate"):
        (bin_ / verb).write_text(_ACTIVATE.format(verb=verb), encoding="utf-8")
    for shell in ("bash", "posix"):
        start(folder, shell).write_text(_start(folder, conda, shell, variables), encoding="utf-8")


def start(folder: Path, shell: str) -> Path:
    """The file that a shell reads first."""
    return folder / f"start.{'bash' if shell.endswith('bash') else 'posix'}"


def _start(folder: Path, conda: Conda, shell: str, variables: Mapping[str, str]) -> str:
    # they mean the same, and conda refuses to have both
    variable, other = "CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"
    before = variables.get(variable) or variables.get(other) or ""
    places = os.pathsep.join(filter(None, [str(folder / "envs"), before]))
    return _START.format(
        bin=shlex.quote(str(folder / "bin")),
        base=shlex.quote(str(folder / "envs" / "base" / "bin")),
        places=shlex.quote(places if conda.kind == "conda" else str(folder / "envs")),
        variable=variable,
        other=other,
        shell=shell,
        functions="".join(
            _FUNCTION.format(name=name, known=conda.kind) for name in _FAMILY if name != conda.kind
        ),
    )


def told(folder: Path) -> Told:
    """What the commands were told.

    Raises:
        OSError: it cannot be read.
    """
    said = json.loads((folder / "told.json").read_bytes())
    return Told(said["kind"], Path(said["program"]), said["python"])
