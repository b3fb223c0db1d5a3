"""Lists of workflows below ``workflows:`` (2021 to 0.9.2).

An item has a ``provider``, whose form says which keys there are and what they mean, or it has an
``image`` and ``commands`` (before there were providers).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from runner.document.document import Scalar
from runner.errors import Problem, Related
from runner.spec.dependencies import dependencies, included
from runner.spec.eras import early, effects
from runner.spec.mistakes import MAX_PROBLEMS, translate, unknown_key, without_consequences
from runner.spec.notices import read_as
from runner.spec.providers import registry
from runner.spec.text import kind_of
from runner.spec.workflow import EnvironmentRequest, Resources, ShellCommands, Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.document.document import Document
    from runner.errors import Route
    from runner.spec.interpolation import Scope
    from runner.spec.providers.base import ProviderForm

_ROOT_KEYS = ("workflows",)


@dataclass(frozen=True, slots=True)
class Context:
    """What a file is read with.

    ``scope_of`` gives the variables of a workflow; ``own_providers`` are the project's own
    (``.dstack/providers.yaml``), each with its image. Mistakes are added to ``problems``.
    """

    scope_of: Callable[[str], Scope]
    own_providers: Mapping[str, str]
    problems: list[Problem]


def read(document: Document, context: Context) -> tuple[Workflow, ...]:
    """Every workflow of a file that can be read."""
    workflows = tuple(
        workflow
        for index, item in enumerate(_items(document.root.data(), context.problems))
        if (workflow := _resolved(item, ("workflows", index), context))
    )
    context.problems.extend(_repeated_names(workflows, document))
    return workflows


def _items(data: Any, problems: list[Problem]) -> list[Any]:  # noqa: ANN401
    """The list below ``workflows:``."""
    if not isinstance(data, dict):
        hint = "start the file with `workflows:` and a list of workflows below it"
        problems.append(Problem(f"a mapping is wanted here, not {kind_of(data)}", hint=hint))
        return []
    problems += [unknown_key(key, (key,), _ROOT_KEYS) for key in data if key not in _ROOT_KEYS]
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
    context: Context,
) -> Workflow | None:
    """One workflow, its variables put in first."""
    problems = context.problems
    if not isinstance(item, dict):
        message = f"a workflow is a mapping, not {kind_of(item)}"
        problems.append(Problem(message, route=route, hint="write `- name: …`"))
        return None
    earlier = early.refused(item, route)
    if earlier:
        problems += earlier
        return None
    name = item.get("name")
    scope = context.scope_of(name if isinstance(name, str) else "")
    resolved = scope.workflow(item, route)
    problems += scope.problems
    return None if scope.problems else _workflow(resolved, route, scope, context)


def _workflow(
    item: dict[str, Any], route: Route, scope: Scope, context: Context
) -> Workflow | None:
    # an empty value (`env:` with its lines commented out) is as good as no key at all
    written = {key: value for key, value in item.items() if value is not None}
    problems = context.problems
    named = _provider(written, route, context.own_providers)
    if isinstance(named, Problem):
        problems.append(named)
        return None
    form, notices = named.form, list(named.notices)
    wrong = [] if named.python is None else _python_of_name(named, written, route)
    wrong += _spellings(form, written, route, notices)
    try:
        read = form.model_validate(written)
    except ValidationError as error:
        details = error.errors(include_url=False)[:MAX_PROBLEMS]
        wrong += [translate(one, form, route) for one in details]
        problems += without_consequences(wrong)
        return None
    problems += wrong
    if wrong:
        return None
    notices += effects.without(read, written, route)
    found = _neutral(read, written, route, scope, tuple(notices))
    return replace(found, outside=tuple(effects.outside(read, written, route)))


def _provider(
    written: dict[str, Any], route: Route, own: Mapping[str, str]
) -> registry.Named | Problem:
    """What a workflow names as its provider, which goes back into it as one word."""
    if "provider" not in written:
        if "image" in written:
            from runner.spec.providers.commands import ImageForm

            return registry.Named("docker", ImageForm)
        misspelt = next((key for key in written if key.lower() == "provider"), None)
        if misspelt is not None:
            return unknown_key(misspelt, (*route, misspelt), ("provider",))
        hint = f"add `provider: …`; the providers are: {', '.join(sorted(registry.PROVIDERS))}"
        return Problem("`provider` is missing", route=route, hint=hint)
    found = registry.named(written["provider"], (*route, "provider"), own)
    if isinstance(found, registry.Named):
        written["provider"] = Scalar(found.name)
    return found


def _python_of_name(found: registry.Named, written: dict[str, Any], route: Route) -> list[Problem]:
    """The version in a provider's name stands for ``version``, which must not say otherwise."""
    key = next((key for key in ("python", "version") if key in written), None)
    if key is None:
        written["version"] = Scalar(found.python or "", "float")
        return []
    if written[key] == found.python:
        return []
    message = f"`provider` names Python {found.python}, and `{key}` another"
    hint = "write `provider: python`"
    return [Problem(message, route=(*route, "provider"), hint=hint)]


