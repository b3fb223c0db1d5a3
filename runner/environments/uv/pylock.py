"""``pylock.toml`` (PEP 751): every package of an environment, with its files and their hashes.

It is made after the installation, from what was installed, so that nobody waits for it. What uv
has just installed it still knows all about; only where that is not so is the index asked.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from runner.environments.credentials import masked
from runner.environments.pip_settings import uv_options
from runner.environments.uv.then import dated, options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.environments.interface import Environment
    from runner.environments.uv.workshop import Workshop
    from runner.plan.environment import EnvironmentSpec

# a wheel that lies in a folder is read as a whole, and can have gigabytes
_SECONDS = 600
# what uv writes for nothing
_EMPTY = 'lock-version = "1.0"\ncreated-by = "wf"\nrequires-python = ">={python}"\npackages = []\n'
# where requirement files say that packages come from (pip.pypa.io, "Requirements File Format");
# with a relative path it is the installation's own matter
_SOURCE = re.compile(
    r"(?:-i|--index-url|--extra-index-url|-f|--find-links)(?:\s+|=)(?:/|[a-z][a-z0-9+.-]*://).*"
    r"|--no-index|--pre|--trusted-host(?:\s+|=).+",
    re.IGNORECASE,
)
# user and password of an address (RFC 3986, 3.2.1); ssh needs the user, and keeps passwords apart
_CREDENTIALS = re.compile(r"(?<!ssh)://[^/\s\"'?#]*@")


class Locksmith(NamedTuple):
    """uv, the variables that the environment was built with, and where."""

    uv: Path
    variables: Mapping[str, str]
    workshop: Workshop


def write_pylock(
    smith: Locksmith, environment: Environment, spec: EnvironmentSpec, destination: Path
) -> str | None:
    """Write the lock of ``environment``, all of it or nothing; ``None``, or why there is none.

    It holds no user and no password of an address, and nothing about how uv was called.
    ``spec`` is what the environment was built from.

    Raises:
        OSError: the destination's folder cannot be written.
    """
    with TemporaryDirectory(dir=destination.parent, prefix=".pylock-") as folder:
        pins, made = Path(folder, "pins.txt"), Path(folder, "pylock.toml")
        pins.write_text("\n".join([*_sources(spec), *environment.lock, ""]), encoding="utf-8")
        if not environment.lock:
            made.write_text(_EMPTY.format(python=environment.python), encoding="utf-8")
            _put(made, destination)
            return None
        words = _words(smith.uv, smith.variables, environment, spec)
        said = "uv could not be started"
        for more in (["--offline"], []):
            done = smith.workshop.capture(
                [*words, *more, str(pins), "-o", str(made)],
                env={
                    **dated(smith.variables, spec.as_of),
                    "UV_HTTP_RETRIES": "0",
                    "UV_NO_WRAP": "1",
                },
                cwd=Path(folder),
                timeout=_SECONDS,
            )
            if done is not None and done.code == 0:
                _put(made, destination)
                return None
            said = said if done is None else masked(done.stderr.decode(errors="replace")).strip()
        return said.replace(f"{folder}{os.sep}", "")


def _words(
    uv: Path, variables: Mapping[str, str], environment: Environment, spec: EnvironmentSpec
) -> list[str]:
    words = [
        str(uv), "pip", "compile", "-q", "--color", "never", "--no-deps", "--no-header",
        "--no-annotate", "--format", "pylock.toml", "--python", str(environment.executable),
        *uv_options(variables),
    ]  # fmt: skip
    return [*words, *options(spec.as_of)]


def _sources(spec: EnvironmentSpec) -> Iterator[str]:
    from runner.plan.requirements import lines

    for file in spec.requirements:
        for line in lines(file.text):
            if _SOURCE.fullmatch(line.text):
                yield line.text


def _put(made: Path, destination: Path) -> None:
    """Put the text there without secrets, for this user alone."""
    text = without_credentials(made.read_text(encoding="utf-8"))
    made.write_text(text, encoding="utf-8")
    made.chmod(0o600)
    made.replace(destination)


def without_credentials(text: str) -> str:
    """The text with neither user nor password in its addresses."""
    return _CREDENTIALS.sub("://", text)
