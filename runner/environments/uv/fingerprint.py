"""The name of an environment: what it is made from, in one short hash."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.environments.pip_settings import NO_BINARY, ONLY_BINARY
from runner.environments.uv.accelerator import has_effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.plan.environment import EnvironmentSpec, RequirementFile

# raised when what a build makes of the same inputs changes, so that old environments are left alone
_FORMAT = 1
_LENGTH = 20
# variables of uv's that decide which versions are chosen, besides those that name indexes
_DECISIVE = frozenset(
    {"UV_NO_INDEX", "UV_PRERELEASE", "UV_RESOLUTION", "UV_EXCLUDE_NEWER", "UV_CONSTRAINT",
     "UV_OVERRIDE", "UV_TORCH_BACKEND", "UV_FORK_STRATEGY", NO_BINARY, ONLY_BINARY}
)  # fmt: skip
_FILES = ("UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT")
_MOST_CHARACTERS = 1 << 20
_INDEXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS")


def fingerprint(spec: EnvironmentSpec, index: Mapping[str, str], configuration: str) -> str:
    """Interpreter, platform, what the requirements say, and where packages come from.

    ``index`` is what :func:`decisive` finds, ``configuration`` what :func:`configured` reads.
    """
    from blake3 import blake3

    said = [
        f"format {_FORMAT}",
        f"python {spec.python}",
        f"platform {sys.platform} {os.uname().machine} {_libc()}",
        *_day(spec),
        *(f"{key}={value}" for key, value in index.items()),
        configuration,
    ]
    for number, file in enumerate(spec.requirements):
        # an included file, or one that only constrains: where a line stands matters
        said += [f"file {number}", *(f"  {text}" for text in _texts(file))]
    said += [f"package {package}" for package in spec.packages]
    said += [f"stamp {stamp}" for stamp in spec.stamps]
    said += [f"links {folder.digest}" for folder in spec.links]
    said += [f"option {name} {value}" for name, value in spec.options]
    said += _locked(spec)
    said += [] if spec.image is None else [f"image {spec.image}"]
    if spec.accelerator != "cpu" and has_effect(spec, index, configuration):
        said.append(f"accelerator {spec.accelerator}")
    return str(blake3("\n".join(said).encode()).hexdigest()[:_LENGTH])


def decisive(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of uv's that decide what is installed."""
    return {
        key: value
        for key, value in sorted(variables.items())
        if key.startswith(_INDEXES) or key in _DECISIVE
    }


def configured(variables: Mapping[str, str]) -> str:
    """What uv's own configuration says, the machine's and the user's: it may name indexes.

    So do files of constraints, which a variable names.
    """
    home = Path(variables.get("HOME") or "~").expanduser()
    user = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    named = variables.get("UV_CONFIG_FILE")
    said = []
    settings = [Path(named)] if named else [Path("/etc/uv/uv.toml"), user / "uv" / "uv.toml"]
    # what they constrain decides as well, not only what they are called
    files = (word for name in _FILES for word in variables.get(name, "").split())
    for path in (*settings, *map(Path, files)):
        with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
            said.append(file.read(_MOST_CHARACTERS))
    return "\n".join(said)


def _day(spec: EnvironmentSpec) -> list[str]:
    """Nothing without a day: environments that were made before there were any keep their names."""
    if spec.as_of is None:
        return []
    return [f"as of {spec.as_of}{', which goes on' if spec.going_on else ''}"]


def _locked(spec: EnvironmentSpec) -> list[str]:
    """The lock that versions are taken from."""
    said = []
    if spec.project is not None:
        said += ["project", spec.project.pyproject, spec.project.lock]
    if spec.locked is not None:
        said += ["locked", *spec.locked.lock, spec.locked.pylock or "without hashes"]
    return said


def _texts(file: RequirementFile) -> list[str]:
    from runner.plan.requirements import lines

    return [line.text for line in lines(file.text)]


def _libc() -> str:
    """The C library, which wheels are chosen by (PEP 600, PEP 656)."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return "" if sys.platform == "darwin" else "not glibc"
