"""Text to Document: what is kept, what is refused, and that nothing else ever happens."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from runner.document.document import Document, ScalarNode
from runner.document.limits import LIMITS, Limits
from runner.document.reader import is_blank, read
from runner.errors import INVALID, Problem, WfError

FILE = "workflows.yaml"


def refused(source: str | bytes) -> WfError:
    """The error that the text is refused with."""
    raw = source.encode() if isinstance(source, str) else source
    with pytest.raises(WfError) as caught:
        read(raw, FILE)
    assert caught.value.kind == INVALID
    return caught.value


def only_problem(source: str | bytes) -> Problem:
    """The one problem that the text is refused for."""
    (problem,) = refused(source).problems
    return problem


def position(problem: Problem) -> tuple[int, int]:
    """Line and column of a problem."""
    assert problem.place is not None
    return problem.place.line, problem.place.column


def marked(problem: Problem) -> str:
    """The text that a problem points at."""
    place = problem.place
    assert place is not None
    return place.excerpt[place.column - 1 : place.end_column - 1]


# --- what is kept ---------------------------------------------------------------------------------


def test_collections_become_python_data() -> None:
    text = b"a: [1, {b: c}]\nd:\n  - e\n  - f: g\n"
    assert read(text, FILE).root.data() == {"a": ["1", {"b": "c"}], "d": ["e", {"f": "g"}]}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("3.10", "float"),
        ("1e3", "float"),
        (".inf", "float"),
        ("010", "int"),
        ("0o10", "int"),
        ("0x1F", "int"),
        ("-7", "int"),
        ("yes", "str"),
        ("no", "str"),
        ("on", "str"),
        ("1:30", "str"),
        ("8080:22", "str"),
        ("1_000", "str"),
        ("2024-01-01", "str"),
        ("124M", "str"),
        ("True", "bool"),
        ("false", "bool"),
    ],
)
def test_a_scalar_keeps_its_spelling_and_has_the_core_schemas_kind(written: str, kind: str) -> None:
    root = read(written.encode(), FILE).root
    assert isinstance(root, ScalarNode)
    assert root.data() == written
    assert root.value.kind == kind


@pytest.mark.parametrize("written", ["~", "null", "Null", "NULL", "a:"])
def test_null_is_none(written: str) -> None:
    data = read(written.encode(), FILE).root.data()
    assert data is None or data == {"a": None}


@pytest.mark.parametrize("written", ['"3.10"', "'true'", "'~'", "|\n  7", '""'])
def test_a_quoted_scalar_is_a_string(written: str) -> None:
    root = read(written.encode(), FILE).root
    assert isinstance(root, ScalarNode)
    assert root.value.kind == "str"


def test_an_alias_stands_for_its_anchor() -> None:
    assert read(b"a: &x [1, 2]\nb: *x\n", FILE).root.data() == {"a": ["1", "2"], "b": ["1", "2"]}


def test_a_byte_order_mark_and_carriage_returns_shift_nothing() -> None:
    document = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", FILE)
    assert document.root.data() == {"a": "1", "b": "2"}
    assert document.lines == ("a: 1", "b: 2")
    assert document.locate(("b",))[:2] == (2, 4)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_is_refused_by_name(text: str) -> None:
    error = refused(text)
    assert error.message == "workflows.yaml is empty"
    assert error.hint is not None
    assert "workflows:" in error.hint


def test_every_repeated_key_is_told_with_the_line_of_the_first() -> None:
    problems = refused("a: 1\nb: 2\na: 3\nb: 4\n").problems
    assert [position(problem) for problem in problems] == [(3, 1), (4, 1)]
    assert "first on line 1" in problems[0].message
    assert "first on line 2" in problems[1].message
    assert {problem.code for problem in problems} == {"duplicate-key"}


def test_the_same_key_in_two_mappings_is_fine() -> None:
    assert read(b"- a: 1\n- a: 2\n", FILE).root.data() == [{"a": "1"}, {"a": "2"}]


def test_two_spellings_of_a_number_are_two_keys_and_one_quoted_twin_is_none() -> None:
    assert read(b"1: a\n01: b\n", FILE).root.data() == {"1": "a", "01": "b"}
    assert "second time" in only_problem("a: 1\n'a': 2\n").message


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system [ls]",
        "a: !!python/name:os.system x",
        "a: !!python/object:object {}",
        "a: !custom x",
        "a: !!binary aGk=",
        "!!set {a, b}",
        "? !!str a\n: b",
    ],
)
def test_no_tag_is_read(text: str) -> None:
    assert "tags" in only_problem(text).message


def test_merge_keys_are_refused_where_they_stand() -> None:
    problem = only_problem("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n")
    assert "merge keys" in problem.message
    assert position(problem) == (3, 3)


@pytest.mark.parametrize("text", ["? [a]\n: b", "{[a]: b}", "? {a: b}\n: c"])
def test_a_key_must_be_a_scalar(text: str) -> None:
    assert only_problem(text).message == "a key must be a plain word"


@pytest.mark.parametrize("text", ["gpu: {{gpu}}", "args: [ {{ lr }} ]"])
def test_a_variable_without_its_dollar_sign_gets_a_hint(text: str) -> None:
    problem = only_problem(text)
    assert problem.hint is not None
    assert "${{ name }}" in problem.hint


def test_a_second_document_is_refused_where_it_starts() -> None:
    problem = only_problem("a: 1\n---\nb: 2\n")
    assert "second document" in problem.message
    assert position(problem) == (2, 1)


@pytest.mark.parametrize("text", ["a: *b", "a: &a [*a]", "*a"])
def test_an_alias_that_stands_for_nothing_is_refused(text: str) -> None:
    assert "stands for nothing" in only_problem(text).message


def test_what_is_not_utf_8_is_refused_with_the_byte() -> None:
    assert "byte 0 is 0xff" in refused("a: 1".encode("utf-16")).message
    assert "byte 3 is 0xe9" in refused(b"a: \xe9").message


def test_a_nul_is_refused_raw_and_escaped() -> None:
    # it would end a path or a variable for the kernel
    assert "binary" in refused(b"a: \0").message
    problem = only_problem('a: x\nb: "y\\0z"\n')
    assert position(problem) == (2, 4)


# --- limits ---------------------------------------------------------------------------------------


def deep(levels: int) -> str:
    """Lists in lists."""
    return "[" * levels + "]" * levels


def test_the_depth_has_a_limit() -> None:
    read(deep(LIMITS.depth).encode(), FILE)
    assert "nested deeper" in only_problem(deep(LIMITS.depth + 1)).message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_bottomless_file_ends_in_an_error(opening: str) -> None:
    refused(opening * 40_000)


def test_the_number_of_values_has_a_limit() -> None:
    # the list itself is one of them
    read(("- a\n" * (LIMITS.values - 1)).encode(), FILE)
    assert "stands for more than" in only_problem("- a\n" * LIMITS.values).message


def test_aliases_are_counted_for_what_they_stand_for() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "stands for more than" in only_problem("\n".join(rows)).message


def test_the_number_of_aliases_has_a_limit() -> None:
    most = ", ".join(["*a"] * LIMITS.aliases)
    read(f"a: &a x\nb: [{most}]".encode(), FILE)
    assert "aliases" in only_problem(f"a: &a x\nb: [{most}, *a]").message


def test_the_length_of_a_text_has_a_limit() -> None:
    read(b"a: " + b"x" * LIMITS.text, FILE)
    assert "at most" in only_problem("a: " + "x" * (LIMITS.text + 1)).message


def test_the_size_of_the_file_has_a_limit() -> None:
    read(b"a: 1 #" + b"x" * (LIMITS.bytes - 6), FILE)
    error = refused(b"a: 1 #" + b"x" * (LIMITS.bytes - 5))
    assert "1.0 MB" in error.message
    assert "1 MiB" in error.message


@pytest.mark.parametrize(
    ("limits", "text", "said"),
    [
        (Limits(bytes=4), "a: 12", "workflows.yaml has"),
        (Limits(depth=1), "a: [b]", "nested deeper than 1 levels"),
        (Limits(values=2), "a: b", "more than 2 values"),
        (Limits(aliases=0), "a: &a b\nc: *a", "more than 0 aliases"),
        (Limits(text=1), "a: bc", "at most 1 are read"),
    ],
)
def test_the_limits_are_those_given(limits: Limits, text: str, said: str) -> None:
    read(text.encode(), FILE)
    with pytest.raises(WfError) as caught:
        read(text.encode(), FILE, limits)
    assert said in caught.value.message


def test_what_is_too_much_may_be_allowed() -> None:
    text = b"a: " + b"x" * LIMITS.text + b"y"
    read(text, FILE, Limits(text=LIMITS.text + 1))


# --- where syntax errors are ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: b: c\n", (1, 5)),
        ("workflows:\n\t- a\n", (2, 1)),
        ("a: 1\n}\n", (2, 1)),
        ('a: "\\q"\n', (1, 5)),
        ("a: @b\n", (1, 4)),
        ("a: 1\nb 2\nc: 3\n", (2, 1)),
    ],
)
def test_a_syntax_error_is_shown_where_it_is(text: str, where: tuple[int, int]) -> None:
    problem = only_problem(text)
    assert position(problem) == where
    assert problem.message.startswith("not valid YAML: ")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('a: 1\nb: "c\nd: 2\n', (2, 4)),
        ("a: 1\nb: 'c\n\n\n", (2, 4)),
        ("a: {b: 1\n", (1, 4)),
        ("a: [b\n", (1, 4)),
    ],
)
def test_what_is_open_at_the_end_is_shown_where_it_opens(text: str, where: tuple[int, int]) -> None:
    assert position(only_problem(text)) == where


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a\x07", (1, 2)),
        ("ab: c\nde: f\x07\n", (2, 6)),
        ("é: ü\nöö: é\x07\n", (2, 6)),
        ("日本: x\r\nb: \x1b[0m\r\n", (2, 4)),
    ],
)
def test_a_control_character_is_shown_where_it_is(text: str, where: tuple[int, int]) -> None:
    problem = only_problem(text)
    assert position(problem) == where
    assert marked(problem) == text.splitlines()[where[0] - 1][where[1] - 1]
    assert "not allowed in YAML" in problem.message


def test_a_tab_and_an_unquoted_colon_get_hints() -> None:
    tab, colon = only_problem("a:\n\tb: c\n"), only_problem("a: b: c\n")
    assert tab.hint is not None
    assert "tab" in tab.hint
    assert colon.hint is not None
    assert "quotes" in colon.hint


# --- properties -----------------------------------------------------------------------------------

FRAGMENTS = [
    *"abc-?:,[]{}#&*!|>'\"%@`~<=. \t\n\r",
    *(
        "- ",
        ": ",
        "\n  ",
        "\n    ",
        "\n- ",
        "? ",
        "${{ x }}",
        "{{x}}",
        "<<: ",
        "&a ",
        "*a",
        "!!str ",
    ),
    *("---\n", "...\n", "%YAML 1.2\n", "name: a", "é", "\x85", "\u2028", "\ufeff", "\x0c", "\x07"),
    *("'x'", '"\\0"', '"\\x07"', "3.10", "~", "|2\n", ">-\n", "日本", "\U0001f600", "\u202e"),
]
SOUND = """\
workflows:
  - name: train
    provider: python
    script: train.py
    env: {A: "1", B: 'two'}
    artifacts: [data, {path: model}]
    resources:
      gpu: {count: 1, name: V100}