def _spellings(
    form: type[ProviderForm], written: dict[str, Any], route: Route, notices: list[Problem]
) -> list[Problem]:
    """Parts written in two spellings, and parts that are not written at all.

    Two spellings that say the same are as good as one; the second is taken out.
    """
    problems = []
    for spellings in form.spellings.values():
        first, *more = [key for key in written if key in spellings] or [""]
        for key in more:
            message = f"`{key}` says the same as `{first}`"
            if written[key] == written[first]:
                del written[key]
                notices.append(read_as(message, (*route, key)))
                continue
            problems.append(
                Problem(
                    message,
                    route=(*route, key),
                    at_key=True,
                    hint="keep one of them",
                    related=(Related("first written here", route=(*route, first), at_key=True),),
                )
            )
    for part in form.wanted:
        spellings = form.spellings.get(part, (part,))
        if not any(key in written for key in spellings):
            who = f"provider {written['provider']}" if "provider" in written else "an image"
            message = f"{who} needs `{part}`"
            hint = f"add `{part}: …`"
            problems.append(Problem(message, route=(*route, part), hint=hint, code="missing"))
    return problems


def _neutral(
    read: ProviderForm,
    written: dict[str, Any],
    route: Route,
    scope: Scope,
    notices: tuple[Problem, ...],
) -> Workflow:
    launch = read.launch()
    if isinstance(launch, ShellCommands):
        launch = replace(launch, takes_args=scope.takes_args)
    return Workflow(
        name=read.name,
        launch=launch,
        provider=read.provider,
        help=read.help,
        environment=EnvironmentRequest(
            read.python_version(), read.requirements, read.packages(), read.as_of
        ),
        parameters=tuple(scope.variables.items()),
        variables=tuple((read.environment or read.env or {}).items()),
        artifacts=read.requested_artifacts(),
        resources=read.resources.resources() if read.resources else Resources(),
        working_dir=read.working_dir,
        routes=_routes(type(read), written, route),
        expanded=_expanded(read, written),
        before=read.setup or read.before_run or (),
        container=read.container(),
        nodes=read.node_count(),
        ports=read.requested_ports(),
        service=read.service(),
        interruptible=read.resources is not None and read.resources.interruptible,
        edits=read.edits,
        secrets=tuple(scope.secrets),
        notices=notices,
        dependencies=dependencies(read.depends_on, read.deps, route),
        code=included(read.depends_on),
    )


def _expanded(read: ProviderForm, written: dict[str, Any]) -> tuple[str, ...]:
    """Variables in whose values ``$NAME`` is another one.

    0.0.12 to 0.10 wrote a list into the script of the job's shell, as ``export`` lines. A mapping
    (hosted), and the variables of a container, were handed over as they are.
    """
    if read.container() is not None or not isinstance(written.get("env"), list):
        return ()
    return tuple(name for name, value in (read.env or {}).items() if "$" in value)


def _routes(form: type[ProviderForm], written: dict[str, Any], route: Route) -> dict[str, Route]:
    neutral = {key: part for part, keys in form.spellings.items() for key in keys}
    neutral["as-of"] = "as_of"
    return {neutral.get(key, key): (*route, key) for key in written}


def _repeated_names(workflows: tuple[Workflow, ...], document: Document) -> list[Problem]:
    first: dict[str, Workflow] = {}
    problems = []
    for workflow in workflows:
        known = first.setdefault(workflow.name, workflow)
        if known is not workflow:
            before = known.route("name")
            line = document.locate(before).line
            message = f"the workflow `{workflow.name}` is already defined on line {line}"
            related = (Related("first defined here", route=before),)
            problems.append(
                Problem(message, route=workflow.route("name"), hint="rename one", related=related)
            )
    return problems
