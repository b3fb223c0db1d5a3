"""``wf artifacts open``: a kept file, or a folder of them, in the program of the desktop."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from runner.cli.addresses import ADDRESS, address, contents_of
from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK, STORAGE, UNSATISFIABLE, WfError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from runner.cli.context import Context
    from runner.records.contents import Contents

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts open",
        "Open what a run has left behind in the program that the desktop has for it. The files\n"
        "are read-only: `wf artifacts pull` gives you copies to change.",
        [
            ("wf artifacts open last", "the folder, in the file manager"),
            ("wf artifacts open last:samples.png", "a picture"),
            ("cd $(wf artifacts open last:model --print)", "go there, without a desktop"),
        ],
    )
    made.add_argument("run", metavar="RUN[:PATH]", help=ADDRESS)
    made.add_argument("--print", action="store_true", help="only print where it is")
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Open it."""
    run, path = address(arguments.run)
    found = contents_of(settled(context), run)
    place = _place(found, path)
    if arguments.print:
        context.out.write(f"{place}\n")
        return OK
    program = "open" if sys.platform == "darwin" else "xdg-open"
    if sys.platform != "darwin" and not any(context.variables.get(name) for name in _DISPLAYS):
        raise _unopened("there is no desktop here to open it on", arguments.run)
    _start(program, place, arguments.run, context)
    context.err.write(f"opened {place}\n")
    return OK


def _place(found: Contents, path: str | None) -> Path:
    """Where it lies.

    Raises:
        WfError: kind ``USAGE`` when nothing is kept there, ``STORAGE`` when it is gone.
    """
    place = found.folder
    if path is not None:
        found.at(path)
        root, below = found.place(path)
        place = root / below
    if not os.path.lexists(place):
        said = f"{place} is not there" + (" any more" if found.over else " yet")
        raise WfError(STORAGE, said, hint=f"wf artifacts tree {found.run}")
    return place


def _start(program: str, place: Path, written: str, context: Context) -> None:
    from shutil import which

    from runner.process import background

    found = which(program, path=context.variables.get("PATH"))
    if found is None:
        raise _unopened(f"`{program}` is not on PATH", written)
    # it may be the very program that shows it, which is closed when its user likes
    with open(os.devnull, "rb") as nothing:
        argv = [found, os.fspath(place)]
        background.start(argv, env=context.variables, cwd=context.cwd, said=nothing)


def _unopened(message: str, written: str) -> WfError:
    hint = f"where it is: wf artifacts open {written} --print"
    return WfError(UNSATISFIABLE, message, hint=hint)
