"""``.dstack/variables.yaml``: the variables of all workflows, and of each.

The file holds ``variables:`` with one mapping a workflow and one called ``global`` (hosted dstack,
2021-08 to 2022-07; ``configs:`` in ``.dstack/configs.yaml`` from 2021-06). Values keep the text as
written: ``2e-5`` stays ``2e-5``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner.errors import USAGE, Problem, WfError, invalid
from runner.spec.mistakes import did_you_mean, nearest
from runner.spec.text import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.document.document import Document
    from runner.errors import Route

GLOBAL = "global"
_ROOTS = frozenset({"variables", "configs"})
# each stands in the environment of every job, several times
MAX_VARIABLES = 1000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Variables:
    """The values of all sections, by section and name."""

    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, workflow: str, chosen: Mapping[str, str]) -> dict[str, str]:
        """What a workflow sees: global values, then its own, then those ``chosen`` for the run.

        ``data_dir`` may be chosen for ``data-dir`` (e0d81a536:cli/dstack/cli/run.py).

        Raises:
            WfError: kind ``USAGE`` when something was chosen that the workflow has no variable for.
        """
        known = {**self.sections.get(GLOBAL, _EMPTY), **self.sections.get(workflow, _EMPTY)}
        given: dict[str, str] = {}
        for name, value in chosen.items():
            spelled = name if name in known else name.replace("_", "-")
            if spelled not in known:
                raise _unknown(name, workflow, known)
            given[spelled] = value
        return {**known, **given}


NO_VARIABLES = Variables()


def _unknown(name: str, workflow: str, known: Mapping[str, str]) -> WfError:
    hint = (
        did_you_mean(name, known, "its variables are").replace("`", "`--", 1)
        if nearest(name, known)
        else f"its variables are: {', '.join(sorted(known))}"
        if known
        else "words for the script go behind `--`"
    )
    return WfError(USAGE, f"`{workflow}` has no variable `{name}`", hint=hint)


def load(document: Document) -> Variables:
    """Read a variables file.

    Raises:
        WfError: kind ``INVALID`` with all mistakes found.
    """
    problems: list[Problem] = []
    data = document.root.data()
    if not isinstance(data, dict) or len(data) != 1 or not _ROOTS & data.keys():
        hint = "the file holds `variables:`, and below it `global:` and the names of workflows"
        raise invalid([Problem("only `variables:` stands at the top of this file", hint=hint)])
    root, sections = next(iter(data.items()))
    sections = sections or {}
    if not isinstance(sections, dict):
        message = f"a mapping of workflows is wanted here, not {kind_of(sections)}"
        raise invalid([Problem(message, route=(root,))])
    read = {name: _section((root, name), values, problems) for name, values in sections.items()}
    if problems:
        raise invalid(problems)
    return Variables(read)


def _section(
    route: Route,
    values: Any,  # noqa: ANN401
    problems: list[Problem],
) -> dict[str, str]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        message = f"a mapping of names to values is wanted here, not {kind_of(values)}"
        problems.append(Problem(message, route=route, hint="write `name: value` lines"))
        return {}
    if len(values) > MAX_VARIABLES:
        message = f"there are {len(values):,} variables here; {MAX_VARIABLES:,} are the limit"
        problems.append(Problem(message, route=route, at_key=True, hint="put them into a file"))
        return {}
    read: dict[str, str] = {}
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            message = f"`{name}` cannot be the name of a variable"
            hint = "use letters, digits, dashes and underscores, no digit first"
            problems.append(Problem(message, route=(*route, name), at_key=True, hint=hint))
        elif isinstance(value, (dict, list)):
            message = f"a value is wanted here, not {kind_of(value)}"
            hint = "put it into one text"
            problems.append(Problem(message, route=(*route, name), hint=hint))
        else:
            read[name] = "" if value is None else str(value)
    return read
