"""Workflows as JSON, and back. Pure.

A value is a list that begins with the name of its class; a tuple begins with nothing. So a name
that is none of the classes of :mod:`runner.spec.workflow` and of mistakes is never made anything.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from runner import errors
from runner.document.document import Scalar
from runner.spec import workflow

if TYPE_CHECKING:
    from runner.spec.workflow import Workflow

_TUPLE = ""


def written(value: Workflow) -> Any:  # noqa: ANN401 - JSON
    """A workflow as JSON.

    Raises:
        TypeError: something in it cannot be written so.
    """
    return _written(value)


def read(document: Any) -> Workflow:  # noqa: ANN401 - whatever JSON it is
    """The workflow that was written so.

    Raises:
        ValueError: it was none.
    """
    try:
        found = _read(document)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError("this is no workflow") from error
    if not isinstance(found, workflow.Workflow):
        raise ValueError("this is no workflow")  # noqa: TRY004 - of what is read, not of the call
    return found


@cache
def _classes() -> dict[str, type]:
    classes = (one for one in vars(workflow).values() if isinstance(one, type))
    own = {one.__name__: one for one in classes if one.__module__ == workflow.__name__}
    told = (errors.Problem, errors.Related, errors.Place, errors.Fix, errors.Edit)
    return own | {one.__name__: one for one in told}


def _names(of: Any) -> tuple[str, ...]:  # noqa: ANN401 - a class of any of three kinds
    """What it is made of: a named tuple, a dataclass, or a class with slots."""
    found = getattr(of, "_fields", None) or getattr(of, "__dataclass_fields__", None)
    return tuple(found or of.__slots__)


def _written(value: Any) -> Any:  # noqa: ANN401 - each of many
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Scalar):
        return str.__str__(value)
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key is no text")
        return {str.__str__(key): _written(one) for key, one in value.items()}
    if type(value) is tuple:
        return [_TUPLE, *map(_written, value)]
    made = type(value)
    if _classes().get(made.__name__) is not made:
        raise TypeError(f"a {made.__name__} is not kept")
    return [made.__name__, *(_written(getattr(value, name)) for name in _names(made))]


def _read(document: Any) -> Any:  # noqa: ANN401 - each of many
    if isinstance(document, dict):
        return {key: _read(one) for key, one in document.items()}
    if not isinstance(document, list):
        return document
    name, *parts = document
    values = tuple(map(_read, parts))
    if name == _TUPLE:
        return values
    made = _classes()[name]
    return made(**dict(zip(_names(made), values, strict=True)))
