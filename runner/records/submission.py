"""What was asked for, written down so that it can be asked for again.

Only what the command line said: values of variables that were passed on (``-e NAME``) and of
secrets are not among it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.plan.plan import Choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.workspace.code import Digested

_PLAIN = (
    "cpus", "gpus", "memory", "python", "executor", "max_duration", "as_of", "simulate_gpus",
    "file", "repeats",
)  # fmt: skip
_WORDS = ("args", "passed")
_PAIRS = ("parameters", "variables")


@dataclass(frozen=True, slots=True)
class Submission:
    """What a run was asked for with.

    ``locked`` is the run whose environment it was to have. ``recipes`` are digests of the workflow
    files and what they are read with, by path from the project folder; ``only`` the paths of the
    project that counted as code (none: all).
    """

    chosen: Choices
    locked: str | None
    recipes: Mapping[str, str]
    only: tuple[str, ...]


def described(chosen: Choices, code: Digested | None) -> dict[str, Any]:
    """What was asked for as JSON."""
    return {
        **{key: getattr(chosen, key) for key in _PLAIN},
        **{key: list(getattr(chosen, key)) for key in _WORDS},
        **{key: [list(pair) for pair in getattr(chosen, key)] for key in _PAIRS},
        "locked": chosen.locked and chosen.locked.run,
        "recipes": {} if code is None else dict(code.recipes),
        "only": [] if code is None else list(code.only),
    }


def parse(submitted: Mapping[str, Any]) -> Submission | None:
    """What a run was asked for with; ``None`` where that is not on its record."""
    asked: Any = submitted.get("asked")
    try:
        known: dict[str, Any] = {
            **{key: asked[key] for key in _PLAIN},
            **{key: tuple(asked[key]) for key in _WORDS},
            **{key: tuple((name, value) for name, value in asked[key]) for key in _PAIRS},
        }
        chosen = Choices(**known)
        return Submission(chosen, asked["locked"], dict(asked["recipes"]), tuple(asked["only"]))
    except (KeyError, TypeError, ValueError):
        return None
