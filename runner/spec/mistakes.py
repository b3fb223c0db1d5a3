"""Pydantic's findings, said in wf's voice and with a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.errors import Fix, Problem, Related
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
        return _said(found.get("ctx", {}), route)
    if kind == "extra_forbidden":
        return _unknown_key(route, form, found["loc"])
    if kind == "missing":
        message, hint = f"`{route[-1]}` is missing", f"add `{route[-1]}: …`"
        return Problem(message, route=route, hint=hint, code="missing")
    if kind == "too_short":
        return Problem("at least one item is wanted here", route=route, hint="write `- …` below it")
    from runner.spec.text import kind_of

    wanted = _WANTED.get(kind)
    said = f"{wanted} is wanted here" if wanted else found["msg"].lower()
    return Problem(f"{said}, not {kind_of(found['input'])}", route=route)


def without_consequences(problems: Iterable[Problem]) -> list[Problem]:
    """The problems but for keys said to be missing that stand there in another spelling."""
    found = list(problems)
    misspelt = {
        (*problem.route[:-1], problem.fix.text)
        for problem in found
        if problem.fix is not None and problem.fix.change == "rename"
    }
    return [
        problem for problem in found if problem.code != "missing" or problem.route not in misspelt
    ]


def _said(context: dict[str, Any], route: Route) -> Problem:
    """What one of our own readers has said (:func:`runner.spec.text.mistake`)."""
    return Problem(
        context["message"],
        route=(*route, *context.get("at", ())),
        at_key=context.get("at_key", False),
        hint=context["hint"],
        fix=context.get("fix"),
        related=tuple(
            Related(message, route=(*route, *at)) for at, message in context.get("related", ())
        ),
    )


def _unknown_key(route: Route, form: type[BaseModel], loc: Route) -> Problem:
    from runner.spec.forms import ResourcesForm

    key = str(loc[-1])
    found = unknown_key(key, route, _allowed(form, loc[:-1]))
    lower = key.lower()
    if len(loc) == 1 and lower in ResourcesForm.model_fields:
        found.hint = f"`{lower}` belongs below `resources:`"
        found.fix = Fix("move", "resources", name=lower)
    return found


def unknown_key(key: str, route: Route, candidates: Iterable[str]) -> Problem:
    """A key at ``route`` that is none of the ``candidates``, which are known there."""
    known = tuple(candidates)
    hint = did_you_mean(key, known, "the keys here are")
    meant = _certainly(key, known)
    fix = Fix("rename", meant) if meant else None
    message = f"unknown key {quoted(key)}"
    return Problem(message, route=route, at_key=True, hint=hint, fix=fix, code="unknown-key")


def _certainly(word: str, candidates: tuple[str, ...]) -> str | None:
    """The candidate that was meant, if it is much like the word and no other one is."""
    import difflib

    known = {candidate.lower(): candidate for candidate in candidates}
    if word.lower() in known:
        return known[word.lower()]
    close = difflib.get_close_matches(word.lower(), list(known), n=2, cutoff=0.8)
    return known[close[0]] if len(close) == 1 else None


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
    return [field.alias or name for name, field in form.model_fields.items()]
