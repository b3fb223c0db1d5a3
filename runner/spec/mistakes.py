"""Pydantic's findings, said in wf's voice and with a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from runner.errors import Route

# of one mapping; nobody reads more, and each takes a search for what was meant
MAX_PROBLEMS = 50
_WANTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
}


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant."""
    import difflib

    known = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return known[close[0]] if close else None


def did_you_mean(word: str, candidates: Iterable[str], listing: str) -> str:
    """A hint for an unknown word: the nearest one, else all of them behind ``listing``."""
    known = sorted(candidates)
    close = nearest(word, known)
    return f"did you mean `{close}`?" if close else f"{listing}: {', '.join(known)}"


def translate(found: ErrorDetails, form: type[BaseModel], base: Route) -> Problem:
    """One finding about the mapping at ``base`` that was read as ``form``."""
    route: Route = (*base, *found["loc"])
    kind = found["type"]
    if kind == "wf":
        context = found.get("ctx", {})
        at, at_key = context.get("at", ()), context.get("at_key", False)
        return Problem(context["message"], route=(*route, *at), at_key=at_key, hint=context["hint"])
    if kind == "extra_forbidden":
        return _unknown_key(route, form, found["loc"])
    if kind == "missing":
        return Problem(f"`{route[-1]}` is missing", route=route, hint=f"add `{route[-1]}: …`")
    if kind == "too_short":
        return Problem("at least one item is wanted here", route=route, hint="write `- …` below it")
    from runner.spec.text import kind_of

    wanted = _WANTED.get(kind)
    said = f"{wanted} is wanted here" if wanted else found["msg"].lower()
    return Problem(f"{said}, not {kind_of(found['input'])}", route=route)


def _unknown_key(route: Route, form: type[BaseModel], loc: Route) -> Problem:
    from runner.spec.forms import ResourcesForm

    key = str(loc[-1])
    hint = did_you_mean(key, _allowed(form, loc[:-1]), "the keys here are")
    if len(loc) == 1 and key in ResourcesForm.model_fields:
        hint = f"`{key}` belongs below `resources:`"
    return Problem(
        f"unknown key {quoted(key)}",
        route=route,
        at_key=True,
        hint=hint,
        code="unknown-key",
    )


def _allowed(form: type[BaseModel], loc: Route) -> list[str]:
    """The keys that the form at the end of ``loc`` takes."""
    from typing import get_args

    from pydantic import BaseModel

    def form_in(annotation: object) -> type[BaseModel] | None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
        return next((inner for part in get_args(annotation) if (inner := form_in(part))), None)

    for step in loc:
        if isinstance(step, int):
            continue
        form = form_in(form.model_fields[step].annotation) or form
    return list(form.model_fields)
