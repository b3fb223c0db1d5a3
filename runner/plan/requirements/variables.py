"""Variables of the caller in requirement files: ``${NAME}``, which pip replaces in every line.

The rule is pip's (pip.pypa.io, "Using environment variables"): the name has capital letters, digits
and ``_`` only; one that is not set, or is empty, stays as it is written. Values are looked up when
packages are installed, never when a plan is made: a plan is written down, and they may be secrets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
# of `https://user:password@host/` what stands before the host
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")

PROJECT = "${PROJECT_ROOT}"
"""The project folder, in lines that wf writes; uv knows the name, and files made for it use it."""


def names(text: str) -> tuple[str, ...]:
    """The variables that a text asks for."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def standing_in(text: str) -> str:
    """The text with something in place of every variable, so that it can be read."""
    return _VARIABLE.sub("0", text)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """The text with values in place of variables."""
    return _VARIABLE.sub(lambda found: variables.get(found[1]) or found[0], text)


def identity(text: str, variables: Mapping[str, str]) -> str:
    """What a line comes to as far as it decides what is installed: not by whose credentials."""
    return expanded(_CREDENTIALS.sub("", text), variables)
