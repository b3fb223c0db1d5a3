"""Output in its parts: text, single controls, and control sequences, wherever it is cut. Pure."""

from __future__ import annotations

import re
from typing import TypeAlias

# longer than any that means something (ECMA-48 5.4: parameter, intermediate and final bytes)
_SEQUENCE = rb"\x1b\[([0-?]{0,60})([ -/]{0,4})"
_TOKENS = re.compile(
    rb"([^\x00-\x08\x0b-\x1f\x7f]+)" + rb"|" + _SEQUENCE + rb"([@-~])"
    rb"|([\x08\r\x1b]|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]+)"
)
# what moves the cursor to where something may stand
_MOVING = re.compile(rb"\x08|\r(?!\n)|\x1b\[[0-?]{0,60}[A-GJK]")
_COLOURS = re.compile(rb"\x1b\[([0-9:;]{0,60})m")
_UNFINISHED = re.compile(
    rb"(?:\x1b(?:\[[0-?]{0,60}[ -/]{0,4})?"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
_LONGEST = 70
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})
# what a terminal acts on, or shows in another place than it stands: the C0 and C1 controls but tab
# and line feed, and what turns the direction of writing
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ONE_BYTE = 0x100
_SPELLED = {code: f"\\x{code:02x}" for code in {*range(0x20), 0x7F}}


# a run of text, tabs and line feeds; the numbers, what stands between, and the letter of a control
# sequence; other controls. What a part is not is empty in it
Part: TypeAlias = "tuple[bytes, bytes, bytes, bytes, bytes]"


class Whole:
    """Takes output in pieces of any size, and cuts it where no token is cut."""

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, piece: bytes) -> bytes:
        """What was kept and all of ``piece``, but for a token at the end that may go on."""
        if self._kept:
            piece = self._kept + piece
        unfinished = _UNFINISHED.search(piece, max(len(piece) - _LONGEST, 0))
        self._kept = unfinished[0] if unfinished else b""
        return piece[: unfinished.start()] if unfinished else piece

    def rest(self) -> bytes:
        """What nothing will complete any more."""
        kept, self._kept = self._kept, b""
        return kept


def split(whole: bytes) -> list[Part]:
    """The tokens of it; controls of which each writes something may come several in one."""
    if len(whole.translate(None, _CONTROLS)) == len(whole):
        return [(whole, b"", b"", b"", b"")] if whole else []
    return _TOKENS.findall(whole)


def plain(piece: bytes) -> bool:
    """Nothing in it that this module knows, but line feeds."""
    return b"\x1b" not in piece and b"\r" not in piece and b"\b" not in piece


def unmoved(whole: bytes) -> int:
    """Up to where nothing moves the cursor but to the next line."""
    if plain(whole):
        return len(whole)
    moving = _MOVING.search(whole)
    return moving.start() if moving else len(whole)


def colours_in(whole: bytes) -> list[bytes]:
    """The numbers of all sequences that set colours."""
    return _COLOURS.findall(whole) if b"\x1b" in whole else []


def visible(text: str) -> str:
    r"""Text with all that a terminal would act on spelled out: ``\x1b``."""
    return _ACTING.sub(_spell, text) if _ACTING.search(text) else text


def _spell(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < _ONE_BYTE else f"\\u{code:04x}"


def spelled(controls: bytes) -> str:
    """Controls of one byte each, in four characters each."""
    return controls.decode("ascii").translate(_SPELLED)


def private(numbers: bytes) -> bool:
    """The numbers of a sequence that only some terminals know (ECMA-48 5.4.1)."""
    return numbers[:1] in {b"<", b"=", b">", b"?"}
