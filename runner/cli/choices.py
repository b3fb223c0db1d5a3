"""The options by which the command line overrules the file; shared by ``run`` and ``plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runner import envvars
from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from runner.cached import Cache
    from runner.cli.arguments import Parser
    from runner.cli.context import Source
    from runner.engine.files import WorkflowFiles
    from runner.plan.plan import Choices

T = TypeVar("T")


def add(parser: Parser) -> None:
    """Add them."""
    parser.add_argument(
        "workflow", metavar="WORKFLOW", nargs="?", help="the workflow (`wf ls` lists them)"
    )
    parser.add_argument("--all", action="store_true", help="every workflow of the project")
    parser.add_argument(
        "--fresh", action="store_true", help="run what it depends on too, whatever was run before"
    )
    parser.add_argument(
        "--locked", metavar="RUN", help="this run once more: its source, variables and environment"
    )
    add_choices(parser)
    parser.add_file()
    parser.add_json()


def add_choices(parser: Parser) -> None:
    """Those that overrule what the file says of one workflow."""
    parser.add_argument("--cpus", metavar="N", help="cores to use instead of the file's `cpu`")
    parser.add_argument("--gpus", metavar="N", help="GPUs to use instead of the file's; 0 for none")
    parser.add_argument(
        "--simulate-gpus", action="store_true", help="a process on the CPU stands in for each GPU"
    )
    parser.add_argument("--memory", metavar="SIZE", help="memory, such as 16GB")
    parser.add_argument("--python", metavar="VERSION", help="Python, such as 3.11")
    parser.add_argument(
        "--as-of", metavar="DATE",
        help="packages as they stood that day, such as 2022-05-20; commit, today or none",
    )  # fmt: skip
    parser.add_argument(
        "--packages-of", metavar="RUN", help="in the environment that this run had, exactly"
    )
    parser.add_argument(
        "--executor",
        metavar="NAME",
        help="where to run it: `docker`, or `local`, even if it names an image",
    )
    parser.add_argument(
        "-e", "--env", metavar="NAME=VALUE", action="append", default=[],
        help="a variable for the job; NAME alone passes yours on; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--max-duration", metavar="TIME",
        help="end the job after this time, such as 90m or 2h; off for no limit",
    )  # fmt: skip


def parse(parser: Parser, words: list[str]) -> argparse.Namespace:
    """Tell apart wf's own options, ``--NAME VALUE`` for variables, and words behind ``--``."""
    own = words
    args: tuple[str, ...] = ()
    if "--" in words:
        at = words.index("--")
        own, args = words[:at], tuple(words[at + 1 :])
    rest, parameters = _parameters(own, parser.options())
    arguments = parser.parse_args(rest)
    arguments.args = args
    arguments.parameters = parameters
    return arguments


def _parameters(
    words: list[str], options: frozenset[str]
) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """What is no option of wf's is a variable: ``--lr 1e-3`` or ``--lr=1e-3``."""
    rest: list[str] = []
    found: list[tuple[str, str]] = []
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name in options:
            rest.append(word)
            continue
        if not equals:
            given = next(waiting, None)
            if given is None:
                raise _no_value(name, options)
            value = given
        found.append((name.removeprefix("--"), value))
    return rest, tuple(found)


def _no_value(name: str, options: frozenset[str]) -> WfError:
    close = _nearest_option(name, options)
    hint = f"did you mean `{close}`?" if close else f"write {name} VALUE for a variable"
    return WfError(USAGE, f"`{name}` has no value", hint=hint)


def read(
    arguments: argparse.Namespace, args: tuple[str, ...], caller: Mapping[str, str]
) -> Choices:
    """What was chosen for a workflow; ``caller`` are the variables of whoever calls.

    Raises:
        WfError: kind ``USAGE`` for a value that cannot be what it should, and when neither one
            workflow is named nor all are.
    """
    _check_target(arguments, args)
    return chosen(arguments, args, caller)


