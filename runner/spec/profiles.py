"""``.dstack/profiles.yml``: what tasks ask for that do not say it themselves (0.10 and later).

Of its profiles the one with ``default: true`` counts; dstack took others by name (``--profile``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from runner.document.settle import settle
from runner.errors import Problem, invalid
from runner.spec.forms import FileForm, Switch, Text, items
from runner.spec.mistakes import MAX_PROBLEMS, translate
from runner.spec.task_effects import SPOT, without
from runner.spec.task_forms import PolicyForm, TaskResourcesForm
from runner.spec.task_values import one_of
from runner.spec.text import kind_of
from runner.spec.workflow import NO_LIMITS, Limits, Resources, Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.document.document import Document


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile gives to every task that does not say it itself.

    ``notices`` tell of its keys that do nothing here; they have their places.
    """

    resources: Resources | None = None
    own_limits: Limits = NO_LIMITS
    own_retry: Retry | None = None
    spot: bool = False
    notices: tuple[Problem, ...] = ()

    def limits(self, asked: Limits, written: Mapping[str, Any]) -> Limits:
        """The limits of a task, whose keys are ``written``; ``off`` there wins as well."""
        own = self.own_limits
        if "max_duration" not in written:
            asked = asked._replace(max_duration=own.max_duration)
        if "stop_duration" not in written:
            asked = asked._replace(stop_duration=own.stop_duration)
        return asked

    def retry(self, asked: Retry | None, written: Mapping[str, Any]) -> Retry | None:
        """The same of being started again; ``false`` there wins as well."""
        return asked if {"retry", "retry_policy"} & written.keys() else self.own_retry

    def interruptible(self, asked: str | None) -> bool:
        """Whether a task with that ``spot_policy`` can be interrupted."""
        return self.spot if asked is None else asked == SPOT


NO_PROFILE = Profile()


class ProfileResourcesForm(TaskResourcesForm):
    """``resources:`` of a profile (0.10 to 0.14): besides, where to run."""

    local: Switch = False
    instance_type: Annotated[
        str | None,
        BeforeValidator(one_of("on-demand", "spot", "auto")),
        Field(alias="instance-type"),
    ] = None


class ProfileForm(PolicyForm):
    """A profile. ``project`` named a project of dstack's server (0.10)."""

    name: Text
    default: Switch = False
    project: Text | None = None
    resources: ProfileResourcesForm | None = None


class ProfilesForm(FileForm):
    """The file."""

    profiles: Annotated[tuple[ProfileForm, ...], BeforeValidator(items), Field(min_length=1)]


def load(document: Document) -> Profile:
    """Read a profiles file: its default profile, or one that says nothing if it has none.

    Raises:
        WfError: kind ``INVALID`` with all mistakes found, each in its place.
    """
    data: Any = document.root.data()
    problems: list[Problem] = []
    if not isinstance(data, dict):
        hint = "the file holds `profiles:`, and a list below it"
        problems.append(Problem(f"a mapping is wanted here, not {kind_of(data)}", hint=hint))
    try:
        read = ProfilesForm.model_validate(_without_nothing(data))
    except ValidationError as error:
        found = error.errors(include_url=False)[:MAX_PROBLEMS]
        problems = problems or [translate(one, ProfilesForm, ()) for one in found]
        for problem in problems:
            settle(document, problem)
        raise invalid(problems) from None
    chosen = next((index for index, one in enumerate(read.profiles) if one.default), None)
    if chosen is None:
        return NO_PROFILE
    profile = read.profiles[chosen]
    notices = without(profile, data["profiles"][chosen], ("profiles", chosen))
    for notice in notices:
        settle(document, notice)
    limits = Limits(profile.max_duration or None, profile.stop_duration or None)
    asked = profile.resources.resources() if profile.resources else None
    bought = profile.spot_policy or (profile.resources and profile.resources.instance_type)
    return Profile(asked, limits, profile.retries(), bought == SPOT, tuple(notices))


def _without_nothing(value: Any) -> Any:  # noqa: ANN401
    """An empty value (a key with nothing behind it) is as good as no key at all."""
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value
