"""The providers by name, and the spellings of names seen in real files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner.errors import Problem
from runner.spec.mistakes import did_you_mean
from runner.spec.notices import no_effect, read_as
from runner.spec.providers.base import ProviderForm
from runner.spec.text import kind_of
from runner.units import quoted

if TYPE_CHECKING:
    from runner.errors import Route


class Providers(Mapping[str, type[ProviderForm]]):
    """The forms by provider; each is loaded when it is asked for, as making one takes time."""

    def __init__(self, places: Mapping[str, str]) -> None:
        """``places`` gives for each name ``MODULE.CLASS`` below this package."""
        self._places = places

    def __getitem__(self, name: str) -> type[ProviderForm]:
        """Load a form."""
        module, _, form = self._places[name].partition(".")
        found: type[ProviderForm] = getattr(import_module(f"{__package__}.{module}"), form)
        return found

    def __iter__(self) -> Iterator[str]:
        """The names, without loading anything."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)


PROVIDERS = Providers(
    MappingProxyType(
        {
            "python": "scripts.PythonForm",
            "torchrun": "scripts.TorchrunForm",
            "bash": "commands.BashForm",
            "docker": "commands.DockerForm",
            "code": "tools.CodeForm",
            "lab": "tools.LabForm",
            "notebook": "tools.NotebookForm",
            "streamlit": "tools.StreamlitForm",
            "gradio": "tools.GradioForm",
            "fastapi": "tools.FastapiForm",
            "tensorboard": "tools.TensorboardForm",
            "curl": "tools.CurlForm",
        }
    )
)

# never a provider of dstack, but found in repositories (dstack-format.md, 1.2)
_WITH_PYTHON = re.compile(r"python\s*(?:==|[:/]|-)?\s*(3(?:\.[0-9]{1,2}){1,2})")
_BRANCH = re.compile(r"([^@\s]+)@(\S+)")
_WORDS = re.compile(r"(\S+)\s+\S.*", re.DOTALL)
# where dstack kept its providers
_OWN_REPOSITORIES = re.compile(
    r"(?:https://github\.com/|git@github\.com:)dstackai/dstack(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A provider as a workflow names it. ``python`` is the version its name held, if it did."""

    name: str
    form: type[ProviderForm]
    python: str | None = None
    notices: tuple[Problem, ...] = ()


def named(value: Any, route: Route, own: Mapping[str, str]) -> Named | Problem:  # noqa: ANN401
    """The provider that ``value`` names, or what is wrong with it.

    ``own`` are the providers of ``.dstack/providers.yaml``, each with its image.
    """
    if isinstance(value, list):
        return _listed(value, route, own)
    if isinstance(value, dict):
        return _mapped(value, route, own)
    if not isinstance(value, str) or not value.strip():
        message = f"a provider is one word, not {kind_of(value)}"
        return Problem(message, route=route, hint=_known())
    return _word(value.strip(), route, own)


def _word(word: str, route: Route, own: Mapping[str, str]) -> Named | Problem:
    if word in own:
        return _own_provider(word, own[word], route)
    form = PROVIDERS.get(word)
    if form is not None:
        return Named(word, form)
    python = _WITH_PYTHON.fullmatch(word)
    if python:
        message = f"{quoted(word)} is read as `provider: python` with `version: {python[1]}`"
        return Named("python", PROVIDERS["python"], python[1], (read_as(message, route),))
    branch = _BRANCH.fullmatch(word)
    if branch and branch[1] in PROVIDERS:
        why = f"wf has one version of `{branch[1]}`"
        return Named(
            branch[1], PROVIDERS[branch[1]], None, (no_effect(f"@{branch[2]}", route, why),)
        )
    words = _WORDS.fullmatch(word)
    if words and words[1] in PROVIDERS:
        message = f"a provider is one word, not {quoted(word)}"
        hint = f"write `provider: {words[1]}`, and words for a script below `args:`"
        return Problem(message, route=route, hint=hint)
    hint = did_you_mean(word, PROVIDERS, "the providers are")
    return Problem(f"unknown provider {quoted(word)}", route=route, hint=hint)


def _listed(items: list[Any], route: Route, own: Mapping[str, str]) -> Named | Problem:
    if len(items) != 1:
        message = f"a provider is one word, not a list of {len(items)}"
        return Problem(message, route=route, hint="write it behind `provider:`, without a dash")
    found = named(items[0], (*route, 0), own)
    if isinstance(found, Problem):
        return found
    notice = read_as(f"a list is read as `provider: {found.name}`", route)
    return Named(found.name, found.form, found.python, (notice, *found.notices))


def _mapped(parts: dict[str, Any], route: Route, own: Mapping[str, str]) -> Named | Problem:
    """``{repo: url, name: n}`` (hosted): a provider of another repository."""
    unknown = next((key for key in parts if key not in {"repo", "name"}), None)
    if unknown is not None:
        message = f"unknown key {quoted(unknown)}"
        hint = did_you_mean(unknown, ("repo", "name"), "the keys here are")
        return Problem(message, route=(*route, unknown), at_key=True, hint=hint, code="unknown-key")
    if "name" not in parts:
        return Problem("`name` is missing", route=route, hint=_known(), code="missing")
    repository = parts.get("repo")
    if repository is None or _OWN_REPOSITORIES.fullmatch(str(repository)):
        found = named(parts["name"], (*route, "name"), own)
        if isinstance(found, Problem) or repository is None:
            return found
        notice = no_effect("repo", (*route, "repo"), "wf has dstack's own providers built in")
        return Named(found.name, found.form, found.python, (notice, *found.notices))
    return Problem(
        f"the provider {quoted(str(parts['name']))} lies in another repository",
        route=(*route, "repo"),
        hint="providers made their jobs through dstack's hosted server, which is gone; "
        "write what it does as `provider: bash`",
    )


def _own_provider(name: str, image: str, route: Route) -> Problem:
    inside = f"`provider: docker` with `image: {image}`" if image else "`provider: bash`"
    return Problem(
        f"`{name}` is this project's own provider (.dstack/providers.yaml), which cannot run here",
        route=route,
        hint="such providers made their jobs through dstack's hosted server, which is gone; "
        f"write what it does as {inside}",
    )


def _known() -> str:
    return f"the providers are: {', '.join(sorted(PROVIDERS))}"
