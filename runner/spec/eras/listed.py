"""Lists of workflows below ``workflows:`` (2021 to 0.9.2).

An item has a ``provider``, whose form says which keys there are and what they mean, or it has an
``image`` and ``commands`` (before there were providers).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from runner.errors import Problem
from runner.spec.mistakes import did_you_mean, translate
from runner.spec.providers import PROVIDERS
from runner.spec.text import kind_of
from runner.spec.workflow import EnvironmentRequest, Resources, ShellCommands, Workflow
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.document.document import Document
    from runner.errors import Route
    from runner.spec.interpolation import Scope
    from runner.spec.providers import ProviderForm

_ROOT_KEYS = ("workflows",)
# of one workflow; nobody reads more, and each takes a search for what was meant
MAX_PROBLEMS = 50


def read(
    data: Any,  # noqa: ANN401
    document: Document,
    scope_of: Callable[[str], Scope],
    problems: list[Problem],
) -> tuple[Workflow, ...]:
    """Every workflow of a file that can be read; mistakes are added to ``problems``."""
    workflows = tuple(
        workflow
        for index, item in enumerate(_items(data, problems))
        if (workflow := _resolved(item, ("workflows", index), scope_of, problems))
    )
    problems += _repeated_names(workflows, document)
    return workflows


def _items(data: Any, problems: list[Problem]) -> list[Any]:  # noqa: ANN401
    """The list below ``workflows:``."""
    if not isinstance(data, dict):
        hint = "start the file with `workflows:` and a list of workflows below it"
        problems.append(Problem(f"a mapping is wanted here, not {kind_of(data)}", hint=hint))
        return []
    problems += [
        Problem(
            f"unknown key {quoted(key)}",
            route=(key,),
            at_key=True,
            hint=did_you_mean(key, _ROOT_KEYS, "the keys here are"),
            code="unknown-key",
        )
        for key in data
        if key not in _ROOT_KEYS
    ]
    if "workflows" not in data:
        if not problems:
            problems.append(Problem("`workflows` is missing", hint="add `workflows:`"))
        return []
    items = data["workflows"]
    if not isinstance(items, list) or not items:
        found = "an empty one" if items == [] else kind_of(items)
        problems.append(
            Problem(
                f"a list of workflows is wanted here, not {found}",
                route=("workflows",),
                hint="write `- name: …` below it",
            )
        )
        return []
    return items


def _resolved(
    item: Any,  # noqa: ANN401
    route: Route,
    scope_of: Callable[[str], Scope],
    problems: list[Problem],
) -> Workflow | None:
    """One workflow, its variables put in first."""
    if not isinstance(item, dict):
        message = f"a workflow is a mapping, not {kind_of(item)}"
        problems.append(Problem(message, route=route, hint="write `- name: …`"))
        return None
    name = item.get("name")
    scope = scope_of(name if isinstance(name, str) else "")
    resolved = scope.workflow(item, route)
    problems += scope.problems
    return None if scope.problems else _workflow(resolved, route, scope, problems)


def _workflow(
    item: dict[str, Any], route: Route, scope: Scope, problems: list[Problem]
) -> Workflow | None:
    form = _form(item, route, problems)
    if form is None:
        return None
    # an empty value (`env:` with its lines commented out) is as good as no key at all
    written = {key: value for key, value in item.items() if value is not None}
    before = len(problems)
    problems += _spellings(form, written, route)
    try:
        read = form.model_validate(written)
    except ValidationError as error:
        found = error.errors(include_url=False)[:MAX_PROBLEMS]
        problems += [translate(one, form, route) for one in found]
        return None
    return _neutral(read, written, route, scope) if len(problems) == before else None


def _form(item: dict[str, Any], route: Route, problems: list[Problem]) -> type[ProviderForm] | None:
    provider = item.get("provider")
    known = ", ".join(sorted(PROVIDERS))
    if provider is None:
        hint = f"add `provider: …`; the providers are: {known}"
        problems.append(Problem("`provider` is missing", route=route, hint=hint))
        return None
    where = (*route, "provider")
    if not isinstance(provider, str) or not provider.strip():
        message = f"a provider is one word, not {kind_of(provider)}"
        problems.append(Problem(message, route=where, hint=f"the providers are: {known}"))
        return None
    form = PROVIDERS.get(provider)
    if form is None:
        hint = did_you_mean(provider, PROVIDERS, "the providers are")
        problems.append(Problem(f"unknown provider {quoted(provider)}", route=where, hint=hint))
    return form


def _spellings(form: type[ProviderForm], written: dict[str, Any], route: Route) -> list[Problem]:
    """Parts written in two spellings, and parts that are not written at all."""
    problems = []
    for spellings in form.spellings.values():
        found = [key for key in written if key in spellings]
        problems += [
            Problem(
                f"`{key}` says the same as `{found[0]}`",
                route=(*route, key),
                at_key=True,
                hint="keep one of them",
            )
            for key in found[1:]
        ]
    for part in form.wanted:
        spellings = form.spellings.get(part, (part,))
        if not any(key in written for key in spellings):
            message = f"provider {written['provider']} needs `{part}`"
            problems.append(Problem(message, route=route, hint=f"add `{part}: …`", code="missing"))
    return problems


def _neutral(read: ProviderForm, written: dict[str, Any], route: Route, scope: Scope) -> Workflow:
    launch = read.launch()
    if isinstance(launch, ShellCommands):
        launch = replace(launch, takes_args=scope.takes_args)
    return Workflow(
        name=read.name,
        launch=launch,
        provider=read.provider,
        help=read.help,
        environment=EnvironmentRequest(read.python or read.version, read.requirements),
        parameters=tuple(scope.variables.items()),
        variables=tuple((read.environment or read.env or {}).items()),
        artifacts=read.requested_artifacts(),
        resources=read.resources.resources() if read.resources else Resources(),
        working_dir=read.working_dir,
        routes=_routes(type(read), written, route),
    )


def _routes(form: type[ProviderForm], written: dict[str, Any], route: Route) -> dict[str, Route]:
    neutral = {key: part for part, keys in form.spellings.items() for key in keys}
    return {neutral.get(key, key): (*route, key) for key in written}


def _repeated_names(workflows: tuple[Workflow, ...], document: Document) -> list[Problem]:
    first: dict[str, Workflow] = {}
    problems = []
    for workflow in workflows:
        known = first.setdefault(workflow.name, workflow)
        if known is not workflow:
            line = document.locate(known.route("name")).line
            message = f"the workflow `{workflow.name}` is already defined on line {line}"
            problems.append(Problem(message, route=workflow.route("name"), hint="rename one"))
    return problems
