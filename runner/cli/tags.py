"""Reading a tag from the command line."""

from __future__ import annotations

from runner.errors import USAGE, WfError


def tag_name(written: str) -> str:
    """A tag as it was typed, with or without the colon in front.

    Raises:
        WfError: kind ``USAGE`` when it cannot be one.
    """
    from pydantic_core import PydanticCustomError

    from runner.spec import text

    try:
        return text.tag(written.removeprefix(":"))
    except PydanticCustomError as error:
        said = error.context or {}
        raise WfError(USAGE, said["message"], hint=said["hint"]) from None
