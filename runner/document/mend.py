"""Putting right what can be put right without a doubt, in rounds, until nothing is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.document.edits import changed, edited, touched
from runner.errors import WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from runner.errors import Edit, Problem

# a mistake of the syntax hides those below it, so each may take a round, in which all is read
_MAX_ROUNDS = 100
_MAX_READ = 2 << 20
_ROUNDS_AT_LEAST = 5
# nobody writes longer ones by hand, and each is kept as it was
_MAX_LINE = 2000
# the kinds of mistakes that leave a file no meaning
_UNREADABLE = frozenset({"syntax", "limit"})


@dataclass(frozen=True, slots=True)
class Fixed:
    """A mistake that was put right: its place, and the lines that changed."""

    file: str
    line: int
    message: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """The files afterwards, what was done, and what is left."""

    files: Mapping[str, bytes]
    fixed: tuple[Fixed, ...]
    error: WfError | None


class _Round:
    """Fixes that do not get in each other's way: no two touch one line, or write the same key."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._lines: dict[str, list[str]] = {}
        self._claims: set[tuple[object, ...]] = set()
        self._edits: dict[str, list[Edit]] = {}
        self.fixed: list[Fixed] = []

    def add(self, problem: Problem) -> None:
        """Take the problem's fix, if it has one that can be made in this round."""
        place, fix = problem.place, problem.fix
        if place is None or fix is None or place.file not in self._files:
            return
        lines = touched(fix.edits)
        claims: set[tuple[object, ...]] = {(place.file, line) for line in lines}
        if fix.text:
            claims.add((place.file, problem.route[:-1], fix.text))
        text = self._text(place.file)
        if claims & self._claims or any(
            len(text[n - 1]) > _MAX_LINE for n in lines if n <= len(text)
        ):
            return
        self._claims |= claims
        before, after = changed(text, fix.edits)
        done = Fixed(place.file, place.line, problem.message, tuple(before), tuple(after))
        self.fixed.append(done)
        self._edits.setdefault(place.file, []).extend(fix.edits)

    def _text(self, file: str) -> list[str]:
        if file not in self._lines:
            self._lines[file] = self._files[file].decode("utf-8-sig").splitlines()
        return self._lines[file]

    def files(self) -> dict[str, bytes]:
        """The files with all edits in them."""
        return {name: edited(text, self._edits.get(name, ())) for name, text in self._files.items()}


def mend(files: Mapping[str, bytes], check: Callable[[Mapping[str, bytes]], object]) -> Mended:
    """Apply every fix that is certain to ``files``, by name; ``check`` raises what is wrong.

    A round of fixes after which a text can be read no better than before is taken back.
    """
    fixed: list[Fixed] = []
    error = _error(files, check)
    for _ in range(_rounds(sum(map(len, files.values())))):
        done = _Round(files)
        for problem in error.problems if error else ():
            done.add(problem)
        if error is None or not done.fixed:
            break
        tried = done.files()
        found = _error(tried, check)
        if found is not None and _is_worse(found, error, done.fixed):
            break
        files, error = tried, found
        fixed += done.fixed
    return Mended(files, tuple(fixed), error)


def _rounds(size: int) -> int:
    """How many rounds files of ``size`` bytes together may take."""
    return max(min(_MAX_READ // max(size, 1), _MAX_ROUNDS), _ROUNDS_AT_LEAST)


def _error(
    files: Mapping[str, bytes], check: Callable[[Mapping[str, bytes]], object]
) -> WfError | None:
    try:
        check(files)
    except WfError as error:
        return error
    return None


def _is_worse(found: WfError, before: WfError, fixed: Iterable[Fixed]) -> bool:
    """Whether a text that could be read cannot any more, or a line is as bad as it was."""
    lines = {(done.file, done.line) for done in fixed}
    new = _unreadable(found) - _unreadable(before)
    return not found.problems or any(
        (file, line) in lines or (file in {name for name, _ in lines} and (file, code) in new)
        for file, line, code in _broken(found)
    )


def _unreadable(error: WfError) -> set[tuple[str, str]]:
    """The files that a mistake leaves no meaning, each with the kind of the mistake."""
    return {(file, code) for file, _, code in _broken(error)}


def _broken(error: WfError) -> Iterator[tuple[str, int, str]]:
    for problem in error.problems:
        if problem.place is not None and problem.code in _UNREADABLE:
            yield problem.place.file, problem.place.line, problem.code
