"""Colour, symbols and widths: decided once a stream, from the stream and the variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TextIO

from runner import envvars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CODES = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
    "cyan": "36",
}  # fmt: skip
_ASCII = {"✓": "ok", "✗": "failed", "●": "*", "◌": "-", "·": "-", "│": "|", "├─": "|-",
          "└─": "`-", "…": "...", "→": "->", "—": "-"}  # fmt: skip

ECHO = 3
"""Columns that what moves leaves free: a terminal shows ^C there, else it would begin a line."""

_DIGITS = 6
_ALIGNED = 80


class Style(NamedTuple):
    """How text is dressed for one stream."""

    colour: bool
    unicode: bool
    terminal: bool
    width: int

    def paint(self, text: str, *names: str) -> str:
        """``text`` in the named colours, where colour is on."""
        text = self.plain(text)
        if not self.colour or not names:
            return text
        codes = ";".join(_CODES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def plain(self, text: str) -> str:
        """``text`` with our symbols in ASCII, where the stream knows no others."""
        if self.unicode:
            return text
        for symbol, spelled in _ASCII.items():
            text = text.replace(symbol, spelled)
        return text


def style(stream: TextIO, variables: Mapping[str, str]) -> Style:
    """The style for a stream: no colour without a terminal, with NO_COLOR, or on a dumb one."""
    terminal = stream.isatty()
    dumb = variables.get("TERM") == "dumb"
    colour = terminal and not dumb
    if variables.get(envvars.FORCE_COLOR):
        colour = True
    if variables.get(envvars.NO_COLOR):
        colour = False
    encoding = (stream.encoding or "").lower().replace("-", "")
    return Style(colour, encoding == "utf8", terminal and not dumb, _width(stream, variables))


def _width(stream: TextIO, variables: Mapping[str, str]) -> int:
    import os

    said = variables.get(envvars.COLUMNS, "")
    if said.isdecimal() and len(said) < _DIGITS and int(said):
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def harmless(text: str) -> str:
    r"""Foreign text without anything a terminal would act on.

    A byte of a file's name that is no UTF-8 is written as it is: ``\xff``.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else _escaped(ord(c)) for c in text)


def _escaped(point: int) -> str:
    # what os.fsdecode makes of such a byte, PEP 383
    return f"\\x{point - 0xDC00 if 0xDC80 <= point <= 0xDCFF else point:02x}"  # noqa: PLR2004


def in_line(text: str) -> str:
    """The name of a file: as :func:`harmless`, and nothing in it ends the line."""
    return harmless(text).replace("\n", "\\n").replace("\t", "\\t")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: marks take none, CJK and emoji two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def aligned(texts: Iterable[str]) -> int:
    """The columns of the longest of these that ends within 80.

    For lines to be read without a terminal, where nothing is cut: one that is longer stands out,
    and does not pad all others.
    """
    return max((width for width in map(columns, texts) if width <= _ALIGNED), default=0)


def cut(text: str, width: int, mark: str = "…") -> str:
    """A text that takes no more columns than ``width``; ``mark`` stands for what was cut off."""
    if columns(text) <= width:
        return text
    kept = text[: max(width, 0)]
    while kept and columns(kept) + columns(mark) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}{mark}" if kept else mark[: max(width, 0)]
