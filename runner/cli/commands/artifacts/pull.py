"""``wf artifacts pull``: copies of kept files, for their user to change."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runner.cli.addresses import ADDRESS, address, contents_of, kept_path
from runner.cli.arguments import Parser
from runner.cli.remotes import REMOTE, incoming, is_elsewhere
from runner.cli.render.style import in_line
from runner.cli.settled import settled
from runner.disks import named, unwritable
from runner.errors import OK, STORAGE, Problem, WfError
from runner.units import amount, count

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from runner.artifacts.manifest import Entry
    from runner.artifacts.pulling import Conflict, Pull
    from runner.cli.context import Context
    from runner.records.contents import Contents

    Bring = Callable[[Sequence[Entry]], None]

# of what is in the way; who has more wants another folder
_NAMED = 100


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts pull",
        "Copy what a run has left behind, to the paths it had, below this folder or another.\n"
        "What is there already is left alone; nothing is written over.",
        [
            ("wf artifacts pull last", "all of the last run, here"),
            ("wf artifacts pull last -o out", "into the folder `out`"),
            ("wf artifacts pull :best model report.md", "two paths of the run tagged `best`"),
            ("wf artifacts pull last:model --force", "in place of what is here"),
            ("wf artifacts pull wet-mango-1 --from s3://lab/models", "what somebody has pushed"),
        ],
    )
    made.add_argument("run", metavar="RUN[:PATH]", help=ADDRESS)
    made.add_argument("paths", metavar="PATH", nargs="*", help="only this, of what it keeps")
    made.add_argument("-o", "--output", metavar="DIR", help="below this folder; it is made")
    made.add_argument(
        "--from",
        metavar="URL",
        dest="remote",
        help=f"from a remote store: {REMOTE} (default for runs that are not here: $WF_REMOTE)",
    )
    made.add_argument("--force", action="store_true", help="replace files that are in the way")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Copy it."""
    run, path = address(arguments.run)
    with _kept(run, arguments.remote, context) as (found, bring):
        return _pull(found, bring, path, arguments, context)


@contextmanager
def _kept(run: str, remote: str | None, context: Context) -> Iterator[tuple[Contents, Bring]]:
    """What the run keeps, here or on a remote, and what brings entries of it here."""
    records = settled(context)
    if remote is None and not is_elsewhere(run, records, context):
        yield contents_of(records, run), _nothing
        return
    with incoming(remote, run, context) as coming:
        yield coming.contents, coming.bring


def _nothing(_entries: Sequence[Entry]) -> None:
    """They are here."""


def _pull(
    found: Contents,
    bring: Bring,
    path: str | None,
    arguments: argparse.Namespace,
    context: Context,
) -> int:
    words = [kept for word in arguments.paths if (kept := kept_path(word)) is not None]
    entries = _chosen(found, words if path is None else [path, *words])
    target = context.cwd / (arguments.output or ".")
    pull = _compared(found, entries, target, context)
    _refuse(pull, found.run, force=arguments.force)
    bring(pull.wanted)
    _write(found, pull.wanted, target, context)
    if arguments.json:
        context.say_json(_document(found, pull, target))
    else:
        context.err.write(_said(found, pull, arguments.output or "."))
    return OK


def _chosen(found: Contents, paths: Sequence[str]) -> list[Entry]:
    """The entries at some paths, or all of them, each once.

    Raises:
        WfError: kind ``USAGE`` when the run keeps nothing, or not what was asked for.
    """
    if not paths:
        return list(found.entries())
    chosen = {entry.path: entry for path in paths for entry in found.at(path)}
    return list(chosen.values())


def _compared(found: Contents, entries: list[Entry], target: Path, context: Context) -> Pull:
    """What is to be written, after a look at what is there."""
    from runner.artifacts.pulling import compare
    from runner.cli.render.transfer import Transfer

    def link_of(entry: Entry) -> str:
        root, place = found.place(entry.path)
        return os.readlink(os.path.join(root, place))

    with Transfer("comparing", context.err, context.variables) as transfer:
        try:
            return compare(os.fspath(target), entries, link_of, transfer.tell)
        except OSError as error:
            raise WfError(
                STORAGE,
                f"it cannot be told what is in {target}: {named(error).strerror}",
                hint="pull it into another folder: -o DIR",
            ) from error


def _refuse(pull: Pull, run: str, *, force: bool) -> None:
    """Stop, with everything named that is in the way, before anything is written.

    Raises:
        WfError: kind ``STORAGE`` when there is something.
    """
    found = [one for one in pull.conflicts if not (force and one.replaceable)]
    if not found:
        return
    problems = [Problem(_in_the_way(one)) for one in found[:_NAMED]]
    if len(found) > _NAMED:
        problems.append(Problem(f"and {count(len(found) - _NAMED, 'more', 'more')}"))
    replace = ", or replace what is there: --force" if not force else ""
    hint = f"nothing was written; choose another folder: wf artifacts pull {run} -o DIR{replace}"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = _in_the_way(found[0]) + more
    raise WfError(STORAGE, message, hint=hint, problems=tuple(problems))


def _in_the_way(conflict: Conflict) -> str:
    return f"{in_line(conflict.path)} is {conflict.what}"


def _write(found: Contents, wanted: list[Entry], target: Path, context: Context) -> None:
    from runner.artifacts.inputs import place
    from runner.cli.render.transfer import Transfer

    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = "the folder cannot be made"
        raise unwritable(what, named(error), target.parent, "name another: -o DIR") from error
    size = sum(entry.bytes for entry in wanted)
    with Transfer("copying", context.err, context.variables) as transfer:
        transfer.expect(len(wanted), size)
        place(found.folder, wanted, target, transfer.tell)


def _said(found: Contents, pull: Pull, target: str) -> str:
    files = [entry for entry in pull.wanted if entry.kind != "directory"]
    if not files and not pull.same:
        return f"{found.run} has no artifacts{'' if found.over else ' as yet'}\n"
    said = []
    if files:
        size = amount(sum(entry.bytes for entry in files))
        said.append(f"{count(len(files), 'file')}, {size}, of {found.run} into {target}")
    if pull.same:
        said.append(f"{count(pull.same, 'file was', 'files were')} there already")
    return f"{' · '.join(said)}\n"


def _document(found: Contents, pull: Pull, target: Path) -> dict[str, Any]:
    files = [entry for entry in pull.wanted if entry.kind != "directory"]
    return {
        "run": found.run,
        "folder": os.path.abspath(target),
        "files": len(files),
        "bytes": sum(entry.bytes for entry in files),
        "there_already": pull.same,
    }
