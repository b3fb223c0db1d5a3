"""What is said about parts of a file that are read, but do nothing here or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem

if TYPE_CHECKING:
    from runner.errors import Route

NO_EFFECT = "no-effect"
READ_AS = "read-as"


def no_effect(key: str, route: Route, why: str | None = None) -> Problem:
    """``key`` has a meaning elsewhere (regions, spot instances), and none on this machine."""
    message = f"`{key}` has no effect here"
    return Problem(message, route=route, at_key=True, hint=why, code=NO_EFFECT)


def read_as(message: str, route: Route, hint: str | None = None) -> Problem:
    """Something is understood, though not by the letter of the format."""
    return Problem(message, route=route, hint=hint, code=READ_AS)
