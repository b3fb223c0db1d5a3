"""What a file of today's format is by its ``type``: a task, or something that wf does not run.

Services, development environments, fleets … lie beside tasks in a project, and must not be in the
way of them.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner.document.settle import settle
from runner.errors import Problem
from runner.spec.eras.era import TASK, TASK_ENDINGS, TYPE, detect
from runner.spec.mistakes import did_you_mean, nearest
from runner.spec.text import kind_of
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.document.document import Document

CODE = "not-a-task"
# of a file that is called nothing but .dstack.yml
UNNAMED = "default"
_TASK = "task"
_CLOUD = "wf uses the machine it runs on, and has no use for it"
# type -> what it is called, and what wf does instead
_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "service": (
            "a service",
            "with `type: task` its commands are run as a job; `port: 80` is `ports: [80]` there",
        ),
        "dev-environment": (
            "a development environment",
            "open your editor on this machine, or run `provider: code` from a list of workflows",
        ),
        "fleet": ("a fleet", _CLOUD),
        "volume": ("a volume", _CLOUD),
        "gateway": ("a gateway", _CLOUD),
        "preset": ("a preset", _CLOUD),
    }
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A file that holds something else than a task: its name, and what is said about it."""

    name: str
    notice: Problem


def neighbour(document: Document) -> Neighbour | None:
    """What a file is when it holds no workflow by its own account; ``None``: it may hold some."""
    if detect(document) is not TASK:
        return None
    data = document.root.data()
    if not isinstance(data, dict):
        return None
    kind = data.get(TYPE)
    known = _KINDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        return None
    what, instead = known
    message = f"this is {what}, which wf does not run"
    notice = Problem(message, route=(TYPE,), hint=instead, code=CODE)
    settle(document, notice)
    name = data.get("name")
    return Neighbour(name if isinstance(name, str) else name_of(document.file), notice)


def name_of(file: str) -> str:
    """The name of what a file holds, if it says none: ``train.dstack.yml`` is ``train``."""
    base = posixpath.basename(file)
    ending = next((end for end in TASK_ENDINGS if base.endswith(end)), None)
    stem = base.removesuffix(ending) if ending else posixpath.splitext(base)[0]
    return stem or UNNAMED


def mistake(data: dict[str, Any]) -> Problem | None:
    """What is wrong with the ``type`` of a file, or ``None`` if it is a task."""
    kind = data.get(TYPE)
    if kind == _TASK:
        return None
    if kind is None:
        close = nearest(TYPE, data)
        hint = f"did you mean it by `{close}`?" if close else "add `type: task`"
        return Problem("`type` is missing", hint=hint, code="missing")
    if not isinstance(kind, str):
        message = f"a type is one word, not {kind_of(kind)}"
        return Problem(message, route=(TYPE,), hint="write `type: task`")
    hint = did_you_mean(kind, [_TASK, *_KINDS], "the types are")
    return Problem(f"unknown type {quoted(kind)}", route=(TYPE,), hint=hint)
