"""A count as it is typed: how many lines, runs or levels."""

from __future__ import annotations

from runner.errors import USAGE, WfError

# nobody has lines, runs or levels by the trillion; and Python reads 4300 digits at most
_MOST_DIGITS = 12


def count_option(
    option: str, written: str | None, hint: str, *, of: str = "", least: int = 0
) -> int | None:
    """The number that was given with an ``option``, if it was; ``of`` says what it counts.

    Raises:
        WfError: kind ``USAGE`` when it is none, or less than the ``least``.
    """
    if written is None:
        return None
    if written.isdecimal() and len(written) <= _MOST_DIGITS and int(written) >= least:
        return int(written)
    wanted = "a number" + (f" of {of}" if of else "") + (f" of at least {least}" if least else "")
    raise WfError(USAGE, f"{option}: {wanted} is wanted, not `{written}`", hint=hint)
