"""``wf artifacts cat``: the bytes of kept files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.cli.addresses import address, contents_of
from runner.cli.arguments import Parser
from runner.cli.render.style import harmless, in_line
from runner.cli.settled import settled
from runner.errors import OK, STORAGE, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.artifacts.entries import Entry
    from runner.cli.context import Context
    from runner.records.contents import Contents

_CHUNK = 1 << 20
# how much of a file is looked at to tell whether it is text, as git and grep do
_SNIFFED = 8000


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts cat",
        "Write kept files to stdout, as they are, once they have been compared with their\ndigest.",
        [
            ("wf artifacts cat last:model/metrics.csv", "a file of the last run"),
            ("wf artifacts cat :best:report.md", "one of the run tagged `best`"),
            ("wf artifacts cat last:model/last.ckpt > last.ckpt", "what is no text, into a file"),
        ],
    )
    made.add_argument(
        "files", metavar="RUN:PATH", nargs="+", help="a file of a run; several come one by one"
    )
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Write them."""
    records = settled(context)
    context.out.flush()
    for written in arguments.files:
        run, path = address(written)
        found = contents_of(records, run)
        if path is None:
            hint = f"what there is: wf artifacts tree {found.run}"
            raise WfError(USAGE, f"`{written}` names no file", hint=hint)
        _write(found, found.file(path), context)
    return OK


def _write(found: Contents, entry: Entry, context: Context) -> None:
    """Write one file.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be read, or is not what was kept; ``USAGE`` when
            it is no text, and a terminal would have to show it.
    """
    file = found.open(entry.path)
    try:
        # what is still being written has no digest
        if entry.digest:
            _compare(file, entry, found.run)
        show = _shown if context.out.isatty() else _sent
        show(file, found.run, entry.path, context)
    finally:
        os.close(file)


def _compare(file: int, entry: Entry, run: str) -> None:
    """See that an open file is what was kept, before a byte of it is handed on.

    It is read twice for that, however large it is: who reads from a pipe may never learn that what
    has come was wrong.
    """
    from runner.artifacts.entries import PREFIX
    from runner.artifacts.store.hashing import Hasher

    try:
        digest = Hasher().read(file, os.fstat(file))[1]
        os.lseek(file, 0, os.SEEK_SET)
    except OSError as error:
        raise _damaged(entry, run, f"cannot be read: {error.strerror}") from error
    if entry.digest != PREFIX + digest:
        raise _damaged(entry, run, f"is damaged: it is not what {run} has left behind")


def _damaged(entry: Entry, run: str, what: str) -> WfError:
    hint = f"what else is: wf artifacts verify {run}"
    return WfError(STORAGE, f"{entry.path} {what}", hint=hint)


def _sent(file: int, _run: str, _path: str, context: Context) -> None:
    """Write the bytes as they are."""
    from runner.records.log import write_all

    while chunk := os.read(file, _CHUNK):
        write_all(context.out.fileno(), chunk)


def _shown(file: int, run: str, path: str, context: Context) -> None:
    """Write text to a terminal, without anything it would act on."""
    from codecs import getincrementaldecoder

    decoder = getincrementaldecoder("utf-8")("replace")
    first = True
    while chunk := os.read(file, _CHUNK):
        if first and b"\0" in chunk[:_SNIFFED]:
            said = f"{in_line(path)} is no text, and a terminal cannot show it"
            raise WfError(USAGE, said, hint=f"wf artifacts cat {run}:{in_line(path)} > FILE")
        first = False
        context.out.write(harmless(decoder.decode(chunk).replace("\r\n", "\n")))
    context.out.flush()
