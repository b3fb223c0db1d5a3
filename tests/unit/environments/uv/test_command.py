"""uv that a signal has ended has said nothing about what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.cached import EnvironmentPaths
from runner.environments.interface import Build
from runner.environments.uv.command import Uv
from runner.environments.uv.workshop import Here
from runner.errors import ENVIRONMENT, WfError
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from pathlib import Path


class Ended(Here):
    """A place where uv ends so."""

    def __init__(self, code: int) -> None:
        self._code = code

    def run(self, *_: Any, **__: Any) -> int:
        """That code."""
        return self._code


def attempted(folder: Path, code: int) -> str | None:
    """What is told of a uv that ended with this code."""
    build = Build(EnvironmentPaths(folder / "made"), folder / "log", -1, RecordingObserver())
    return Uv(folder / "uv", {}, build, Ended(code)).attempt("pip", "install", "six")


@pytest.mark.parametrize(
    ("code", "name", "hint"),
    [
        (-9, "SIGKILL", "most likely the machine ran out of memory"),
        (137, "SIGKILL", "most likely the machine ran out of memory"),
        (-15, "SIGTERM", "run it again"),
        (191, "signal 63", "run it again"),
    ],
)
def test_who_killed_it_is_said(tmp_path: Path, code: int, name: str, hint: str) -> None:
    with pytest.raises(WfError) as caught:
        attempted(tmp_path, code)
    assert caught.value.kind == ENVIRONMENT
    assert caught.value.message == f"uv was killed ({name}) before the environment was ready"
    assert str(caught.value.hint).startswith(hint)
    assert str(tmp_path / "log") in str(caught.value.details)


def test_other_ends_are_its_own(tmp_path: Path) -> None:
    assert attempted(tmp_path, 0) is None
    assert attempted(tmp_path, 2) == attempted(tmp_path, 255) == ""
