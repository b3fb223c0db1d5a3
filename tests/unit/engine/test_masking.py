from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from runner.engine.masking import Masking, read
from runner.errors import ENVIRONMENT, Problem, WfError
from runner.paths import RunPaths
from tests.fakes.jobs import a_job
from tests.fakes.secrets import FakeSecrets

VALUE = "wOrDsThAtNoBoDyKnOwS"
MASKING = Masking({"TOKEN": VALUE})
NOTHING = Masking({})


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path)


def test_only_the_secrets_of_the_job_are_read() -> None:
    secrets = FakeSecrets({"A": "value a", "B": "value b"})
    assert read(a_job(secrets=("A",)), Path("/p"), secrets).values == {"A": "value a"}
    assert read(a_job(), Path("/p"), secrets).values == {}


def raised(error: Exception) -> str:
    """What people and reports are told when something goes wrong."""
    with pytest.raises(type(error) if isinstance(error, WfError) else Exception) as caught:  # noqa: SIM117
        with MASKING.errors():
            raise error
    found = caught.value
    parts = [str(found), repr(found), *traceback.format_exception(found)]
    if isinstance(found, WfError):
        parts += [found.message, found.hint or "", found.details or ""]
        parts += [f"{problem.message} {problem.hint}" for problem in found.problems]
    return "\n".join(parts)


class OddError(Exception):
    """Shows more than its arguments."""

    def __init__(self, text: str) -> None:
        super().__init__("odd")
        self.text = text

    def __str__(self) -> str:
        return f"odd {self.text}"


@pytest.mark.parametrize(
    "error",
    [
        KeyError(VALUE),
        ValueError({"env": [VALUE]}),
        OSError(2, "No such file", f"/tmp/{VALUE}"),
        UnicodeEncodeError(f"for {VALUE}", "x", 0, 1, "no"),
        OddError(VALUE),
        WfError(ENVIRONMENT, f"no {VALUE}", hint=f"say {VALUE}", details=f"{VALUE}!"),
        WfError(ENVIRONMENT, "no", problems=(Problem(f"no {VALUE}", hint=VALUE),)),
    ],
)
def test_no_error_shows_a_value(error: Exception) -> None:
    told = raised(error)
    assert VALUE not in told
    assert "***" in told
    assert "raise error" in told  # a report still says where


def test_an_error_that_shows_only_its_value_when_it_is_looked_at() -> None:
    assert VALUE not in raised(UnicodeEncodeError("utf-8", f"{VALUE}\udc80", 20, 21, "no"))


def test_nor_does_what_it_came_from() -> None:
    error = ValueError("harmless")
    error.__cause__ = KeyError(VALUE)
    assert VALUE not in raised(error)


def test_an_error_without_a_value_is_left_as_it_is() -> None:
    error = KeyError("harmless")
    with pytest.raises(KeyError) as caught, MASKING.errors():
        raise error
    assert caught.value is error


def test_notes(paths: RunPaths) -> None:
    assert NOTHING.notes_of(paths) == paths.notes
    own = MASKING.notes_of(paths)
    assert own != paths.notes
    paths.notes.write_text("of wf's own\n")
    own.write_text(f"a {VALUE}\n")
    MASKING.keep_notes(paths)
    MASKING.keep_notes(paths)
    assert paths.notes.read_text() == "of wf's own\na ***\n"
    assert not own.exists()


def test_notes_that_are_too_long_are_cut_without_showing_anything(paths: RunPaths) -> None:
    own = MASKING.notes_of(paths)
    for before in range(65_500, 65_540):
        own.write_text("x" * before + VALUE * 20)
        MASKING.keep_notes(paths)
        text = paths.notes.read_text()
        assert not any(VALUE[:length] in text for length in range(1, len(VALUE)))
        assert len(text) <= 1 << 16
        paths.notes.unlink()
