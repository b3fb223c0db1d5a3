"""Kinds of values that the scripts' flags have."""

from __future__ import annotations

import argparse

from common import cores


def positive_int(text: str) -> int:
    """A flag's value that has to be 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def share(text: str) -> float:
    """A flag's value that has to be above 0 and at most 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value


def off_or_count(text: str) -> int:
    """A flag's value that is ``false`` (0), ``true`` (1) or a number of 0 or more."""
    words = {"false": 0, "true": 1}
    try:
        value = words.get(text.lower())
        value = int(text) if value is None else value
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not false, true or a number of 0 or more")
    return value


def positive_ints(text: str) -> tuple[int, ...]:
    """A flag's value that is one number or several, with commas between: each 1 or more."""
    return tuple(positive_int(item) for item in text.split(","))


def or_cores(text: str) -> int:
    """A flag's value that is 1 or more, or the word ``cores`` for as many as were granted."""
    return cores.granted() if text == "cores" else positive_int(text)
