"""Requirement files: their lines, what they include, and what can never be installed."""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.plan.environment import RequirementFile
from runner.plan.requirements import Line, lines
from runner.plan.requirements import read as read_file
from runner.plan.requirements.encoding import decode
from runner.plan.requirements.variables import expanded, identity
from runner.plan.sources.paths import included

if TYPE_CHECKING:
    from runner.errors import Problem


def read(text: str) -> list[Line]:
    """The lines of a text."""
    return list(lines(text))


def faults(text: str) -> list[Problem]:
    """What is wrong with a text."""
    return list(read_file(RequirementFile("requirements.txt", text)).problems)


def includes(path: str, text: str) -> tuple[str, ...]:
    """The files that the file at ``path`` includes, below the project."""
    found = read_file(RequirementFile(path, text)).includes
    return tuple(included(path, one) for one in found)


def marked(problem: Problem) -> tuple[int, str]:
    """The line and the text that a problem points at."""
    place = problem.place
    assert place is not None
    assert place.file == "requirements.txt"
    return place.line, place.excerpt[place.column - 1 : place.end_column - 1]


# --- what is too much ---------------------------------------------------------------------------


def test_a_marker_without_end_is_a_mistake_and_no_crash() -> None:
    (problem,) = faults("six; " + "(" * 20_000)
    assert problem.message.endswith("is not a requirement: nested too deeply")


def test_no_more_mistakes_are_told_than_are_read() -> None:
    assert len(faults("a b\n" * 500)) == 100


# --- lines ----------------------------------------------------------------------------------------


def test_comments_and_empty_lines_say_nothing() -> None:
    text = "# torch\n\ntorch==2.0 # why\n   \nnumpy#not a comment\n"
    assert read(text) == [Line(3, "torch==2.0"), Line(5, "numpy#not a comment")]


def test_a_continued_line_is_one_line_with_the_number_of_its_first() -> None:
    text = "six\ntorch==2.0 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11\nnumpy\n"
    assert read(text) == [
        Line(1, "six"),
        Line(2, "torch==2.0    --hash=sha256:00    --hash=sha256:11"),
        Line(5, "numpy"),
    ]


def test_a_line_that_is_continued_nowhere_still_counts() -> None:
    assert read("torch \\") == [Line(1, "torch")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_will_do(ending: str) -> None:
    assert read(f"torch{ending}numpy{ending}") == [Line(1, "torch"), Line(2, "numpy")]


def test_a_comment_is_not_continued() -> None:
    # uv and pip both install six here
    assert read("# unpacked in C:\\temp\\\nsix==1.16.0\n") == [Line(2, "six==1.16.0")]
    # and uv installs both here
    assert read("torch # for C:\\\nsix\n") == [Line(1, "torch"), Line(2, "six")]


@given(st.text(st.sampled_from("a#\\ \n\r\t-=é\x0c"), max_size=40))
@example("\\\n\\\na")
@example("#\\\n#\\\n")
def test_lines_are_numbered_from_the_text_and_hold_no_comment(text: str) -> None:
    numbers = [line.number for line in lines(text)]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= len(text.splitlines()) for number in numbers)
    for line in lines(text):
        assert line.text == line.text.strip() != ""
        assert not line.text.startswith("#")
        assert " #" not in line.text


@given(st.lists(st.sampled_from(["torch==2.0", "numpy>=1 ; python_version<'4'", "-r x.txt"])))
def test_comments_blank_lines_and_indentation_change_nothing(plain: list[str]) -> None:
    dressed = "".join(f"\n# a \\\n  {line}  # b\n" for line in plain)
    assert [line.text for line in lines(dressed)] == plain


# --- includes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("-r base.txt", "base.txt"),
        ("-rbase.txt", "base.txt"),
        ("-r=base.txt", "base.txt"),
        ("--requirement base.txt", "base.txt"),
        ("--requirement=base.txt", "base.txt"),
        ("-c constraints.txt", "constraints.txt"),
        ("--constraint constraints.txt # why", "constraints.txt"),
        ("-r ./sub/../base.txt", "base.txt"),
    ],
)
def test_what_a_file_includes(line: str, path: str) -> None:
    assert includes("requirements.txt", f"torch\n{line}\n") == (path,)


def test_an_include_is_relative_to_the_file_that_includes() -> None:
    text = "-r base.txt\n-c ../constraints.txt\n-r ../../outside.txt\n-r /etc/x.txt\n"
    assert includes("env/gpu/requirements.txt", text) == (
        "env/gpu/base.txt",
        "env/constraints.txt",
        "outside.txt",
        "/etc/x.txt",
    )


