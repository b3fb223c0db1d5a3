"""The entry point: picks the verb, catches what goes wrong, and turns it into an exit code.

Start-up is part of the product: nothing is imported before it is known to be needed.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from runner import __version__, errors
from runner.errors import WfError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOO_MANY = (errno.EMFILE, errno.ENFILE)
# what a file says that can take no more
_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
# verb -> its module in cli/commands, and a line for the overview
VERBS = {
    "run": ("run", "run a workflow and show its output until it ends"),
    "resume": ("resume", "go on where a run was stopped, failed or was lost"),
    "ls": ("ls", "list the workflows of this project"),
    "validate": ("validate", "check the workflow file and show every mistake in it"),
    "plan": ("plan", "show what a run would do, without doing it"),
    "init": ("init", "write a workflow file for this project"),
    "export": ("export", "print a workflow in today's dstack format"),
    "schema": ("schema", "print the JSON Schema of the workflow file, for editors"),
    "ps": ("ps", "list runs"),
    "attach": ("attach", "show a run that goes on, as `wf run` does"),
    "show": ("show", "show everything known about a run"),
    "compare": ("compare", "show runs side by side: times, speed-up, metrics, what differs"),
    "logs": ("logs", "print what a run has printed"),
    "stop": ("stop", "end runs that are going on"),
    "wait": ("wait", "wait until runs have ended"),
    "artifacts": ("artifacts", "look at what runs have left behind"),
    "runners": ("runners", "show this machine, who holds what of it, and who waits"),
    "env": ("env", "look at environments, and remove those that nobody needs"),
    "tags": ("tags", "give runs names of your own"),
    "secrets": ("secrets", "keep passwords and keys for the jobs of this project"),
    "rm": ("rm", "remove runs with their logs and artifacts"),
    "prune": ("prune", "remove runs that nobody needs any more"),
}

_HELP = """\
wf runs the workflows of .dstack/workflows.yaml on this machine.

usage: wf VERB [ARGUMENTS]        wf VERB --help says more

{verbs}

  -V, --version  show the version
  -h, --help     show this text

examples:
  wf ls                           what can be run here
  wf run train-mnist-no-gpu       run it: environment, devices, log, artifacts
  wf show last                    how the last run went
  wf artifacts tree last          what it left behind
"""


def entry() -> NoReturn:
    """The ``wf`` command."""
    # imports make many objects and hardly any garbage; looking for it costs a tenth of them
    gc.set_threshold(100_000)
    _open_streams()
    code = main(sys.argv[1:])
    # skips the interpreter's tear-down; everything that must be written has been
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a closed pipe or terminal
            stream.flush()
    os._exit(code)


def _open_streams() -> None:
    """Streams that were closed before we started, and letters that a stream cannot show.

    The next file opened would take the place of a closed stream, and be written to as such.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(words: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    try:
        return _said(list(words))
    except WfError as error:
        with suppress(OSError):  # nobody hears it; the code says it all the same
            _report(error, machine=_wants_json(words))
        return error.kind
    except BrokenPipeError:
        # whoever read our output has had enough (`wf ps | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.OK
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except SystemExit as end:  # argparse, after it has printed help
        return end.code if isinstance(end.code, int) else errors.OK
    except Exception as bug:  # noqa: BLE001 - the one place where a bug becomes a report
        with suppress(OSError):
            _report_bug(bug, words)
        return errors.INTERNAL


def _said(words: list[str]) -> int:
    """Do as asked; the code, after everything said has reached whoever listens."""
    code = errors.OK
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno == errno.EIO and code > errors.SIGNAL_BASE:
            return code  # its terminal was closed, with words on their way there
        if error.errno in _TOO_MANY:
            said = f"{error.strerror}: {error.filename}"
            raise WfError(errors.STORAGE, said, hint="allow more: ulimit -n 1024") from error
        # whatever else cannot be written has a name, and is told where that happens
        if error.errno not in _REFUSED or error.filename is not None:
            raise
        raise WfError(errors.STORAGE, f"stdout cannot be written: {error.strerror}") from error
    return code


def _wants_json(words: Sequence[str]) -> bool:
    """Words behind ``--`` are the script's."""
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def _dispatch(words: list[str]) -> int:
    verb = words[0] if words else "--help"
    if verb in {"-V", "--version", "version"}:
        sys.stdout.write(f"wf {__version__}\n")
        return errors.OK
    if verb in {"-h", "--help", "help"}:
        return _help(words[1:])
    if verb not in VERBS:
        raise _unknown(verb)
    return _run(_load(verb), words[1:])


def _load(verb: str) -> ModuleType:
    from importlib import import_module

    return import_module(f"runner.cli.commands.{VERBS[verb][0]}")


def _run(module: ModuleType, words: list[str]) -> int:
    from datetime import datetime, timezone
    from pathlib import Path

    from runner.cli.context import Context
    from runner.settings import resolve

    parser = module.parser()
    arguments = (
        module.parse(parser, words) if hasattr(module, "parse") else parser.parse_args(words)
    )
    variables = dict(os.environ)
    _without_plugins()
    context = Context(
        out=sys.stdout,
        err=sys.stderr,
        cwd=Path.cwd(),
        variables=variables,
        settings=resolve(variables),
        now=lambda: datetime.now(timezone.utc),
    )
    return int(module.execute(arguments, context))


def _without_plugins() -> None:
    """Spare pydantic the search for plug-ins in the metadata of every installed package.

    Its own switch (``PYDANTIC_DISABLE_PLUGINS``) spares the search, but not the import of what
    would search, which is a twelfth of a run's start; so the module that looks for them is there
    already, and finds none. Should pydantic call it otherwise one day, the switch still holds.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    loader = ModuleType("pydantic.plugin._loader")
    loader.__dict__["get_plugins"] = tuple
    sys.modules.setdefault(loader.__name__, loader)


def _help(words: list[str]) -> int:
    if words and words[0] in VERBS:
        _load(words[0]).parser().print_help()
        return errors.OK
    width = max(len(verb) for verb in VERBS)
    listed = "\n".join(f"  {verb:<{width}}  {summary}" for verb, (_, summary) in VERBS.items())
    sys.stdout.write(_HELP.format(verbs=listed))
    return errors.OK


def _unknown(verb: str) -> WfError:
    from runner.spec.mistakes import did_you_mean

    what = "option" if verb.startswith("-") else "verb"
    known = [*VERBS, "--help", "--version"] if what == "option" else VERBS
    hint = did_you_mean(verb, known, "the verbs are")
    return WfError(errors.USAGE, f"there is no {what} `{verb}`", hint=hint)


def _report(error: WfError, *, machine: bool) -> None:
    from runner.cli.render.problems import error_document, show_error

    if machine:
        from runner.cli.context import as_json

        sys.stdout.write(as_json(error_document(error), sys.stdout.encoding) + "\n")
    show_error(error, sys.stderr, os.environ)


def _report_bug(bug: Exception, words: Sequence[str]) -> None:
    """A bug of ours: no traceback on the terminal, but a file that can be sent."""
    from runner.cli.crash import ReportedError, write_report

    if isinstance(bug, ReportedError):
        said, path = bug.said, bug.report
    else:
        said = f"{type(bug).__name__}: {bug}"
        path = write_report(bug, words, os.environ)
    where = f"; the report is {path}" if path else ""
    sys.stderr.write(f"error: this is a bug in wf: {said}{where}\n")
    sys.stderr.write("hint: please send the report with what you typed\n")