def chosen(
    arguments: argparse.Namespace, args: tuple[str, ...], caller: Mapping[str, str]
) -> Choices:
    """What was chosen with the options of :func:`add_choices`.

    Raises:
        WfError: kind ``USAGE`` for a value that cannot be what it should.
    """
    from runner.containers.address import is_there
    from runner.plan.plan import BASE_IMAGE, Choices
    from runner.spec import text

    return Choices(
        cpus=option_value("--cpus", arguments.cpus, text.count),
        gpus=option_value("--gpus", arguments.gpus, text.count_or_none),
        memory=option_value("--memory", arguments.memory, text.size),
        python=option_value("--python", arguments.python, text.python_version),
        as_of=_as_of(arguments.as_of),
        parameters=arguments.parameters,
        variables=tuple(_variable(word) for word in arguments.env if "=" in word),
        args=args,
        executor=_executor(arguments.executor),
        max_duration=option_value("--max-duration", arguments.max_duration, text.duration),
        passed=tuple(_passed(word, caller) for word in arguments.env if "=" not in word),
        caller=frozenset(caller),
        simulate_gpus=arguments.simulate_gpus,
        containers=is_there(caller),
        base_image=caller.get(envvars.WF_BASE_IMAGE) or BASE_IMAGE,
    )


def _as_of(written: str | None) -> str | None:
    from runner.plan.facts import NONE, TODAY
    from runner.spec import days

    return written if written in {TODAY, NONE} else option_value("--as-of", written, days.as_of)


def _executor(written: str | None) -> str | None:
    from runner.plan.plan import EXECUTORS

    if written is not None and written not in EXECUTORS:
        hint = f"the executors are: {', '.join(EXECUTORS)}"
        raise WfError(USAGE, f"there is no executor `{written}`", hint=hint)
    return written


def _check_target(arguments: argparse.Namespace, args: tuple[str, ...]) -> None:
    """One workflow, or all of them without what only one can be given."""
    if arguments.workflow is None and arguments.locked is None and not arguments.all:
        raise WfError(USAGE, "no workflow is named", hint="`wf ls` lists them; --all runs them all")
    if not arguments.all:
        return
    given = (
        [arguments.workflow] if arguments.workflow else [f"--{p[0]}" for p in arguments.parameters]
    )
    given += ["--locked"] if arguments.locked is not None else []
    given += ["--packages-of"] if arguments.packages_of is not None else []
    given += ["--"] if args else []
    if given:
        raise WfError(
            USAGE,
            f"`{given[0]}` is for one workflow, and --all runs them all",
            hint="leave one of them out",
        )


def _nearest_option(name: str, options: frozenset[str]) -> str | None:
    from runner.spec.mistakes import nearest

    words = sorted(option[2:] for option in options if option.startswith("--"))
    close = nearest(name.removeprefix("--"), words)
    return f"--{close}" if close else None


def open_chosen(
    parser: Parser, source: Source, workflow: str | None, choices: Choices, cache: Cache
) -> WorkflowFiles:
    """Read the files with what was chosen for one workflow, unless the ``cache`` has them so.

    Raises:
        WfError: kind ``USAGE`` for a choice that the workflow has no variable for, ``INVALID`` for
            mistakes in the files.
    """
    from runner.engine.known import Opened, open_known

    parameters = dict(choices.parameters)
    try:
        values = {workflow: parameters} if workflow else {}
        asked = Opened(source.workflows, source.root, source.beside, values, workflow)
        return open_known(asked, cache.workflows)
    except WfError as error:
        if error.kind == USAGE and not (error.hint or "").startswith("did you mean"):
            error.hint = _own_option(error, parameters, parser.options()) or error.hint
        raise


def _own_option(
    error: WfError, parameters: Mapping[str, str], options: frozenset[str]
) -> str | None:
    """An option of wf's that was meant by what is no variable."""
    name = next((name for name in parameters if f"variable `{name}`" in error.message), "")
    close = _nearest_option(name, options)
    return f"did you mean `{close}`?" if close else None


def _variable(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return _name(name), value


def _passed(word: str, caller: Mapping[str, str]) -> str:
    """A variable whose value is the caller's own, and is not written down."""
    name = _name(word)
    check_passed((name,), caller)
    return name


def _name(written: str) -> str:
    from runner.spec import text

    return str(option_value("--env", written, text.variable_name))


def check_passed(names: Iterable[str], caller: Mapping[str, str]) -> None:
    """See to it that the caller has the variables that are to be passed on.

    Raises:
        WfError: kind ``USAGE`` when one is missing.
    """
    for name in names:
        if name not in caller:
            raise WfError(
                USAGE,
                f"--env: `{name}` has no value, and is not set here",
                hint=f"write -e {name}=value",
            )


def option_value(option: str, written: str | None, reader: Callable[[str], T]) -> T | None:
    """Read a value as the file's own values are read, with the option's name in the message."""
    if written is None:
        return None
    from pydantic_core import PydanticCustomError

    try:
        return reader(written)
    except PydanticCustomError as error:
        context = error.context or {}
        raise WfError(USAGE, f"{option}: {context['message']}", hint=context["hint"]) from None
