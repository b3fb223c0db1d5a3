"""Putting references into shell text where ``${{ name }}`` stands, by how the place is quoted.

dstack replaced ``${{ name }}`` by the value itself before a shell saw the line, so whatever a
value held was executed. Here the place becomes a reference to an environment variable instead:
words split where they did (the reference is bare where the place was bare), and nothing in a value
is ever run. In single quotes, where a shell expands nothing, the quotes are opened for it.

The text is read as POSIX shells read it (POSIX.1-2017, chapter 2.2 and 2.3) with bash's ``$'…'``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

EXPRESSION = re.compile(r"\$\{\{([^{}]*)\}\}")
# where bash evaluates text as arithmetic, and runs a $(…) that it finds in an array's index
_SUBSCRIPT = re.compile(r"[A-Za-z_]\w*\[(?=[^\]]{0,1000}\]\+?=)")
_PARAMETER = re.compile(r"\$\{[!#]?(?:\w+|[@*])(?:\[|:(?![-=?+]))")
_NUMERIC = re.compile(r"\s-(?:eq|ne|lt|le|gt|ge|v)\s")
_LET = re.compile(r"let[ \t][^\n;&|]*")
_CASE = re.compile(r"case\s[^;&|\n]{1,200}?\sin(?=\s)")
_ESAC = re.compile(r"esac\b")
_COMMAND_BEGINS = re.compile(r"(?:^|[\n;&|({`!]|\b(?:then|do|else|elif|if|while|until))[ \t]*\Z")
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([A-Za-z0-9_.!%+-]+))")

Place = Literal["bare", "double", "single", "ansi", "comment", "arithmetic", "heredoc", "literal"]
"""How the text around is quoted; ``literal`` is a here-document whose delimiter is quoted."""

_NO_EXPANSION: frozenset[Place] = frozenset({"arithmetic", "literal"})


class CannotReferError(Exception):
    """An expression stands where no reference is possible, or is none (``place`` is ``None``)."""

    def __init__(self, place: Place | None, expression: str) -> None:
        super().__init__(expression)
        self.place = place
        self.expression = expression


@dataclass(slots=True)
class _Level:
    """One nesting: its quoting, what closes it, and how many brackets of that kind are open."""

    place: Place
    closer: str
    depth: int = 0
    # of a here-document: where its text ends, and where the line with its delimiter does
    end: int = 0
    after: int = 0
    # `case … in` of one's own, in which `)` ends a pattern
    cases: int = 0


def refer(text: str, variable: Callable[[str, str], str]) -> str:
    """``text`` with every ``${{ expression }}`` turned into a reference.

    ``variable`` gives, for an expression as written and for what is in it, the name of the
    environment variable that holds its value, or ``@`` for the words given to the run.

    Raises:
        CannotReferError: an expression stands where a shell expands nothing, or too much.
    """
    if "${{" not in text:
        return text
    return _Reader(text, variable).read()


def _reference(name: str, *, bare: bool) -> str:
    """``@`` stands for all words given to the run: each stays a word of its own, or all are one."""
    if name == "@":
        return '"$@"' if bare else "$*"
    return f"${{{name}}}"


class _Reader:
    """One pass over the text, keeping what is open on a stack."""

    def __init__(self, text: str, variable: Callable[[str, str], str]) -> None:
        self._text = text
        self._variable = variable
        self._at = 0
        self._out: list[str] = []
        self._levels = [_Level("bare", "")]
        self._heredocs: list[tuple[str, bool, bool]] = []
        # indexes of the here-documents among the levels
        self._documents: list[int] = []
        self._arithmetic = 0
        self._evaluated_until = 0
        self._tested_until = 0
        self._escape_end = -1
        self._lines: dict[bool, dict[str, list[int]]] = {}

    def read(self) -> str:
        while self._at < len(self._text):
            if not (self._end_document() or self._expression() or self._step()):
                self._take(1)
        return "".join(self._out)

    @property
    def _level(self) -> _Level:
        return self._levels[-1]

    def _take(self, length: int) -> None:
        self._out.append(self._text[self._at : self._at + length])
        self._at += length

    def _starts(self, what: str) -> bool:
        return self._text.startswith(what, self._at)

    def _expression(self) -> bool:
        if not self._starts("${{"):
            return False
        place = self._level.place
        found = EXPRESSION.match(self._text, self._at)
        if found is None:
            if place in {"single", "ansi", "comment", "literal"}:
                return False
            raise CannotReferError(None, "${{")
        if self._arithmetic or self._at < self._evaluated_until:
            place = "arithmetic"
        if place in _NO_EXPANSION:
            raise CannotReferError(place, found[0])
        reference = _reference(self._variable(found[0], found[1].strip()), bare=place == "bare")
        if place == "single":
            reference = f"'\"{reference}\"'"
        elif place == "ansi":
            reference = f"'\"{reference}\"$'"
        self._out.append(reference)
        self._at = found.end()
        return True

    def _step(self) -> bool:
        """Anything that opens, closes or escapes; whether there was something."""
        place = self._level.place
        if place in {"single", "comment"}:
            return self._close()
        if place == "literal":
            return False
        if self._starts("\\") and self._at + 1 < len(self._text):
            self._take(2)
            self._escape_end = self._at
            return True
        if place == "ansi":
            return self._close()
        return self._close() or self._open()

    def _close(self) -> bool:
        level = self._level
        if not level.closer or not self._starts(level.closer):
            return False
        if level.depth:
            level.depth -= 1
            self._take(1)
            return True
        if level.cases and level.closer == ")":
            self._take(1)
            return True
        # a line's end that closes a comment still starts the here-documents of that line
        self._pop()
        if level.place != "comment":
            self._take(len(level.closer))
        return True

    def _pop(self) -> None:
        self._arithmetic -= self._levels.pop().place == "arithmetic"

    def _push(self, opener: str, place: Place, closer: str, depth: int = 0) -> bool:
        if not self._starts(opener):
            return False
        self._take(len(opener))
        self._levels.append(_Level(place, closer, depth))
        self._arithmetic += place == "arithmetic"
        return True

    def _open(self) -> bool:
        place = self._level.place
        # what stands inside ${…} is quoted as what is around it
        inner: Place = "double" if place in {"double", "heredoc"} else "bare"
        if (
            self._push("$((", "arithmetic", ")", depth=1)
            or self._push("$[", "arithmetic", "]")
            or self._push("$(", "bare", ")")
            or self._parameter()
            or self._push("${", inner, "}")
            or (self._level.closer != "`" and self._push("`", "bare", "`"))
        ):
            return True
        if place == "arithmetic":
            return self._count()
        return place == "bare" and self._open_bare()

    def _parameter(self) -> bool:
        """``${name:…}`` and ``${name[…]}``, in which numbers are wanted."""
        found = _PARAMETER.match(self._text, self._at)
        return found is not None and self._push(found[0], "arithmetic", "}")

    def _open_bare(self) -> bool:
        if self._starts("\n"):
            self._take(1)
            self._start_documents()
            return True
        if self._begins_word() and (self._comment() or self._word()):
            return True
        return (
            self._push("$'", "ansi", "'")
            or self._push("'", "single", "'")
            or self._push('"', "double", '"')
            or self._heredoc()
            or self._count()
        )

    def _begins_word(self) -> bool:
        before = self._text[self._at - 1] if self._at else "\n"
        return before in " \t\n;&|()`" and self._at != self._escape_end

    def _comment(self) -> bool:
        return self._level.closer != "}" and self._push("#", "comment", "\n")

    def _word(self) -> bool:
        """Words that change how bash reads what follows."""
        if self._push("((", "arithmetic", ")", depth=1):
            return True
        subscript = _SUBSCRIPT.match(self._text, self._at)
        if subscript:
            return self._push(subscript[0], "arithmetic", "]")
        if self._starts("[["):
            self._test()
        elif self._level.cases and _ESAC.match(self._text, self._at):
            self._level.cases -= 1
        elif self._starts("case") and self._begins_command():
            self._level.cases += _CASE.match(self._text, self._at) is not None
        elif self._starts("let") and self._begins_command():
            let = _LET.match(self._text, self._at)
            self._evaluated_until = let.end() if let else self._evaluated_until
        return False

    def _begins_command(self) -> bool:
        return _COMMAND_BEGINS.search(self._text[max(self._at - 80, 0) : self._at]) is not None

    def _test(self) -> None:
        """``[[ … ]]`` evaluates what it compares as numbers."""
        if self._at < self._tested_until:
            return
        end = self._text.find("]]", self._at)
        self._tested_until = len(self._text) if end < 0 else end
        if _NUMERIC.search(self._text, self._at, self._tested_until):
            self._evaluated_until = self._tested_until

    def _count(self) -> bool:
        """Brackets of one's own inside ``$(…)`` and ``$((…))`` do not close it."""
        closer = self._level.closer
        self._level.depth += (closer == ")" and self._starts("(")) or (
            closer == "]" and self._starts("[")
        )
        return False

    def _heredoc(self) -> bool:
        if self._starts("<<<"):
            self._take(3)
            return True
        found = _HEREDOC.match(self._text, self._at)
        if found is None:
            return False
        dash, single, double, plain = found.groups()
        quoted = plain is None or "\\" in found[0]
        self._heredocs.append((single or double or plain, bool(dash), quoted))
        self._take(len(found[0]))
        return True

    def _start_documents(self) -> None:
        """The here-documents that start after this line, one after the other."""
        waiting, self._heredocs = self._heredocs, []
        at, levels = self._at, []
        for delimiter, dash, quoted in waiting:
            end, after = self._end_of(delimiter, at, dash=dash)
            place: Place = "literal" if quoted else "heredoc"
            levels.append(_Level(place, "", end=end, after=after))
            at = min(after + 1, len(self._text))
        for level in reversed(levels):
            self._documents.append(len(self._levels))
            self._levels.append(level)

    def _end_document(self) -> bool:
        """Whatever was left open inside a here-document ends with it."""
        if not self._documents or self._at < self._levels[self._documents[-1]].end:
            return False
        level = self._levels[self._documents[-1]]
        while len(self._levels) > self._documents[-1]:
            self._pop()
        self._documents.pop()
        another = self._documents and self._documents[-1] == len(self._levels) - 1
        self._take(max(level.after + bool(another) - self._at, 0))
        return True

    def _end_of(self, delimiter: str, start: int, *, dash: bool) -> tuple[int, int]:
        """Where the line with the delimiter starts and ends, or twice the end of the text."""
        limit = self._levels[self._documents[-1]].end if self._documents else len(self._text)
        starts = self._index(dash=dash).get(delimiter, [])
        found = bisect_left(starts, start)
        if found == len(starts) or starts[found] >= limit:
            return limit, limit
        end = self._text.find("\n", starts[found])
        return starts[found], len(self._text) if end < 0 else end

    def _index(self, *, dash: bool) -> dict[str, list[int]]:
        """Where each line starts, by its text."""
        if dash not in self._lines:
            made: dict[str, list[int]] = {}
            at = 0
            for line in self._text.split("\n"):
                made.setdefault(line.lstrip("\t") if dash else line, []).append(at)
                at += len(line) + 1
            self._lines[dash] = made
        return self._lines[dash]
