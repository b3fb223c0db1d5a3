"""What a secret may be called, and what its value may be. Pure."""

from __future__ import annotations

import re

from runner.errors import USAGE, WfError
from runner.secrets.disguises import LEAST_BYTES
from runner.spec.interpolation import PROTECTED

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OWN_PREFIX = "WF_"
_MOST_NAME = 255
# half of what Linux takes as one variable (MAX_ARG_STRLEN, execve(2))
MOST_BYTES = 1 << 16


def checked_name(name: str) -> str:
    """The name, which becomes that of a variable.

    Raises:
        WfError: kind ``USAGE``.
    """
    if not _NAME.fullmatch(name) or len(name) > _MOST_NAME:
        raise WfError(
            USAGE,
            "a secret has the name of a variable: letters, digits and _, no digit first",
            hint="wf secrets add API_KEY",
        )
    if name in PROTECTED or name.startswith(_OWN_PREFIX):
        raise WfError(
            USAGE,
            f"no secret can be called `{name}`: jobs have that variable from wf or from the system",
            hint="choose another name, and write `NAME: ${{ secrets.OTHER }}` below `env:`",
        )
    return name


def checked_value(given: bytes) -> str:
    """What was given as a value, without the line feed at its end. No message shows any of it.

    Raises:
        WfError: kind ``USAGE``.
    """
    given = given.removesuffix(b"\n").removesuffix(b"\r")
    if not given:
        raise WfError(USAGE, "the value is empty", hint="wf secrets add NAME < FILE")
    if len(given) > MOST_BYTES:
        raise WfError(
            USAGE,
            f"the value is longer than {MOST_BYTES:,} bytes, and a variable cannot hold it",
            hint="keep the file outside the project, and give its path: -e NAME=PATH",
        )
    if b"\0" in given:
        raise WfError(
            USAGE,
            "the value holds a NUL, which no variable can",
            hint="base64 FILE | wf secrets add NAME",
        )
    if len(given.strip()) < LEAST_BYTES:
        raise WfError(
            USAGE,
            f"the value is shorter than {LEAST_BYTES} bytes: masking it would mask half of a log",
            hint="for what is no secret: -e NAME=value, or `env:` in the workflow file",
        )
    try:
        return given.decode()
    except UnicodeDecodeError:
        raise WfError(
            USAGE, "the value is no UTF-8 text", hint="base64 FILE | wf secrets add NAME"
        ) from None