@pytest.mark.parametrize(
    "line",
    ["-r https://example.org/r.txt", "-e ./pkg", "--index-url https://x", "torch", "--no-r x"],
)
def test_what_includes_nothing(line: str) -> None:
    assert includes("requirements.txt", line) == ()


# --- mistakes -------------------------------------------------------------------------------------

SOUND = """\
torch==2.13.0
Lightning[extra] >= 2.1, < 3 ; python_version >= "3.9"
numpy==1.26.4 --hash=sha256:0123 --hash=sha256:4567
six ~= 1.16
package @ https://example.org/package-1.0-py3-none-any.whl
git+https://example.org/repo.git@v1#egg=repo
https://example.org/package-1.0-py3-none-any.whl
-e git+https://example.org/repo.git#egg=repo
-r base.txt
--extra-index-url https://example.org/simple
--pre
"""


def test_what_can_be_installed_is_left_alone() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("torch=2.13.0", "="),
        ("torch==2.13.0 numpy", "n"),
        ("torch>=", ">"),
        ("!!", "!!"),
        ("torch[gpu", None),
        ("torch; python_version", None),
        ("torch==2.*.0", None),
    ],
)
def test_what_is_no_requirement_is_shown_where_it_goes_wrong(line: str, text: str | None) -> None:
    (problem,) = faults(f"six\n  {line}\n")
    assert problem.message.startswith(f"`{line}` is not a requirement: ")
    assert problem.code == "requirement"
    assert problem.hint == "write, for example, torch==2.13.0"
    number, shown = marked(problem)
    assert number == 2
    assert text is None or shown == text


def test_every_line_at_fault_is_told() -> None:
    assert [marked(problem)[0] for problem in faults("a b\nsix\n!!\n--no-deps\n")] == [1, 3, 4]


PIECES = [
    *("torch", "==", "2.0", "[", "]", ";", "@", " ", "-e", "-r", ".", "/", "\\\n", "#", "://", "*"),
    *("'", "python_version", "<", "\n", "\t", "(", ")", ",", "+local", "!=", "===", "é", '"'),
    *(
        "--hash=",
        "--pre",
        "-i",
        "-f",
        "file:",
        "${A}",
        "git+https",
        "egg=",
        "&",
        "--no-binary",
        "~",
    ),
]


@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("torch \\\n  ==\\\n ???")
@example("\\\n  torch ???")
@example("\t\x0ctorch ???")
@example("-e=[")
@example("a @ file:[")
def test_any_text_is_checked_and_mistakes_lie_inside_it(text: str) -> None:
    includes("a/b.txt", text)
    for problem in faults(text):
        place = problem.place
        assert place is not None
        assert place.excerpt == text.splitlines()[place.line - 1]
        assert 1 <= place.column < place.end_column <= len(place.excerpt) + 2
        assert place.column <= len(place.excerpt) + 1


@given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_uv_is_given_says_the_same_when_it_is_read_again(text: str) -> None:
    """Each of its lines is one that uv reads, and has nothing of the project."""
    first = read_file(RequirementFile("requirements.txt", text))
    if first.problems:
        return
    again = read_file(RequirementFile("requirements.txt", first.text))
    assert again.text == first.text
    assert (again.problems, again.local, again.options) == ((), (), ())


# --- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_the_encoding(mark: bytes, encoding: str) -> None:
    assert decode(mark + "torch # für\n".encode(encoding)) == "torch # für\n"


def test_a_declaration_decides_the_encoding() -> None:
    text = "# -*- coding: latin-1 -*-\n# für\nsix\n"
    assert decode(text.encode("latin-1")) == text


@pytest.mark.parametrize(
    "content",
    [b"six # \xfcber\n", b"# coding: no-such\nsix\n", b"# coding: base64\nsix\n", b"\xff\xfe\x00"],
)
def test_what_is_no_text_is_said(content: bytes) -> None:
    with pytest.raises(UnicodeError):
        decode(content)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_are_not(content: bytes) -> None:
    with suppress(UnicodeError):
        decode(content)


# --- variables ------------------------------------------------------------------------------------


def test_variables_are_those_of_pip() -> None:
    variables = {"A_1": "x", "EMPTY": "", "lower": "no"}
    said = "${A_1} $A_1 ${EMPTY} ${lower} ${UNSET}"
    assert expanded(said, variables) == "x $A_1 ${EMPTY} ${lower} ${UNSET}"


def test_a_version_in_a_variable_is_part_of_what_a_line_is_and_a_password_is_not() -> None:
    line = "six @ https://${USER}:${PASSWORD}@example.org/six-${VERSION}.whl"
    one = {"USER": "a", "PASSWORD": "b", "VERSION": "1"}
    assert identity(line, one) == identity(line, {**one, "USER": "c", "PASSWORD": "d"})
    assert identity(line, one) != identity(line, {**one, "VERSION": "2"})
