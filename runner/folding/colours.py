"""Colours and weights of text: what is on after a control sequence that sets some. Pure."""

from __future__ import annotations

from functools import lru_cache

NONE = ""

# ECMA-48 8.3.117, and xterm's "Character Attributes": what a number sets, and what it takes away.
# 8 (concealed) is left out: text that cannot be seen can still be copied.
_ON = {
    **dict.fromkeys([*range(30, 38), *range(90, 98), 38], "foreground"),
    **dict.fromkeys([*range(40, 48), *range(100, 108), 48], "background"),
    1: "bold", 2: "faint", 3: "italic", 4: "underlined", 5: "blinking", 6: "blinking",
    7: "negative", 9: "crossed out", 21: "underlined", 53: "overlined", 58: "underline colour",
}  # fmt: skip
_OFF = {
    22: ("bold", "faint"), 23: ("italic",), 24: ("underlined",), 25: ("blinking",),
    27: ("negative",), 29: ("crossed out",), 39: ("foreground",), 49: ("background",),
    55: ("overlined",), 59: ("underline colour",),
}  # fmt: skip
_CHOSEN = {38, 48, 58}
# after 38, 48 or 58: `5;N` is one of 256, `2;R;G;B` any colour
_FOLLOWING = {"5": 1, "2": 3}


@lru_cache(maxsize=1024)
def after(before: str, numbers: str) -> str:
    """What is on once ``CSI numbers m`` was sent, as numbers that would set all of it anew.

    ``before`` is what was on, in the same form, which has one spelling for each state.
    """
    state = _read(before, {})
    return ";".join(state[name] for name in sorted(_read(numbers or "0", state)))


def change(before: str, now: str) -> str:
    """The control sequence that turns one state into another; nothing where they are the same."""
    if before == now:
        return ""
    numbers = ";".join(filter(None, ("0" if before or not now else "", now)))
    return f"\x1b[{numbers}m"


def _read(numbers: str, state: dict[str, str]) -> dict[str, str]:
    """Take numbers in, one after the other; what means nothing is passed over."""
    words = numbers.split(";")
    while words:
        word = words.pop(0)
        first = word.split(":")[0]
        if not first.isdecimal() and first:
            continue
        number = int(first[:4] or "0")
        if number in _CHOSEN and ":" not in word:
            word = _chosen(word, words)
        if number == 0:
            state.clear()
        for name in _OFF.get(number, ()) or (("underlined",) if word == "4:0" else ()):
            state.pop(name, None)
        if number in _ON and word not in {"", "4:0"}:
            state[_ON[number]] = word
    return state


def _chosen(word: str, words: list[str]) -> str:
    """A colour with the numbers that say which one; empty when some of them are not there."""
    length = _FOLLOWING.get(words[0], 0) + 1 if words else 1
    taken = words[:length]
    del words[:length]
    whole = len(taken) == length and all(each.isdecimal() for each in taken)
    return ";".join([word, *taken]) if whole and length > 1 else ""
