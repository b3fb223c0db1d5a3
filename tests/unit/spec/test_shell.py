"""References in shell text, compared with what bash makes of them.

``VALUE`` is the variable; the text with the value spliced in is what dstack ran, and for harmless
values both must print the same. A hostile value would print ``pwned`` if any of it were run.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.spec.shell import CannotReferError, refer
from tests.conftest import program, require

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "${{ value }}"
ARGS = "${{ run.args }}"
# a word, words, digits only, nothing, and what a pattern matches: harmless wherever it stands
HARMLESS = ("word", "two words", "7", "", "a-b/c.d", "x=1,y=2")
MARKER = "pwned-by-a-value"
HOSTILE = (
    f"; touch {MARKER} #",
    f"$(touch {MARKER})",
    f"`touch {MARKER}`",
    f"\ntouch {MARKER}\n",
    f"'; touch {MARKER}; '",
    f'"; touch {MARKER}; "',
    f"'\"; touch {MARKER}; \"'",
    f"| touch {MARKER}",
    f"&& touch {MARKER}",
    f") ; touch {MARKER}; (",
    f"}}; touch {MARKER}; {{",
    f"a[$(touch {MARKER})]",
    f"\nEND\ntouch {MARKER}\n",
    f"> {MARKER}",
    f"<(touch {MARKER})",
    f"${{x:=$(touch {MARKER})}}",
)

PLACES = {
    "bare": f"echo {VALUE}",
    "bare, in a word": f"echo a{VALUE}b",
    "several": f"echo {VALUE} - {VALUE}",
    "double": f'echo "a {VALUE} b"',
    "double, with an escape": f'echo "\\" {VALUE} \\" b"',
    "double, with an apostrophe": f'echo "it\'s {VALUE}"',
    "single": f"echo 'a {VALUE} b'",
    "single, with a backslash": f"echo 'a\\' {VALUE}",
    "single, with double quotes": f"echo 'say \"{VALUE}\"'",
    "ansi": f"echo $'a\\t{VALUE}\\'b'",
    "ansi has no meaning in double quotes": f"echo \"$'{VALUE}'\"",
    "an escaped quote": f"echo \\' {VALUE} \\'",
    "an escaped double quote": f'echo \\" {VALUE} \\"',
    "an escaped backslash": f"echo \\\\ '{VALUE}'",
    "command": f"echo $(echo {VALUE})",
    "command in double quotes": f'echo "$(echo {VALUE})"',
    "quotes in a command in quotes": f'echo "$(echo "{VALUE}" \'{VALUE}\')" \'{VALUE}\'',
    "brackets in a command": f"echo \"$( (echo '{VALUE}') )\" '{VALUE}'",
    "backquotes": f"echo `echo {VALUE}`",
    "backquotes, single": f"echo `echo '{VALUE}'` '{VALUE}'",
    "backquotes in double quotes": f"echo \"`echo '{VALUE}'` {VALUE}\"",
    "case in a command": f"echo \"$(case a in a) echo '{VALUE}';; b) ;; esac)\" '{VALUE}'",
    "case with brackets": f"echo $(case a in (a) echo '{VALUE}';; esac) '{VALUE}'",
    "case of the value": f"case {VALUE}- in word-) echo yes;; *) echo no;; esac".replace(
        VALUE, f'"{VALUE}"'
    ),
    "the word case": f"echo $(echo case '{VALUE}' in) '{VALUE}'",
    "default": f"echo ${{unset:-{VALUE}}}",
    "default, in double quotes": f'echo "${{unset:-{VALUE}}}"',
    "default, with quotes": f"echo ${{unset:-'{VALUE}'}}",
    "default, nested": f"echo ${{unset:-${{none:-{VALUE}}}}} '{VALUE}'",
    "a pattern with a number sign": f"x=a#b; echo ${{x/ #/}} ${{x#*#}} '{VALUE}'",
    "a length": f"x=abc; echo ${{#x}} '{VALUE}'",
    "a slice before": f"x=abc; echo ${{x:1:1}} '{VALUE}'",
    "an array before": f"x=(a b); echo ${{x[1]}} ${{x[@]}} '{VALUE}'",
    "assignment": f'x="{VALUE}"; echo "$x"',
    "comment": f"echo a # it's {VALUE}\necho '{VALUE}'",
    "comment first": f"# don't\necho '{VALUE}'",
    "no comment in a word": f"echo a#'{VALUE}'",
    "no comment behind an escape": f"echo \\ #'{VALUE}'",
    "comment in a command": f"echo $(echo a # )\n) '{VALUE}'",
    "here-document": f"cat <<END\na {VALUE} 'b' \"c\"\nEND\necho '{VALUE}'",
    "here-document with tabs": f"cat <<-END\n\ta {VALUE}\n\tEND\necho '{VALUE}'",
    "two here-documents": f"cat <<A; cat <<B\na {VALUE}\nA\nb '{VALUE}'\nB\necho '{VALUE}'",
    "here-document in a command": f"echo \"$(cat <<END\na '{VALUE}'\nEND\n)\" '{VALUE}'",
    "a command in a here-document": f"cat <<END\n$(echo '{VALUE}')\nEND\necho '{VALUE}'",
    "a here-document in a here-document": (
        f"cat <<A\n$(cat <<B\nit's {VALUE}\nB\n)\nit's {VALUE}\nA\necho '{VALUE}'"
    ),
    "behind a quoted here-document": f"cat <<'END'\nit's $x\nEND\necho '{VALUE}'",
    "behind an escaped here-document": f"cat <<\\END\nit's \\\nEND\necho '{VALUE}'",
    "comment before a here-document's text": f"cat <<END # it's\n{VALUE}\nEND\necho '{VALUE}'",
    "a here-document without an end": f"cat <<END 2>/dev/null\nit's {VALUE}",
    "here-string": f"cat <<< '{VALUE}'",
    "here-string, bare": f'cat <<< "{VALUE}"; echo \'{VALUE}\'',
    "behind arithmetic": f"echo $(( (1 + (2)) )) $((1 << 2)) '{VALUE}'",
    "behind an arithmetic command": f"(( 1 << 2 )) && echo '{VALUE}'",
    "behind a loop with numbers": f"for ((i = 0; i < 1; i++)); do echo '{VALUE}'; done",
    "a test for texts": f"[[ '{VALUE}' == word ]] && echo yes '{VALUE}'",
    "a test for numbers before": f"[[ 1 -eq 1 ]] && echo '{VALUE}'",
    "test of the old kind": f"[ '{VALUE}' = word ]; echo $?",
    "the word let": f"echo let '{VALUE}'",
    "a pipe": f"echo {VALUE} | cat",
    "a function": f"f() {{ echo '{VALUE}'; }}; f",
    "over lines": f"echo \\\n  {VALUE} \\\n  '{VALUE}'",
    "a value of an option": f"printf '<%s>' --lr={VALUE} --name '{VALUE}'",
    "words": f"printf '<%s>' {VALUE}",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _bash() -> None:
    require("bash", program("bash"))


def bash(text: str, folder: Path | str, *args: str, **variables: str) -> tuple[int, str]:
    """What bash prints, and its code."""
    done = subprocess.run(
        ["bash", "-c", text, "name", *args],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def referred(text: str) -> str:
    return refer(text, lambda _written, name: {"run.args": "@"}.get(name, "V"))


def spliced(text: str, value: str) -> str:
    return text.replace(VALUE, value)


@pytest.mark.parametrize("place", PLACES)
def test_harmless_values_do_what_splicing_did(place: str, tmp_path: Path) -> None:
    text = PLACES[place]
    for value in HARMLESS:
        assert bash(referred(text), tmp_path, V=value) == bash(spliced(text, value), tmp_path)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_in_a_value_is_run(place: str, tmp_path: Path) -> None:
    text = referred(PLACES[place])
    for value in HOSTILE:
        bash(text, tmp_path, V=value)
        assert list(tmp_path.iterdir()) == [], value


def test_hostile_values_would_be_run_if_they_were_spliced_in(tmp_path: Path) -> None:
    """Or else the test above proves nothing."""
    for value in HOSTILE[:3]:
        bash(spliced(PLACES["bare"], value), tmp_path)
        (tmp_path / MARKER).unlink()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"echo {VALUE}", "echo ${V}"),
        (f'echo "{VALUE}"', 'echo "${V}"'),
        (f"echo '{VALUE}'", "echo ''\"${V}\"''"),
        (f"echo $'{VALUE}'", "echo $''\"${V}\"$''"),
        (f"echo {ARGS}", 'echo "$@"'),
        (f'echo "{ARGS}"', 'echo "$*"'),
        ("echo ${{value}}", "echo ${V}"),
        ("echo $x ${y} $$ {{ z }}", "echo $x ${y} $$ {{ z }}"),
    ],
)
def test_what_becomes_of_it(text: str, expected: str) -> None:
    assert referred(text) == expected


@pytest.mark.parametrize("text", [f"echo \\{VALUE}", f'echo "\\{VALUE}"'])
def test_a_backslash_keeps_it(text: str, tmp_path: Path) -> None:
    assert referred(text) == text
    assert bash(text.replace(VALUE, "${{value}}"), tmp_path) == (0, "${{value}}\n")


@pytest.mark.parametrize("place", ["bare", "single", "double"])
def test_words_of_the_run(place: str, tmp_path: Path) -> None:
    text = {"bare": f"printf '<%s>' {ARGS}", "single": f"printf '<%s>' '{ARGS}'",
            "double": f'printf "<%s>" "{ARGS}"'}[place]  # fmt: skip
    expected = "<a><b c>" if place == "bare" else "<a b c>"
    assert bash(referred(text), tmp_path, "a", "b c") == (0, expected)


ARITHMETIC = [
    f"echo $(({VALUE} + 1))",
    f'echo "$(({VALUE} + 1))"',
    f"echo $(( (1 + (2)) + {VALUE} ))",
    f"echo $(( ((1)) + {VALUE} ))",
    f"echo $(( ${{unset:-{VALUE}}} ))",
    f"echo $(( $(echo {VALUE}) ))",
    f"echo $[{VALUE}]",
    f"echo $[a[0] + {VALUE}]",
    f"(({VALUE} > 1))",
    f"if (( {VALUE} )); then echo; fi",
    f"for ((i = 0; i < {VALUE}; i++)); do echo; done",
    f"x=abc; echo ${{x:{VALUE}}}",
    f'x=abc; echo "${{x:0:{VALUE}}}"',
    f"echo ${{@:{VALUE}}}",
    f"x=(a b); echo ${{x[{VALUE}]}}",
    f"x[{VALUE}]=1",
    f"[[ {VALUE} -eq 1 ]]",
    f'[[ "{VALUE}" -eq 1 ]]',
    f"[[ 1 -lt {VALUE} ]]",
    f"[[ -v {VALUE} ]]",
    f"let x={VALUE}",
    f"true; let 'x = {VALUE}'",
    f"cat <<END\n$(({VALUE}))\nEND",
]


@pytest.mark.parametrize("text", ARITHMETIC)
def test_where_a_value_would_be_evaluated(text: str, tmp_path: Path) -> None:
    with pytest.raises(CannotReferError) as caught:
        referred(text)
    assert (caught.value.place, caught.value.expression) == ("arithmetic", VALUE)
    bash(text.replace(VALUE, "${V}"), tmp_path, V=f"a[$(touch {MARKER})]", a="1")


def test_evaluated_values_are_run_which_is_why(tmp_path: Path) -> None:
    hostile = f"a[$(touch {MARKER})]"
    for text in (ARITHMETIC[0], "(( V ))", "[[ $V -eq 1 ]]", "x=abc; echo ${x:V}", 'let "x=$V"'):
        bash(text.replace(VALUE, "${V}"), tmp_path, V=hostile)
        assert (tmp_path / MARKER).exists(), text
        (tmp_path / MARKER).unlink()


def test_the_way_out_that_the_hint_shows(tmp_path: Path) -> None:
    text = referred(f"n=$(printf %d {VALUE}); echo $((n + 1))")
    assert bash(text, tmp_path, V="7") == (0, "8\n")
    bash(text, tmp_path, V=f"a[$(touch {MARKER})]")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("delimiter", ["'END'", '"END"', "\\END"])
def test_where_a_shell_expands_nothing(delimiter: str) -> None:
    with pytest.raises(CannotReferError) as caught:
        referred(f"cat <<{delimiter}\n{VALUE}\nEND\n")
    assert (caught.value.place, caught.value.expression) == ("literal", VALUE)


def test_an_expression_that_is_not_closed() -> None:
    with pytest.raises(CannotReferError) as caught:
        referred("echo ${{ value }")
    assert (caught.value.place, caught.value.expression) == (None, "${{")


# --- properties -----------------------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b c", "-", "\\'", '\\"', "\\\\", "#", "a#b", "=", "$x", "${x:-y}"])


def _bare(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quoted_inner = inner.map(lambda text: f'"$({text})"')
    return st.one_of(
        quoted_inner,
        inner.map(lambda text: f"$({text})"),
        inner.map(lambda text: f"$( ({text}) )"),
        inner.map(lambda text: f"$(case x in x) {text};; esac)"),
        inner.map(lambda text: f"$({text} # it's \")\n)"),
        inner.map(lambda text: f"${{unset:-$({text})}}"),
        inner.map(lambda text: f"$(cat <<END\nit's $({text}) {VALUE}\nEND\n)"),
        inner.map(lambda text: f"$(cat <<'END'\nit's $(no \"\nEND\n{text})"),
    )


PIECES = st.one_of(
    st.just(VALUE),
    st.just(f"'{VALUE}'"),
    st.just(f'"{VALUE}"'),
    st.sampled_from(["'it\"s'", '"it\'s"', "$'it\\'s'", "$((1 + (2)))", "`echo 'a'`", "'a\\'"]),
    st.sampled_from([f"'a {VALUE}\"'", f'"a {VALUE}\'"', f"$'\\'{VALUE}'", f"`echo '{VALUE}'`"]),
    WORDS,
)
LEAVES = st.lists(PIECES, max_size=5).map(lambda pieces: "echo x" + " ".join(["", *pieces]))


def _commands(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pieces = st.lists(st.one_of(PIECES, _bare(inner)), min_size=1, max_size=4)
    return pieces.map(lambda found: "echo x " + " ".join(found).replace(" # ", " '#' "))


SCRIPTS = st.lists(st.recursive(LEAVES, _commands, max_leaves=4), min_size=1, max_size=3).map(
    "\n".join
)


@settings(max_examples=150)
@given(SCRIPTS, st.sampled_from(HARMLESS))
def test_any_text_does_what_splicing_did(
    tmp_path_factory: pytest.TempPathFactory, text: str, value: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert bash(referred(text), folder, V=value) == bash(spliced(text, value), folder), text


@settings(max_examples=150)
@given(SCRIPTS, st.sampled_from(HOSTILE))
def test_no_text_runs_a_value(
    tmp_path_factory: pytest.TempPathFactory, text: str, value: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    folder.mkdir(exist_ok=True)
    bash(referred(text), folder, V=value)
    assert list(folder.iterdir()) == [], text


SIGNS = ["$", "{", "}", "(", ")", "[", "]", "<<", "-", "'", '"', "`", "\\", "\n", "\t", "#", "E",
         " ", ";", VALUE, "${{", "}}", "$((", "[[", "]]", "-eq", "let ", "case x in ", "esac",
         "<<'E'"]  # fmt: skip


@given(st.lists(st.sampled_from(SIGNS), max_size=60).map("".join))
def test_any_signs_are_read_to_the_end(text: str) -> None:
    """What is not an expression stays as it is, in its order."""
    try:
        found = referred(text)
    except CannotReferError:
        return
    signs = str.maketrans("", "", "'\"$V{}")
    kept = re.sub(r"\$\{\{[^{}]*\}\}", "", text)
    assert re.sub(r"\$\{\{[^{}]*\}\}", "", found).translate(signs) == kept.translate(signs)


@pytest.mark.parametrize("unit", ["$(", "${", "((", "cat <<E\n$(", "${{", "[[ ", "<<'E", "let ",
                                  "(case ", "a[", "$'", "`", "<<E\n", VALUE,
                                  "case x in a) "])  # fmt: skip
def test_time_and_depth_are_bounded(unit: str) -> None:
    import time

    text = unit * (65_536 // len(unit)) + VALUE
    start = time.process_time()
    with suppress(CannotReferError):
        referred(text)
    assert time.process_time() - start < 5
