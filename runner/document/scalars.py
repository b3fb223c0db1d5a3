"""What YAML takes an unquoted scalar for."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from runner.document.document import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.document.document import ScalarKind

# YAML 1.2.2, section 10.3.2: the core schema
_WORDS: Mapping[str, ScalarKind] = MappingProxyType(
    {
        **dict.fromkeys(("", "~", "null", "Null", "NULL"), "null"),
        **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), "bool"),
    }
)
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)")
_NUMBERS_BEGIN_WITH = frozenset("0123456789+-.")


def plain(text: str) -> Scalar:
    """The scalar that ``text`` is when it stands without quotes."""
    return Scalar(text, _kind(text))


def _kind(text: str) -> ScalarKind:
    if text[:1] not in _NUMBERS_BEGIN_WITH:
        return _WORDS.get(text, "str")
    if _INT.fullmatch(text):
        return "int"
    if _FLOAT.fullmatch(text):
        return "float"
    return "str"
