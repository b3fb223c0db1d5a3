"""Mistakes as people see them: file:line:column, the line, a caret, the reason, a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.style import Style, columns, harmless, style
from runner.errors import INVALID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.document.mend import Fixed
    from runner.errors import Place, Problem, WfError

_KINDS = {
    64: "usage", 65: "invalid", 69: "unsatisfiable", 70: "internal", 71: "lost",
    73: "storage", 75: "busy", 78: "environment",
}  # fmt: skip
_INDENT = 2
_KEEP_LEFT = 10
# the longest line that is shown put right
_SUGGESTED = 500


def show_error(error: WfError, stream: TextIO, variables: Mapping[str, str]) -> None:
    """Write an error to ``stream``: every problem it has, or its one message."""
    dress = style(stream, variables)
    if error.problems:
        show_problems(error.problems, stream, variables)
    else:
        stream.write(_headline(None, error.message, dress))
    if error.details:
        stream.writelines(
            dress.plain("  │ ") + line + "\n" for line in harmless(error.details).splitlines()
        )
    if error.hint:
        stream.write(_hint(error.hint, dress))
    stream.flush()


def show_problems(
    problems: Iterable[Problem], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """Write each problem with its place."""
    _show(problems, stream, variables, ("error:", "red"))


def show_warnings(
    warnings: Iterable[Problem], stream: TextIO, variables: Mapping[str, str]
) -> None:
    """Write what is no mistake of the file's, but will be in the way all the same."""
    _show(warnings, stream, variables, ("warning:", "yellow"))


def _show(
    problems: Iterable[Problem],
    stream: TextIO,
    variables: Mapping[str, str],
    kind: tuple[str, str],
) -> None:
    dress = style(stream, variables)
    for problem in problems:
        stream.write(_headline(problem.place, problem.message, dress, kind))
        stream.writelines(_excerpts(problem, dress))
        if problem.hint:
            stream.write(_hint(problem.hint, dress))
        stream.writelines(_suggestion(problem, dress))


def show_notices(
    notices: Iterable[Problem],
    stream: TextIO,
    variables: Mapping[str, str],
    *,
    hints: bool = True,
) -> None:
    """Write what was read but has no effect: each once, however often it was written."""
    dress = style(stream, variables)
    said: dict[str, list[Problem]] = {}
    for notice in notices:
        said.setdefault(notice.message, []).append(notice)
    for message, (first, *more) in said.items():
        also = _also(first, more)
        stream.write(_headline(first.place, message + also, dress, ("note:", "cyan")))
        if first.hint and hints:
            stream.write(_hint(first.hint, dress))


def _also(first: Problem, more: list[Problem]) -> str:
    """Where else it was written. What several workflows share (a profile) stands there once."""
    here = first.place
    places = {(again.place.file, again.place.line) for again in more if again.place}
    if here is None or not places - {(here.file, here.line)}:
        return ""
    lines = sorted(line for file, line in places if file == here.file and line != here.line)
    others = sorted(place for place in places if place[0] != here.file)
    said = [f"on line {', '.join(map(str, lines))}"] if lines else []
    said += [f"in {', '.join(f'{file}:{line}' for file, line in others)}"] if others else []
    return f" (also {' and '.join(said)})"


def show_aged(warnings: list[Problem], stream: TextIO, variables: Mapping[str, str]) -> None:
    """Say in one line that there are such warnings, and name the files."""
    if not warnings:
        return
    files = ", ".join(dict.fromkeys(found.place.file for found in warnings if found.place))
    message = f"{files}: newer packages removed what it uses; `wf validate` shows where"
    stream.write(_headline(None, message, style(stream, variables), ("warning:", "yellow")))


def show_faulty(files: Iterable[str], stream: TextIO, variables: Mapping[str, str]) -> None:
    """Name files whose mistakes are in nobody's way."""
    dress = style(stream, variables)
    for file in files:
        message = f"{file} has mistakes; `wf validate` shows them"
        stream.write(_headline(None, message, dress, ("note:", "cyan")))


