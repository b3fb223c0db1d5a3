"""Which secrets a job is given, and whether those that its workflow names are there: names only.

All secrets of a project are given to its jobs as variables, as dstack did from 0.0.7 to 0.9
(``runner/internal/executor/executor.go``). What is chosen for a run by ``-e NAME`` takes the place
of a secret of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import USAGE, Problem, WfError
from runner.spec.interpolation import REGISTRY_AUTH, SECRET_LATER, with_secrets
from runner.spec.mistakes import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from runner.plan.facts import ProjectFacts
    from runner.plan.plan import Choices
    from runner.spec.workflow import Container, SecretReference, Workflow


def given(
    workflow: Workflow, choices: Choices, project: ProjectFacts, container: Container | None
) -> tuple[str, ...]:
    """The names of the secrets that a job is given.

    Those that fetch its image need not be there where it runs in no ``container``.

    Raises:
        WfError: kind ``USAGE`` with every secret that the workflow names and nobody has added.
    """
    if project.secrets is None:
        return ()
    instead = {*dict(choices.variables), *choices.passed}
    known = {*project.secrets, *instead}
    unknown = [
        named
        for named in workflow.secrets
        if named.name not in known and (container is not None or REGISTRY_AUTH not in named.route)
    ]
    if unknown:
        problems = [_unknown(named, project.secrets) for named in unknown]
        more = f" (and {len(problems) - 1} more)" if problems[1:] else ""
        raise WfError(USAGE, problems[0].message + more, problems=tuple(problems))
    return tuple(name for name in project.secrets if name not in instead)


def written_out(workflow: Workflow, container: Container | None) -> list[Problem]:
    """The mistake of a password that everybody can read who reads the file."""
    if container is None or container.registry_auth is None:
        return []
    if SECRET_LATER.fullmatch(container.registry_auth[1]):
        return []
    hint = "`wf secrets add REGISTRY` keeps it; write ${{ secrets.REGISTRY }} here"
    route = (*workflow.route(REGISTRY_AUTH), "password")
    return [Problem("a password must not stand in the file", route=route, hint=hint, code="secret")]


def _unknown(named: SecretReference, known: Collection[str]) -> Problem:
    close = nearest(named.name, sorted(known))
    add = f"wf secrets add {named.name}"
    return Problem(
        f"there is no secret `{named.name}`",
        route=named.route,
        mark=named.mark,
        hint=f"did you mean `{close}`? Otherwise: {add}" if close else add,
        code="unset",
    )


def variables(workflow: Workflow, choices: Choices) -> tuple[tuple[str, str], ...]:
    """The workflow's variables with those chosen; a chosen one stands for a secret of its name."""
    chosen = dict(choices.variables)
    own = {name: with_secrets(value, chosen) for name, value in workflow.variables}
    return tuple({**own, **chosen}.items())
