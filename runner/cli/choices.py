"""The options by which the command line overrules the file; shared by ``run`` and ``plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from runner.cli.arguments import Parser
    from runner.plan.plan import Choices

T = TypeVar("T")


def add(parser: Parser) -> None:
    """Add them."""
    parser.add_argument("workflow", metavar="WORKFLOW", help="the workflow (`wf ls` lists them)")
    parser.add_argument("--cpus", metavar="N", help="cores to use instead of the file's `cpu`")
    parser.add_argument("--gpus", metavar="N", help="GPUs to use instead of the file's; 0 for none")
    parser.add_argument("--memory", metavar="SIZE", help="memory, such as 16GB")
    parser.add_argument("--python", metavar="VERSION", help="Python, such as 3.11")
    parser.add_argument(
        "-e", "--env", metavar="NAME=VALUE", action="append", default=[],
        help="a variable for the job; may be given several times",
    )  # fmt: skip
    parser.add_file()
    parser.add_json()


def split(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Words of wf, and those behind ``--`` that belong to the script."""
    if "--" not in words:
        return words, ()
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


def read(arguments: argparse.Namespace, args: tuple[str, ...]) -> Choices:
    """What was chosen.

    Raises:
        WfError: kind ``USAGE`` for a value that cannot be what it should.
    """
    from runner.plan.plan import Choices
    from runner.spec import text

    return Choices(
        cpus=_value("--cpus", arguments.cpus, text.count),
        gpus=_value("--gpus", arguments.gpus, text.count_or_none),
        memory=_value("--memory", arguments.memory, text.size),
        python=_value("--python", arguments.python, text.python_version),
        variables=tuple(_variable(word) for word in arguments.env),
        args=args,
    )


def _variable(word: str) -> tuple[str, str]:
    from runner.spec import text

    name, equals, value = word.partition("=")
    if not equals:
        raise WfError(USAGE, f"--env: `{word}` has no value", hint=f"write --env {word}=value")
    return str(_value("--env", name, text.variable_name)), value


def _value(option: str, written: str | None, reader: Callable[[str], T]) -> T | None:
    """Read a value as the file's own values are read, with the option's name in the message."""
    from pydantic_core import PydanticCustomError

    if written is None:
        return None
    try:
        return reader(written)
    except PydanticCustomError as error:
        context = error.context or {}
        raise WfError(USAGE, f"{option}: {context['message']}", hint=context["hint"]) from None