"""


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A sound file with a few pieces cut out or put in."""
    text = SOUND
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 3))
        piece = draw(st.sampled_from(FRAGMENTS))
        text = text[:at] + piece + text[at + gone :]
    return text


def answer(source: bytes) -> Document | WfError:
    """What reading comes to; anything but these two fails the test."""
    try:
        return read(source, FILE)
    except WfError as error:
        return error


def check_answer(source: bytes) -> None:
    found = answer(source)
    if isinstance(found, Document):
        found.root.data()
        return
    assert found.kind == INVALID
    assert found.message
    for problem in found.problems:
        place = problem.place
        assert place is not None
        assert "\n" not in problem.message
        assert len(problem.message) < 300
        lines = source.decode("utf-8-sig").splitlines()
        assert 1 <= place.line <= len(lines)
        assert place.excerpt == lines[place.line - 1]
        assert 1 <= place.column <= len(place.excerpt) + 1
        assert place.column < place.end_column <= len(place.excerpt) + 2


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    check_answer(source)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    check_answer(text.encode("utf-8", "replace"))


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
@example("---\n")
@example('"a\\nb": 1\n"a\\nb": 2\n')
@example("a: *" + "b" * 999)
@example("é\x07")
@example("\n\x0c")
@example("? ")
@example("- |\n")
def test_any_pile_of_yaml_is_read_or_refused(text: str) -> None:
    check_answer(text.encode())


