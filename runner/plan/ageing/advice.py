"""What to type after a failure that smells of age. Pure."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from runner.plan.ageing.days import Changed, choose
from runner.plan.ageing.rules import PYTHON
from runner.plan.ageing.symptoms import symptom
from runner.plan.ageing.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.plan.ageing.rules import Release
    from runner.plan.environment import EnvironmentSpec


class Advice(NamedTuple):
    """The cause of a failure in a sentence, and what to type."""

    cause: str
    hint: str


def advice(
    text: str, workflow: str, spec: EnvironmentSpec, changed: Callable[[], Changed | None]
) -> Advice | None:
    """What to type after a run of ``workflow`` that ended with ``text``, if that smells of age.

    ``None`` also where the packages were taken from before the release that is to blame: then it
    was something else. ``changed`` tells when the requirements were last changed.
    """
    found = symptom(text)
    if found is None:
        return None
    release = found.release
    again = f"wf run {quote(workflow)}"
    if release.package == PYTHON:
        return Advice(found.cause, f"{again} --python {older_python(release)}")
    if spec.as_of is not None and spec.as_of < release.day:
        return None
    if Versions(spec).holds(release):
        return Advice(found.cause, f"ask for {release.package}<{release.version}")
    day = choose([release], changed())
    return Advice(found.cause, f"{again} --as-of {day.day} ({day.why})")


def older_python(release: Release) -> str:
    """The last minor version of Python before a release of it."""
    major, _, minor = release.version.partition(".")
    return f"{major}.{int(minor) - 1}"
