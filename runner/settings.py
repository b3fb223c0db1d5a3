"""Where things are kept, resolved once from the variables into one frozen value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner import envvars
from runner.cached import Cache
from runner.paths import Home, Safe

if TYPE_CHECKING:
    from collections.abc import Mapping

# FHS 3.0, section 5.9: lock files for devices and other resources. Where everybody may write there
# (Debian, Ubuntu) it has the sticky bit: it is root's, and nobody removes the files of others.
_SYSTEM_LOCKS = Path("/run/lock")
_FALLBACK_LOCKS = Path("/tmp")  # noqa: S108 - the one folder that every user of a machine shares
_EVERYBODYS = 0o1777


# FHS 3.0, section 3.7: what belongs to one host
_SYSTEM_CONFIGURATION = Path("/etc/wf")
_LIMITS = "limits.yaml"


class LimitFiles(NamedTuple):
    """The files that say how much of the machine wf may use; neither need be there."""

    machine: Path
    user: Path


class Settings(NamedTuple):
    """The folders wf works in."""

    home: Home
    cache: Cache
    locks: Path
    limits: LimitFiles
    safe: Safe


def resolve(variables: Mapping[str, str]) -> Settings:
    """Read the settings; wf's own variables win over the XDG ones (XDG Base Directory 0.8)."""
    user = Path(variables.get("HOME") or "~").expanduser()
    configuration = _below(variables, "XDG_CONFIG_HOME", user / ".config")
    return Settings(
        home=Home(_folder(variables, envvars.HOME, "XDG_DATA_HOME", user / ".local/share")),
        cache=Cache(_folder(variables, envvars.CACHE, "XDG_CACHE_HOME", user / ".cache")),
        locks=_locks(variables),
        limits=LimitFiles(
            Path(variables.get(envvars.ETC) or _SYSTEM_CONFIGURATION).absolute() / _LIMITS,
            configuration / _LIMITS,
        ),
        safe=Safe(configuration / "secrets"),
    )


def _folder(variables: Mapping[str, str], own: str, xdg: str, default: Path) -> Path:
    if variables.get(own):
        return Path(variables[own]).absolute()
    return _below(variables, xdg, default)


def _below(variables: Mapping[str, str], xdg: str, default: Path) -> Path:
    base = variables.get(xdg, "")
    # the XDG specification asks to ignore relative paths
    return (Path(base) if base.startswith("/") else default) / "wf"


def _locks(variables: Mapping[str, str]) -> Path:
    if variables.get(envvars.LOCKS):
        return Path(variables[envvars.LOCKS]).absolute()
    return _SYSTEM_LOCKS if _is_everybodys(_SYSTEM_LOCKS) else _FALLBACK_LOCKS


def _is_everybodys(folder: Path) -> bool:
    """Whether all users may write there, and only remove what is theirs."""
    try:
        return folder.stat().st_mode & _EVERYBODYS == _EVERYBODYS
    except OSError:
        return False
