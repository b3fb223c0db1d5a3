"""Single values: what may be written, what it means, and what is said otherwise."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from runner.document.document import Scalar
from runner.spec import text

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(reader: Callable[[Any], object], value: Any) -> tuple[str, str | None]:
    """Message and hint that the value is refused with."""
    with pytest.raises(PydanticCustomError) as caught:
        reader(value)
    context = caught.value.context
    assert context is not None
    return context["message"], context["hint"]


NO_SCALARS: list[Any] = [None, [], ["3.9"], {}, {"a": "b"}]


# --- texts and names ------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["3.10", "010", "yes", " x ", "2e-5", "a: b"])
def test_a_text_is_taken_as_written(written: str) -> None:
    assert text.text(Scalar(written)) == written


@pytest.mark.parametrize("value", [*NO_SCALARS, "", "  \n"])
def test_a_text_must_say_something(value: Any) -> None:
    assert refused(text.text, value)[0].startswith("a text is wanted here, not ")


@pytest.mark.parametrize("written", ["a", "train-mnist", "v1.2_b", "9", "A" * 63])
def test_a_name_is_a_plain_word(written: str) -> None:
    assert text.name(written) == written


@pytest.mark.parametrize(
    "written",
    ["-a", ".a", "_a", "a b", "a/b", "é", "a\n", "\u202ea", "A" * 64, "$(ls)", "a" * 9999],
)
def test_other_names_are_refused_with_the_rules(written: str) -> None:
    message, hint = refused(text.name, written)
    assert "cannot be a workflow's name" in message
    assert hint is not None
    assert "63" in hint


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "meant"), [("1", 1), ("64", 64), ("010", 10)])
def test_a_count(written: str, meant: int) -> None:
    assert text.count(written) == text.count_or_none(written) == meant


def test_zero_stands_for_none_only_where_that_is_meant() -> None:
    assert text.count_or_none("0") == 0
    message, hint = refused(text.count, "0")
    assert "at least 1" in message
    assert hint


@pytest.mark.parametrize(
    "value",
    [*NO_SCALARS, "", "-1", "1.0", "1e3", "0x2", "٣", "²", "1_000", "two", "9" * 5000, "1\n"],
)
def test_a_count_is_written_in_digits(value: Any) -> None:
    for reader in (text.count, text.count_or_none):
        message, hint = refused(reader, value)
        assert " number " in message
        assert hint


# --- sizes ----------------------------------------------------------------------------------------

UNITS = {
    "mb": 10**6, "m": 10**6, "gb": 10**9, "g": 10**9, "tb": 10**12, "t": 10**12,
    "mib": 2**20, "mi": 2**20, "gib": 2**30, "gi": 2**30, "tib": 2**40, "ti": 2**40,
}  # fmt: skip


@given(
    st.integers(1, 999_999_999),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["", " ", "  "]),
    st.data(),
)
def test_a_size_is_a_number_and_a_unit(
    number: int, unit: str, gap: str, data: st.DataObject
) -> None:
    spelled = "".join(data.draw(st.sampled_from([c, c.upper()])) for c in unit)
    assert text.size(f"{number}{gap}{spelled}") == number * UNITS[unit]


@pytest.mark.parametrize(
    "value", [*NO_SCALARS, "", "GB", "1.5GB", "-1GB", "16XB", "16GBB", "9" * 5000]
)
def test_other_sizes_are_refused_with_both_spellings(value: Any) -> None:
    message, hint = refused(text.size, value)
    assert "an amount of memory with its unit" in message
    assert hint == "write 16GB (counted in 1000) or 16GiB (counted in 1024)"


def test_a_size_without_a_unit_is_given_back_with_one() -> None:
    message, hint = refused(text.size, Scalar("24", "int"))
    assert "the number 24" in message
    assert hint is not None
    assert hint.startswith("write 24GB ")


# --- time spans -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90), ("90s", 90), ("2m", 120), ("2h", 7200), ("1d", 86_400), ("1w", 604_800),
     ("off", 0)],
)  # fmt: skip
def test_a_time_span_is_a_number_and_a_unit(written: str, seconds: int) -> None:
    assert text.duration(Scalar(written)) == seconds


@pytest.mark.parametrize("value", [*NO_SCALARS, "", "1h30m", "2 h", "-1h", "1.5h", "h", "2H"])
def test_other_time_spans_are_refused_with_an_example(value: Any) -> None:
    message, hint = refused(text.duration, value)
    assert message.startswith("a time span is wanted here, not ")
    assert "2h" in str(hint)


def test_no_time_at_all_is_asked_back() -> None:
    assert refused(text.duration, "0s")[1] == "write off for no limit"


# --- versions of Python ---------------------------------------------------------------------------


@given(st.integers(6, 99), st.none() | st.integers(0, 99))
def test_a_python_version_is_taken_as_written(minor: int, micro: int | None) -> None:
    written = f"3.{minor}" if micro is None else f"3.{minor}.{micro}"
    assert text.python_version(Scalar(written, "float")) == written


def test_python_3_1_is_asked_back() -> None:
    # what 3.10 becomes once a tool has rewritten the file
    message, hint = refused(text.python_version, Scalar("3.1", "float"))
    assert message == "there is no environment with Python 3.1"
    assert hint == "write 3.10 or 3.11"


@pytest.mark.parametrize("written", ["2.7", "3.5", "3.0", "4.1", "0.0"])
def test_versions_that_nothing_provides_are_refused(written: str) -> None:
    message, hint = refused(text.python_version, written)
    assert written in message
    assert hint == "write 3.6 or newer"


@pytest.mark.parametrize(
    "value",
    [
        *NO_SCALARS,
        "",
        "3",
        "python3.9",
        "python:3.9",
        "3.x",
        ">=3.9",
        "3.9 ",
        "3.07",
        "3.010",
        "3.9.01",
    ],
)
def test_what_is_no_version_is_refused_with_one_clear_message(value: Any) -> None:
    message, hint = refused(text.python_version, value)
    assert message.startswith("a Python version is wanted here, not ")
    assert hint == "write, for example, 3.11"


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("data", "data"),
        ("./data/", "data"),
        ("a//b/./c", "a/b/c"),
        ("a/../b", "b"),
        (".", "."),
        ("a/..", "."),
        ("..data", "..data"),
        ("lightning_logs/*.ckpt", "lightning_logs/*.ckpt"),
        ("mein Modell", "mein Modell"),
    ],
)
def test_a_path_comes_in_its_shortest_form(written: str, meant: str) -> None:
    assert text.below(written) == meant


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("/data", "absolute"),
        ("//data", "absolute"),
        ("/", "absolute"),
        ("~/data", "`~` is not read"),
        ("..", "leads out"),
        ("../data", "leads out"),
        ("a/../../b", "leads out"),
        ("./../a", "leads out"),
    ],
)
def test_a_path_stays_in_the_project(written: str, said: str) -> None:
    message, hint = refused(text.below, written)
    assert said in message
    assert f"`{written}`" in message
    assert hint


@given(st.lists(st.sampled_from(["a", "..", ".", "", "b c", "~", "é"]), min_size=1, max_size=8))
def test_no_path_leads_out(parts: list[str]) -> None:
    try:
        path = text.below("/".join(parts))
    except PydanticCustomError:
        return
    assert not path.startswith(("/", "~"))
    assert ".." not in path.split("/")
    assert posixpath.normpath(path) == path


# --- variables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["A", "_a1", "PL_GLOBAL_SEED"])
def test_a_variable_name(written: str) -> None:
    assert text.variable_name(written) == written


@pytest.mark.parametrize("written", ["", "1A", "A-B", "Ä", "A B", "A=B", "A\n"])
def test_other_variable_names_are_refused(written: str) -> None:
    assert " variable" in refused(text.variable_name, written)[0]


# --- messages -------------------------------------------------------------------------------------

READERS: list[Callable[[Any], object]] = [
    text.text,
    text.name,
    text.count,
    text.count_or_none,
    text.size,
    text.duration,
    text.python_version,
    text.below,
    text.variable_name,
]


def check_answer(reader: Callable[[Any], object], written: str) -> None:
    """It is read, or refused in one line that is not too long."""
    try:
        reader(Scalar(written))
    except PydanticCustomError as error:
        context = error.context
        assert context is not None
        assert len(context["message"]) < 200
        assert "\n" not in context["message"]


@given(st.sampled_from(READERS), st.text(max_size=50))
def test_a_reader_answers_or_says_why_in_one_line(
    reader: Callable[[Any], object], written: str
) -> None:
    check_answer(reader, written)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("written", ["-" * 9999, "/" + "a" * 9999, "../" * 999, "a b\nc d\n", "\n"])
def test_a_long_text_does_not_make_a_long_message(
    reader: Callable[[Any], object], written: str
) -> None:
    check_answer(reader, written)


@pytest.mark.parametrize(
    ("value", "called"),
    [
        ({"a": "b"}, "a mapping"),
        (["a"], "a list"),
        (None, "nothing"),
        (Scalar("3", "int"), "the number 3"),
        (Scalar("1.5", "float"), "the number 1.5"),
        (Scalar("true", "bool"), "`true`"),
        (Scalar("x"), "`x`"),
    ],
)
def test_what_a_value_is_called(value: Any, called: str) -> None:
    assert text.kind_of(value) == called
