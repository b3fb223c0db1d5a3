"""Arguments in wf's voice: argparse, with its errors turned into ours and help that is laid out."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, NoReturn

from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Sequence

RUN = "a name, its first letters, `last` or `:TAG`"
"""What an argument that names a run is, for ``--help``."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises instead of exiting, and shows examples as written."""

    def __init__(self, verb: str, summary: str, examples: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            prog=f"wf {verb}",
            description=summary,
            epilog=_examples(examples),
            formatter_class=_formatter,
            allow_abbrev=False,
            add_help=False,
        )
        self._positionals.title = "what"
        self._optionals.title = "options"
        self.add_argument("-h", "--help", action="help", help="show this text")

    def error(self, message: str) -> NoReturn:
        """A mistake on the command line."""
        raise WfError(USAGE, message.replace("argument ", ""), hint=f"`{self.prog} --help`")

    def options(self) -> frozenset[str]:
        """All options as they are written, ``--json`` and ``-f`` among them."""
        return frozenset(self._option_string_actions)

    def add_json(self) -> None:
        """``--json``, which every reading verb takes."""
        self.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def add_file(self) -> None:
        """``--file``, which every verb that reads workflows takes."""
        self.add_argument(
            "-f",
            "--file",
            metavar="FILE",
            help="the workflow file (default: .dstack/workflows.yaml here or in a folder above)",
        )


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Left to itself the formatter imports ``shutil`` at every start, to ask for the width."""
    try:
        width = os.get_terminal_size(1).columns
    except OSError:
        width = 0
    return argparse.RawDescriptionHelpFormatter(prog, width=min(width or 100, 100) - 2)


def _examples(examples: Sequence[tuple[str, str]]) -> str:
    width = max(len(command) for command, _ in examples)
    lines = (f"  {command:<{width}}  {meaning}" for command, meaning in examples)
    return "examples:\n" + "\n".join(lines)