def error_document(error: WfError) -> dict[str, Any]:
    """The same for programs."""
    return {
        "error": _KINDS.get(error.kind, "internal"),
        "exit_code": error.kind,
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
        "problems": [problem_document(problem) for problem in error.problems],
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """One problem for programs. Lines and columns count from 1."""
    return {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "route": list(problem.route),
        **_position(problem.place),
        "fixable": problem.fix is not None,
        "related": [
            {"message": other.message, "route": list(other.route), **_position(other.place)}
            for other in problem.related
        ],
    }


def _position(place: Place | None) -> dict[str, Any]:
    return {
        "file": place and place.file,
        "line": place and place.line,
        "column": place and place.column,
        "end_column": place and place.end_column,
    }


def _headline(
    place: Place | None, message: str, dress: Style, kind: tuple[str, str] = ("error:", "red")
) -> str:
    where = f"{harmless(place.file)}:{place.line}:{place.column}: " if place else ""
    label, colour = kind
    said = dress.paint(label, colour, "bold")
    return f"{dress.paint(where, 'bold') if where else ''}{said} {harmless(message)}\n"


def _hint(text: str, dress: Style) -> str:
    return f"{dress.paint('hint:', 'cyan')} {harmless(text)}\n"


def _suggestion(problem: Problem, dress: Style) -> Iterator[str]:
    """The line at fault as it should be, if that is certain and the hint does not say it."""
    fix, place = problem.fix, problem.place
    if fix is None or place is None or fix.change == "rename":
        return
    if len(place.excerpt) > _SUGGESTED:
        return
    from runner.document.edits import in_one_line

    number = str(place.line)
    for line in in_one_line(place.line, place.excerpt, fix.edits):
        text = harmless(line.replace("\t", " "))
        gutter = f" {number:>{len(str(place.line))}} + "
        yield f"{dress.paint(gutter, 'green')}{text[: max(dress.width - len(gutter) - 1, 20)]}\n"
        number = ""


def _excerpts(problem: Problem, dress: Style) -> Iterator[str]:
    """The line at fault, and below it those it has to do with, each with what is there."""
    shown = [(problem.place, None), *((other.place, other.message) for other in problem.related)]
    placed = [(place, label) for place, label in shown if place is not None]
    digits = max((len(str(place.line)) for place, _ in placed), default=0)
    file = problem.place and problem.place.file
    for place, label in placed:
        if place.file != file:
            where = f"{harmless(place.file)}:{place.line}:{place.column}"
            yield dress.paint(f"{' ' * digits} ::: ", "dim") + where + "\n"
        yield _excerpt(place, label, digits, dress)


def _excerpt(place: Place, label: str | None, digits: int, dress: Style) -> str:
    """A line with a mark under the fault, or a label, cut to the width of the terminal."""
    gutter = f" {place.line:>{digits}} {dress.plain('│')} "
    room = max(dress.width - len(gutter) - 1, 20)
    # a tab takes one column here, so that the mark stands where the mistake is
    text = place.excerpt
    start, end = place.column - 1, max(place.end_column - 1, place.column)
    # a line may be as long as the file, and be shown for each of its mistakes
    parts = text[max(start - room, 0) : start], text[start:end][:room], text[end : end + room]
    before, marked, after = (harmless(part.replace("\t", " ")) for part in parts)
    if len(before + marked) > room:
        cut = max(min(len(before) - _KEEP_LEFT, len(before + marked + after) - room), 0)
        before = before[cut:]
    line = (before + marked + after)[:room]
    marked = marked[: room - len(before)]
    blank = dress.paint(" " * (digits + _INDENT) + dress.plain("│") + " ", "dim")
    left, width = " " * columns(before), max(columns(marked), 1)
    above = f"{dress.paint(gutter, 'dim')}{line}\n{blank}{left}"
    if label is None:
        return above + dress.paint("^" * width, "red", "bold") + "\n"
    # a label that has no room beside its mark goes below it
    fits = len(left) + width + 1 + columns(label) <= room
    joint = " " if fits else f"\n{blank}"
    return above + dress.paint("-" * width + joint + harmless(label), "cyan") + "\n"


def show_fixed(fixed: Iterable[Fixed], dress: Style) -> Iterator[str]:
    """What was put right, each with its lines before and after."""
    for done in fixed:
        where = dress.paint(f"{harmless(done.file)}:{done.line}: ", "bold")
        yield f"{where}{dress.paint('fixed:', 'green', 'bold')} {harmless(done.message)}\n"
        yield from (_difference("-", line, "red", dress) for line in done.before)
        yield from (_difference("+", line, "green", dress) for line in done.after)


def _difference(sign: str, line: str, colour: str, dress: Style) -> str:
    text = harmless(line.replace("\t", "→   " if dress.unicode else "    "))
    return f" {dress.paint(sign, colour)} {text[: max(dress.width - 4, 20)]}\n"


def fixed_document(done: Fixed) -> dict[str, Any]:
    """One correction for programs."""
    return {
        "file": done.file,
        "line": done.line,
        "message": done.message,
        "before": list(done.before),
        "after": list(done.after),
    }


def count_line(problems: int, fixable: int, dress: Style) -> str:
    """The last line of a validation; ``fixable`` are those that wf can put right itself."""
    said = f"{problems} mistake{'' if problems == 1 else 's'}"
    of = f"{fixable} of them" if fixable < problems else "it" if problems == 1 else "them"
    more = f"; `wf validate --fix` puts {of} right" if fixable else ""
    return dress.paint(said, "red") + f" (exit {INVALID}){more}\n"
