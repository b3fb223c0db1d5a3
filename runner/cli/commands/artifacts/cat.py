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
    from collections.abc import Iterator

    from runner.artifacts.manifest import Entry
    from runner.cli.context import Context
    from runner.records.contents import Contents

_CHUNK = 1 << 20
# how much of a file is looked at to tell whether it is text, as git and grep do
_SNIFFED = 8000


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts cat",
        "Write kept files to stdout, as they are; compared with their digest on the way.",
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
    from blake3 import blake3

    file = found.open(entry.path)
    hasher = blake3()
    try:
        show = _shown if context.out.isatty() else _sent
        for chunk in show(file, found.run, entry.path, context):
            hasher.update(chunk)
    finally:
        os.close(file)
    # what is still being written has no digest
    if entry.digest and entry.digest != f"blake3:{hasher.hexdigest()}":
        raise WfError(
            STORAGE,
            f"{entry.path} is damaged: this is not what {found.run} has left behind",
            hint=f"what else is: wf artifacts verify {found.run}",
        )


def _sent(file: int, _run: str, _path: str, context: Context) -> Iterator[bytes]:
    """Write the bytes as they are."""
    from runner.records.log import write_all

    while chunk := os.read(file, _CHUNK):
        write_all(context.out.fileno(), chunk)
        yield chunk


def _shown(file: int, run: str, path: str, context: Context) -> Iterator[bytes]:
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
        yield chunk
    context.out.flush()
