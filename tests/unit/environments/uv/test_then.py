"""What uv is told about a day, and what its refusal means."""

from __future__ import annotations

from runner.environments.uv.failures import no_interpreter
from runner.environments.uv.search import Search
from runner.environments.uv.then import dated, left_out, options


def test_uv_is_told_an_instant_and_not_a_local_day() -> None:
    assert options("2022-05-31") == ("--exclude-newer", "2022-06-01T00:00:00Z")
    assert options(None) == ()


def test_what_has_no_dates_is_left_out_and_that_is_said() -> None:
    variables = {"UV_FIND_LINKS": "/wheels", "UV_INDEX": "https://example.org"}
    assert dated(variables, "2022-05-20") == {"UV_INDEX": "https://example.org"}
    assert dated(variables, None) == variables
    assert "/wheels" in str(left_out(variables, "2022-05-20"))
    assert left_out(variables, None) is None
    assert left_out({"UV_FIND_LINKS": ""}, "2022-05-20") is None


def test_a_python_that_is_missing_is_told_with_those_that_are_there() -> None:
    error = no_interpreter("3.14", Search(("3.11.7", "3.11.2", "3.9.18")), "")
    assert "there are 3.11.7, 3.11.2, 3.9.18" in error.message
    assert "--python 3.11" in str(error.hint)
    assert "uv python install 3.14" in str(error.hint)


def test_what_is_proposed_is_the_nearest_older_one() -> None:
    here = Search(("3.13.0", "3.11.7", "3.9.18"))
    assert "--python 3.9" in str(no_interpreter("3.10.4", here, "").hint)
    assert "--python 3.9" in str(no_interpreter("3.8", here, "").hint)


def test_that_uv_may_not_fetch_one_is_told() -> None:
    error = no_interpreter("3.14", Search(("3.11.7",), "never"), "")
    assert "UV_PYTHON_DOWNLOADS=never" in error.message
    assert "there is 3.11.7" in error.message
