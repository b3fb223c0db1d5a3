"""A run that is asked for again: what was chosen then, with what is chosen now in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.plan.plan import Choices

_SHOWN_FILES = 5


def again(then: Choices, now: Choices) -> Choices:
    """Choices of a former run, less those that are made anew.

    Variables are replaced one by one, words behind ``--`` all together.
    """
    kept = ("cpus", "gpus", "memory", "python", "executor", "max_duration", "as_of", "file")
    stay: dict[str, Any] = {name: getattr(then, name) for name in kept if not _chosen(now, name)}
    given, passed = dict(now.variables), now.passed
    return replace(
        now,
        **stay,
        parameters=tuple({**dict(then.parameters), **dict(now.parameters)}.items()),
        variables=tuple(
            {
                **{name: value for name, value in then.variables if name not in passed},
                **given,
            }.items()
        ),
        args=now.args or then.args,
        passed=(*(name for name in then.passed if name not in {*given, *passed}), *passed),
        simulate_gpus=now.simulate_gpus or then.simulate_gpus,
    )


def _chosen(now: Choices, name: str) -> bool:
    return getattr(now, name) is not None


def differing(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of files that are not in both, or are others: each with what became of it."""
    said = []
    for path in sorted(then.keys() | now.keys()):
        if path not in now:
            said.append(f"{path} (gone)")
        elif path not in then:
            said.append(f"{path} (new)")
        elif then[path] != now[path]:
            said.append(path)
    return tuple(said)


def shortened(names: Iterable[str]) -> str:
    """A few names, and a sign that there are more."""
    every = list(names)
    return ", ".join(every[:_SHOWN_FILES]) + (", …" if len(every) > _SHOWN_FILES else "")