@given(mutated())
def test_any_mutation_of_a_sound_file_is_read_or_refused(text: str) -> None:
    check_answer(text.encode())


# a NUL is refused; the others are line breaks that PyYAML forgets to escape
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\x85\u2028\u2029"), max_size=30
)
trees: st.SearchStrategy[Any] = st.recursive(
    texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts.filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(trees, st.sampled_from([True, False, None]), st.booleans())
def test_no_text_is_altered(tree: Any, flow: bool | None, unicode: bool) -> None:  # noqa: FBT001
    source = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=unicode)
    assert read(source.encode(), FILE).root.data() == tree


# --- files in which nothing is written ------------------------------------------------------------


@pytest.mark.parametrize(
    "source", [b"", b"\n \n\t\n", b"# a\n  # b", b"---\n# a\n...\n", b"\xef\xbb\xbf# a\r\n"]
)
def test_a_file_may_be_blank(source: bytes) -> None:
    assert is_blank(source)
    assert nothing_in(source)


def nothing_in(source: bytes) -> bool:
    try:
        return read(source, "a.yaml").root.data() is None
    except WfError:
        return True


@given(st.text(st.sampled_from("# \n-.a:~"), max_size=12))
def test_nothing_can_be_read_from_a_blank_file(text: str) -> None:
    if is_blank(text.encode()):
        assert nothing_in(text.encode())


@pytest.mark.parametrize("source", [b"a", b"# a\nb: c", b"~", b"--- x", b"\xff", b"\x00"])
def test_what_is_not_blank(source: bytes) -> None:
    assert not is_blank(source)
