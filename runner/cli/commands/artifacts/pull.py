"""``wf artifacts pull``: copies of kept files, for their user to change."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.entries import stored
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

    from runner.artifacts.entries import Entry
    from runner.artifacts.giving.pulling import Pull
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
    with _kept(run, arguments.remote, context) as kept:
        return _pull(kept, path, arguments, context)


class _Kept(NamedTuple):
    """What a run keeps, and what brings entries of it here, if they have to be brought.

    What is brought was compared with its digest meanwhile.
    """

    found: Contents
    bring: Bring | None = None

    @property
    def is_compared(self) -> bool:
        """Whether it still has to be."""
        return self.found.over and self.bring is None


@contextmanager
def _kept(run: str, remote: str | None, context: Context) -> Iterator[_Kept]:
    """What the run keeps, here or on a remote."""
    records = settled(context)
    if remote is None and not is_elsewhere(run, records, context):
        yield _Kept(contents_of(records, run))
        return
    with incoming(remote, run, context) as coming:
        yield _Kept(coming.contents, coming.bring)


def _pull(kept: _Kept, path: str | None, arguments: argparse.Namespace, context: Context) -> int:
    found = kept.found
    words = [below for word in arguments.paths if (below := kept_path(word)) is not None]
    entries = _chosen(found, words if path is None else [path, *words])
    target = context.cwd / (arguments.output or ".")
    if not found.over:
        entries = [entry._replace(digest=found.digest(entry)) for entry in entries]
    pull = _compared(entries, target, context)
    _refuse(pull, found.run, force=arguments.force)
    if kept.bring is not None:
        kept.bring(pull.wanted)
    _write(kept, pull, target, context)
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


def _compared(entries: list[Entry], target: Path, context: Context) -> Pull:
    """What is to be written, after a look at what is there."""
    from runner.artifacts.giving.pulling import compare
    from runner.cli.render.transfer import Transfer

    with Transfer("comparing", context.err, context.variables) as transfer:
        try:
            return compare(target, entries, transfer.tell)
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
    found = [in_line(str(one)) for one in pull.conflicts if one.stays or not force]
    if not found:
        return
    problems = [Problem(said) for said in found[:_NAMED]]
    if len(found) > _NAMED:
        problems.append(Problem(f"and {len(found) - _NAMED:,} more"))
    replace = "" if force else ", or replace what is there: --force"
    hint = f"nothing was written; choose another folder: wf artifacts pull {run} -o DIR{replace}"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    raise WfError(STORAGE, found[0] + more, hint=hint, problems=tuple(problems))


def _write(kept: _Kept, pull: Pull, target: Path, context: Context) -> None:
    """Copy it all; what is damaged is left out, and named when all else is there.

    Raises:
        WfError: kind ``STORAGE`` when something is damaged, or cannot be read or written.
    """
    from runner.artifacts.giving.give import give
    from runner.artifacts.giving.pulling import make_way
    from runner.cli.render.transfer import Transfer

    _make(target)
    found = kept.found
    sources = _sources(found, pull.wanted)
    damaged: list[Entry] = []
    try:
        make_way(target, pull.conflicts)
        with Transfer("copying", context.err, context.variables) as transfer:
            transfer.expect(len(pull.wanted), sum(entry.bytes for entry in pull.wanted))
            for source in sources:
                give(source.root, source.entries(found), target, transfer.tell,
                     at=source.places.__getitem__, careful=True,
                     damaged=damaged.append if kept.is_compared else None)  # fmt: skip
    except FileNotFoundError as error:
        raise WfError(
            STORAGE,
            f"a file of {found.run} is gone, or changed meanwhile: {named(error).strerror}",
            hint=f"what is damaged: wf artifacts verify {found.run}",
        ) from error
    except OSError as error:
        what = f"not all of it could be copied to {target}"
        hint = "pull it again when that is mended: what is there is not copied again"
        raise unwritable(what, named(error), target, hint) from error
    if damaged:
        known = {below: entry for source in sources for below, entry in source.known.items()}
        raise _damaged(found.run, [in_line(known[entry.path].path) for entry in damaged])


def _damaged(run: str, paths: list[str]) -> WfError:
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    return WfError(
        STORAGE,
        f"{paths[0]} is not what {run} has left behind{more}",
        hint=f"all else was copied; what is damaged: wf artifacts verify {run}",
        problems=tuple(
            Problem(f"{path} is not what {run} has left behind") for path in paths[:_NAMED]
        ),
    )


def _make(target: Path) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what, hint = f"the folder {target} cannot be made", "pull it into another one: -o DIR"
        raise unwritable(what, named(error), target, hint) from error


class _Source(NamedTuple):
    """A folder that files come from: by their paths below it, where each goes."""

    root: Path
    known: dict[str, Entry]
    places: dict[str, str]

    def entries(self, found: Contents) -> Iterator[Entry]:
        """What is to come from it; of what is still being written, as long as it is now."""
        for below, entry in self.known.items():
            size = entry.bytes
            if not found.over and entry.kind == "file":
                size = os.lstat(os.path.join(self.root, below)).st_size
            yield entry._replace(path=below, bytes=size)


def _sources(found: Contents, entries: list[Entry]) -> list[_Source]:
    """Where the files of entries lie: in one folder, once the run is over."""
    sources: dict[Path, _Source] = {}
    for entry in entries:
        root, below = found.place(entry.path)
        source = sources.setdefault(root, _Source(root, {}, {}))
        source.known[below] = entry
        source.places[below] = stored(entry.path)
    return list(sources.values())


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
