"""What a person may be told when wf cannot go on: one exception, its kinds, and the exit codes.

Stages raise :class:`WfError` and say *where* by a route into the workflow file (keys and indexes,
such as ``("workflows", 2, "resources", "gpu")``). Only ``cli/render`` turns routes into file, line
and column, and only ``cli/main`` catches.
"""

from __future__ import annotations

# Exit codes of ``wf`` itself. wf's own failures use the BSD sysexits range (sysexits.h), which
# training scripts do not use, so that a script's code can be passed on as it is.
OK = 0
# that of diff(1): nothing went wrong, and there is a difference
DIFFERENT = 1
USAGE = 64
INVALID = 65
UNSATISFIABLE = 69
INTERNAL = 70
LOST = 71
STORAGE = 73
BUSY = 75
ENVIRONMENT = 78
# that of timeout(1)
TIMED_OUT = 124
INTERRUPTED = 130
SIGNAL_BASE = 128

Route = tuple[str | int, ...]


class Place:
    """A position in a text that is not (yet) a document: syntax errors, requirement files.

    Lines and columns count from 1, as editors do; ``end_column`` is exclusive. ``excerpt`` is the
    line itself, so that the mistake can be shown without reading the file again.
    """

    __slots__ = ("column", "end_column", "excerpt", "file", "line")

    def __init__(self, file: str, line: int, column: int, end_column: int, excerpt: str) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.end_column = end_column
        self.excerpt = excerpt


class Edit:
    """A stretch of a text and what stands there instead. Positions are those of :class:`Place`.

    Lines in ``text`` end with a line feed, whatever the file's own end with.
    """

    __slots__ = ("column", "end_column", "end_line", "line", "text")

    def __init__(self, line: int, column: int, end_line: int, end_column: int, text: str) -> None:
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.text = text


class Fix:
    """How a mistake is put right without a doubt about what was meant.

    ``change`` says what is to be done with the value or key that the problem's route leads to:
    ``rename`` the key to ``text``, ``quote`` the value, ``move`` the entry below the key ``text``
    beside it (where it is called ``name``). It becomes ``edits`` once the document is at hand;
    where there are no routes, ``edit`` has them from the start.
    """

    __slots__ = ("change", "edits", "name", "text")

    def __init__(
        self, change: str, text: str = "", *, name: str = "", edits: tuple[Edit, ...] = ()
    ) -> None:
        self.change = change
        self.text = text
        self.name = name
        self.edits = edits


class Related:
    """Another position that a mistake has to do with, and what is there ("first defined here").

    ``route``, ``at_key`` and ``place`` are as in :class:`Problem`.
    """

    __slots__ = ("at_key", "mark", "message", "place", "route")

    def __init__(
        self,
        message: str,
        *,
        route: Route = (),
        at_key: bool = False,
        mark: str | None = None,
        place: Place | None = None,
    ) -> None:
        self.message = message
        self.route = route
        self.at_key = at_key
        self.mark = mark
        self.place = place


class Problem:
    """One mistake: what is wrong, where, and what to do about it.

    ``route`` leads to the value at fault; with ``at_key`` the key in front of it is meant.
    ``mark`` is the part of the value's text that is at fault, where it is not the whole. ``place``
    is for text that has no routes. ``related`` are other positions to look at, ``fix`` what would
    put it right if that is certain. ``code`` names the kind of mistake for programs.
    """

    __slots__ = ("at_key", "code", "fix", "hint", "mark", "message", "place", "related", "route")

    def __init__(  # noqa: PLR0913 - a value with nine fields, written once
        self,
        message: str,
        *,
        route: Route = (),
        at_key: bool = False,
        mark: str | None = None,
        hint: str | None = None,
        place: Place | None = None,
        related: tuple[Related, ...] = (),
        fix: Fix | None = None,
        code: str = "invalid",
    ) -> None:
        self.message = message
        self.route = route
        self.at_key = at_key
        self.mark = mark
        self.hint = hint
        self.place = place
        self.related = related
        self.fix = fix
        self.code = code

    def __repr__(self) -> str:
        return f"Problem({self.message!r}, route={self.route!r}, hint={self.hint!r})"


class WfError(Exception):
    """The one exception that reaches people.

    ``kind`` is one of the exit codes above; ``hint`` says what to type next; ``details`` is text
    from elsewhere shown as it is (uv's own message, say); ``problems`` lists every mistake found
    when there can be several.
    """

    def __init__(
        self,
        kind: int,
        message: str,
        *,
        hint: str | None = None,
        details: str | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.details = details
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        """How it goes from one process of wf to another."""
        return _again, (self.kind, self.message, self.hint, self.details, self.problems)


def _again(
    kind: int, message: str, hint: str | None, details: str | None, problems: tuple[Problem, ...]
) -> WfError:
    return WfError(kind, message, hint=hint, details=details, problems=problems)


def invalid(problems: list[Problem] | tuple[Problem, ...]) -> WfError:
    """The error for a workflow file with mistakes; the first one stands for all in one line."""
    more = len(problems) - 1
    tail = f" (and {more} more)" if more else ""
    return WfError(INVALID, problems[0].message + tail, problems=tuple(problems))
