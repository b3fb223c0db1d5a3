"""Logs of jobs that failed, and what is read out of them: a new case is two files.

failures/NAME.log
    the end of a log; a first line ``# known: gpus=2 batch_size=64`` is no part of it and says what
    else is known: ``code``, ``gpus``, ``python``, ``requirements=none``, ``copied``, ``ignored``
    and ``made`` (files: of the copy, of the project only, ``PATH@WORKFLOW``), else a variable
failures/NAME.json
    the failure, with what to type
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.engine.failing.explain import explain
from runner.engine.failing.known import Known, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent / "failures"
CASES = sorted(FOLDER.glob("*.log"))
WORKSPACE = "/home/ada/.local/share/wf/runs/wet-mango-1/workspace"


def known(said: str) -> Known:
    """What a case says of its job."""
    words = dict(word.split("=", 1) for word in said.split())
    made = dict(word.split("@") for word in words.pop("made", "").split(",") if word)
    copied, ignored = words.pop("copied", "").split(","), words.pop("ignored", "").split(",")
    requirements = words.pop("requirements", "requirements.txt")
    return Known(
        workflow="train",
        code=int(words.pop("code", "1")),
        folders=(WORKSPACE, "/home/ada/digits"),
        script=words.pop("script", "train.py"),
        requirements=None if requirements == "none" else requirements,
        packages=frozenset(words.pop("packages", "torch").split(",")),
        python=words.pop("python", "3.11.7"),
        gpus=int(words.pop("gpus", "0")),
        settings=tuple(Setting(name, value) for name, value in words.items()),
        copied=lambda path: path in copied,
        in_project=lambda path: path in copied or path in ignored,
        maker=lambda path: made.get(path.partition("/")[0]),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_is_read_out_of_the_log_of_a_job_that_failed(
    case: Path, golden: Callable[[Path, str], None]
) -> None:
    log = case.read_bytes()
    facts = re.match(rb"# known: (.*)\n", log)
    said = facts[1].decode() if facts else ""
    failure = explain(log[facts.end() :] if facts else log, known(said))
    document = {**failure.document(), "hint": failure.cause and failure.cause.hint}
    golden(case.with_suffix(".json"), json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def test_every_expectation_belongs_to_a_log() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {case.stem for case in CASES}
