"""Document -> Rules: the keys of a limits file, or every mistake in it at once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ValidationError

from runner.allocation.limits.rules import Rule, Rules
from runner.allocation.lists import listed
from runner.document.settle import settle
from runner.errors import Problem, invalid
from runner.spec.forms import FileForm, Size
from runner.spec.mistakes import MAX_PROBLEMS, translate, unknown_key
from runner.spec.text import kind_of, mistake, part

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from runner.document.document import Document


def _cores(value: Any) -> int | frozenset[int]:  # noqa: ANN401
    """``8`` is how many; ``0-7`` and ``[0, 2, 4-7]`` are which."""
    if isinstance(value, list) and value:
        parts = [part(_core_numbers, item, index) for index, item in enumerate(value)]
        return frozenset(number for numbers in parts for number in numbers)
    numbers = _core_numbers(value)
    if not value.isdecimal():
        return frozenset(numbers)
    if numbers == (0,):
        raise mistake("wf needs one core at least", "leave the key out to allow all of them")
    return numbers[0]


def _core_numbers(value: Any) -> tuple[int, ...]:  # noqa: ANN401
    numbers = listed("".join(value.split())) if isinstance(value, str) else ()
    if not numbers:
        raise mistake(
            f"a number of cores or a list of them is wanted here, not {kind_of(value)}",
            "write, for example, 8 (how many), 0-7 or [0, 2, 4] (which)",
        )
    return numbers


def _gpus(value: Any) -> int | tuple[str, ...]:  # noqa: ANN401
    """``2`` is how many; ``[0, 1]``, ``0-3``, ``[GPU-8a2f]`` and ``A100`` are which."""
    if isinstance(value, list):
        parts = [part(_gpu_words, item, index) for index, item in enumerate(value)]
        return tuple(word for words in parts for word in words)
    words = _gpu_words(value)
    return int(value) if value.isdecimal() else words


def _gpu_words(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    if not isinstance(value, str) or not value.strip() or value.startswith("-"):
        raise mistake(
            f"a number of GPUs or a list of them is wanted here, not {kind_of(value)}",
            "write, for example, 2 (how many), [0, 1] or A100 (which)",
        )
    indexes = listed("".join(value.split()))
    return tuple(map(str, indexes)) if indexes else (str(value.strip()),)


class LimitsForm(FileForm):
    """A limits file."""

    cores: Annotated[int | frozenset[int], BeforeValidator(_cores)] | None = None
    memory: Size | None = None
    gpus: Annotated[int | tuple[str, ...], BeforeValidator(_gpus)] | None = None


def load(document: Document, turn: int) -> Rules:
    """Read a limits file; ``turn`` as in :class:`Rules`.

    Raises:
        WfError: kind ``INVALID`` with all mistakes found, each in its place.
    """
    try:
        read = LimitsForm.model_validate(document.root.data())
    except ValidationError as error:
        problems = [_said(found) for found in error.errors()[:MAX_PROBLEMS]]
        for problem in problems:
            settle(document, problem)
        raise invalid(sorted(problems, key=_position)) from None

    def rule(key: str, allows: Any) -> Any:  # noqa: ANN401 - of the type that the key has
        return None if allows is None else Rule(allows, document.place((key,), at_key=True))

    return Rules(
        cores=rule("cores", read.cores),
        memory=rule("memory", read.memory),
        gpus=rule("gpus", read.gpus),
        turn=turn,
    )


def _said(found: ErrorDetails) -> Problem:
    if found["type"] == "extra_forbidden":
        route = tuple(found["loc"])
        problem = unknown_key(str(route[-1]), route, LimitsForm.model_fields)
        problem.fix = None  # `wf validate --fix` puts workflow files right, not these
        return problem
    problem = translate(found, LimitsForm, ())
    if not problem.route:
        problem.hint = "write, for example, `cores: 8` or `memory: 16GB`"
    return problem


def _position(problem: Problem) -> tuple[int, int]:
    place = problem.place
    return (place.line, place.column) if place else (0, 0)
