"""The environment of a former run, made again: the same interpreter and the same files, or none.

Files come from where they were then, or from where the same ones are now, and are held against
their hashes (PEP 751). What cannot be
had again is told as a difference, and the cache removes what there is of the environment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.credentials import masked
from runner.environments.interface import Provisioned
from runner.environments.packages.lists import difference, package_name
from runner.environments.uv.failed.cause import Asked, Cause, Wish
from runner.environments.uv.failed.said import read
from runner.environments.uv.failures import details, known_cause
from runner.errors import ENVIRONMENT, UNSATISFIABLE, WfError
from runner.events import Warned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runner.environments.interface import Build
    from runner.environments.uv.command import Uv
    from runner.plan.environment import LockedRun

# uv refuses them beside a lock (astral-sh/uv, "Cannot specify constraints with a `pylock.toml`")
_RESOLVING = frozenset({"UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"})
# uv's words (its crate uv-distribution, ``Error::MismatchedHashes``)
_CHANGED = "Hash mismatch"
_NAMED = re.compile(r'^name = "([^"]+)"', re.MULTILINE)
_SHA256 = re.compile(r'(?<=sha256 = ")[0-9a-f]{64}(?=")')
_SHOWN = 3
_WITHOUT = "without `--locked` and `--packages-of`, what the requirements ask for is installed"


def exact(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that choose versions: a lock has chosen them."""
    return {key: value for key, value in variables.items() if key not in _RESOLVING}


def provision_locked(run: Uv, locked: LockedRun, build: Build) -> Provisioned:
    """Fill the empty folder of ``build`` with what the run had.

    Raises:
        WfError: kind ``ENVIRONMENT`` with the difference, when it is not the same.
    """
    _interpreter(run, locked)
    said = _install(run, locked, build) if locked.lock else None
    if said is not None:
        raise _not_had(locked, said, build)
    made = Provisioned(run.version(), run.lock() if locked.lock else ())
    told = difference(_all(locked.python, locked.lock), _all(made.python, made.lock))
    if told:
        raise _another(locked, told)
    return made


def _interpreter(run: Uv, locked: LockedRun) -> None:
    """The run's own version to the last digit: another one is another environment."""
    try:
        run.venv(run.workshop.interpreter(locked.python), locked.python)
    except WfError as error:
        if error.kind != UNSATISFIABLE:
            raise
        lacking = f"- python=={locked.python}"
        raise WfError(
            ENVIRONMENT,
            f"the environment of {locked.run} cannot be had again: {error.message}",
            hint=run.workshop.having(locked.python),
            details=f"{lacking}\n\n{error.details}" if error.details else lacking,
        ) from error


def _install(run: Uv, locked: LockedRun, build: Build) -> str | None:
    """Install the locked files; uv's last words where that fails."""
    folder = build.destination.requirements
    if locked.pylock is not None:
        write(folder / "pylock.toml", locked.pylock)
        said = run.attempt_install(
            "--preview-features", "pylock", "-r", str(folder / "pylock.toml")
        )
        pins = _hashed(locked.lock, locked.pylock)
        if said is not None and pins is not None and _CHANGED not in said:
            # the same files may lie elsewhere by now: another mirror, another folder
            write(folder / "pins.txt", "\n".join([*pins, ""]))
            said = run.attempt_install(
                "--no-deps", "--require-hashes", "-r", str(folder / "pins.txt")
            )
        if said is None:
            write(build.destination.pylock, locked.pylock)
        return said
    text = f"{locked.run} has no hashes on its record: versions are the same, files need not be"
    build.observer.notify(Warned(text))
    write(folder / "pins.txt", "\n".join([*locked.lock, ""]))
    return run.attempt_install("--no-deps", "-r", str(folder / "pins.txt"))


def _hashed(lock: Sequence[str], pylock: str) -> list[str] | None:
    """The versions with the hashes of their files, as pip reads them from requirements.

    ``None`` where one of them has no version or no hash: it came from an address.
    """
    known: dict[str, list[str]] = {}
    for package in pylock.split("[[packages]]")[1:]:
        named = _NAMED.search(package)
        if named:
            known[package_name(named[1])] = _SHA256.findall(package)
    pins = [(line, known.get(package_name(line))) for line in lock]
    if not all("==" in line and hashes for line, hashes in pins):
        return None
    return [
        " ".join([line, *(f"--hash=sha256:{one}" for one in hashes or ())]) for line, hashes in pins
    ]


def _not_had(locked: LockedRun, said: str, build: Build) -> WfError:
    """What uv could not install, from what it said."""
    named = [line for line in locked.lock if _about(line, said)]
    changed = _CHANGED in said
    wishes = tuple(Wish(package_name(line), line, None) for line in locked.lock)
    cause = None if changed else known_cause(read(said), Asked(wishes, locked.python, None))
    if cause is None:
        why = "is no longer the same file: its hash is another" if changed else "cannot be had"
        cause = Cause(f"{_some(named) if named else 'a package'} {why}", _WITHOUT)
    lacking = [*(f"- {line}" for line in named), ""] if named else []
    return WfError(
        ENVIRONMENT,
        masked(f"the environment of {locked.run} cannot be had again: {cause.message}"),
        hint=masked(cause.hint),
        details="\n".join([*lacking, details(said, build.log)]),
    )


def _another(locked: LockedRun, told: Sequence[str]) -> WfError:
    return WfError(
        ENVIRONMENT,
        f"the environment of {locked.run} cannot be had again: "
        f"{_some(list(dict.fromkeys(package_name(line[2:]) for line in told)))} would differ",
        hint=_WITHOUT,
        details="\n".join(told),
    )


def _about(line: str, said: str) -> bool:
    return line in said or f"`{package_name(line)} @ " in said


def _some(lines: Sequence[str]) -> str:
    more = len(lines) - _SHOWN
    return ", ".join(lines[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _all(python: str, lock: Sequence[str]) -> list[str]:
    return [f"python=={python}", *lock]


def write(path: Path, text: str) -> None:
    """Write a file that uv is to read, and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
