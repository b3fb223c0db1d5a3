"""``conda`` as a job that calls it has it: the real one, with environments of the run's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.environments.conda.arguments import (
    BASE,
    Own,
    environment_file,
    name_in,
    needs_base,
    translated,
)
from runner.environments.conda.start import told
from runner.process.attached import attached
from runner.process.helpers import capture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.environments.conda.start import Told

_NOT_FOUND = 127
_MAX_FILE = 1 << 20
# which variable leads the shell's part of each to its program
_LEADS = {"conda": "CONDA_EXE", "mamba": "MAMBA_EXE", "micromamba": "MAMBA_EXE"}


def entry() -> None:
    """What the commands ``conda``, ``mamba`` and ``micromamba`` are."""
    folder, *words = sys.argv[1:]
    sys.exit(conda(Path(folder), words, os.environ))


def conda(folder: Path, words: Sequence[str], variables: Mapping[str, str]) -> int:
    """Do what conda would do with these words, in the run's own folder; the exit code."""
    known, environments = told(folder), folder / "envs"
    if words[:1] == ["init"] or words[:2] == ["shell", "init"]:
        _say("the shell knows conda already; nothing in your home folder is changed")
        return 0
    active = Path(variables.get("CONDA_PREFIX", "")).parent == environments
    own = Own(str(environments), frozenset(os.listdir(environments)), active)
    try:
        if words[:1] and words[0].partition(".")[0] == "shell":
            return _shell(folder, known, translated(words, known.kind, own, None), variables)
        if needs_base(words, own):
            code = _run(known, ["create", "--prefix", own.place(BASE), f"python={known.python}"],
                        variables)  # fmt: skip
            if code:
                return code
        return _run(known, translated(words, known.kind, own, _named(words)), variables)
    except OSError as error:
        _say(f"{known.program} cannot be started: {error.strerror}")
        return _NOT_FOUND


def _run(known: Told, words: Sequence[str], variables: Mapping[str, str]) -> int:
    return attached([str(known.program), *words], env=variables, cwd=Path.cwd())


def _shell(folder: Path, known: Told, words: Sequence[str], variables: Mapping[str, str]) -> int:
    """Text for the shell to evaluate; it leads the shell to the real program, and then back."""
    if known.kind != "conda" and words[0].startswith("shell."):
        words = ["shell", "hook", "--shell", words[0].removeprefix("shell.")]
    done = capture([str(known.program), *words], env=variables, cwd=Path.cwd())
    if done is None:
        _say(f"{known.program} cannot be started")
        return _NOT_FOUND
    sys.stdout.write(done.stdout.decode(errors="surrogateescape"))
    sys.stderr.write(done.stderr.decode(errors="replace"))
    if done.code == 0:
        lead = folder / "bin" / "conda"
        sys.stdout.write(f"\nexport {_LEADS[known.kind]}={_quoted(str(lead))}\n")
    return done.code


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _named(words: Sequence[str]) -> str | None:
    path = environment_file(words)
    if path is None or not Path(path).is_file():
        return None
    with open(path, encoding="utf-8", errors="replace") as file:
        return name_in(file.read(_MAX_FILE))


def _say(text: str) -> None:
    print(f"conda: {text}", file=sys.stderr)  # noqa: T201 - it is a program of its own
