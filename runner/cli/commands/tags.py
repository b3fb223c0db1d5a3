"""``wf tags``: names that people give to runs, and to files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.arguments import RUN, Parser
from runner.cli.settled import settle
from runner.cli.tags import tag_name
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from runner.cli.context import Context
    from runner.pace import Pace
    from runner.records.store import Records
    from runner.records.tags import Tag

_USAGE = {
    "add": "wf tags add TAG RUN, or wf tags add TAG -a PATH",
    "list": "wf tags list",
    "delete": "wf tags delete TAG",
}


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "tags",
        "Give runs names of your own, and files that no run has made. `:TAG` stands for the run\n"
        "wherever one is named, and `deps` in a workflow takes what it keeps.",
        [
            ("wf tags add best wet-mango-1", "give a run a tag, or move it there"),
            ("wf tags add mnist -a data/mnist", "keep a copy of a folder, with a tag"),
            ("wf tags add nets -a /mnt/a.pt:nets/a.pt", "which runs find at another path"),
            ("wf tags list", "all tags"),
            ("wf tags delete best", "take it away; the run stays"),
            ("wf show :best", "the run that carries it"),
        ],
    )
    made.add_argument(
        "action", metavar="ACTION", nargs="?", default="list", help="add, list or delete"
    )
    made.add_argument("tag", metavar="TAG", nargs="?", help="the tag")
    made.add_argument("run", metavar="RUN", nargs="?", help=RUN)
    made.add_argument(
        "-a",
        "--artifact",
        metavar="PATH",
        dest="added",
        action="append",
        default=[],
        help="with add: keep a copy of a file or folder; PATH:AS has runs find it elsewhere; "
        "may be repeated",
    )
    made.add_argument(
        "-r", "--remote", action="store_true", help="of dstack 0.1 and 0.2: see `wf artifacts push`"
    )
    made.add_argument("-y", "--yes", action="store_true", help="nothing: wf asks no questions")
    made.add_json()
    return made


def parse(own: Parser, words: Sequence[str]) -> argparse.Namespace:
    """Options may stand between the words."""
    return own.parse_intermixed_args(words)


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Do it."""
    from runner import compose

    _check(arguments)
    tag = None if arguments.tag is None else tag_name(arguments.tag)
    records = compose.records(context.settings, context.now, context.tell)
    if tag is None:
        return _list(records, context, as_json=arguments.json)
    if arguments.action == "delete":
        records.tags.delete(tag)
        context.err.write(f"deleted the tag `{tag}`\n")
        return OK
    settle(records, context)
    if arguments.added:
        run = _add(arguments.added, records, context)
    else:
        run = records.find(arguments.run).root.name
    before = records.tags.give(tag, run)
    moved = f", no longer to {before}" if before else ""
    context.err.write(f"gave the tag `{tag}` to {run}{moved}\n")
    return OK


def _check(arguments: argparse.Namespace) -> None:
    """See to it that the action is given what it takes."""
    action = arguments.action
    if action not in _USAGE:
        from runner.spec.mistakes import did_you_mean

        message = f"there is no action `{action}`"
        raise WfError(USAGE, message, hint=did_you_mean(action, _USAGE, "the actions are"))
    if arguments.remote:
        message = "a tag is given here, not in a remote store"
        hint = f"wf artifacts push :{arguments.tag or 'TAG'} --to URL"
        raise WfError(USAGE, message, hint=hint)
    if arguments.added and action != "add":
        raise WfError(USAGE, f"-a is for `add`, not `{action}`", hint=_USAGE["add"])
    if arguments.added and arguments.run is not None:
        message = "a run beside -a, which makes one of its own"
        raise WfError(USAGE, message, hint=f"{_USAGE['add']} without a run")
    given = [word for word in (arguments.tag, arguments.run) if word is not None]
    wanted = {"add": 1 if arguments.added else 2, "list": 0, "delete": 1}[action]
    if len(given) != wanted:
        said = "too many words" if len(given) > wanted else "a word is missing"
        raise WfError(USAGE, said, hint=_USAGE[action])


def _add(written: Sequence[str], records: Records, context: Context) -> str:
    """Keep a copy of files; the name of their run."""
    from runner import compose
    from runner.cli.added import added
    from runner.cli.render.style import harmless
    from runner.engine.adding import Adding
    from runner.units import amount, count
    from runner.workspace import project

    root = project.find(context.cwd)
    own = context.settings.home.root, context.settings.cache.root
    given = added(written, context.cwd, root or context.cwd, own)
    adding = Adding(given, records, lambda verb: _transfer(verb, context))
    kept = adding.add(root, compose.choose)
    for path in adding.left.skipped:
        context.err.write(f"warning: {harmless(path)} is not a file, and so not kept\n")
    for path in adding.left.gone:
        context.err.write(f"warning: {harmless(path)} was removed while it was copied\n")
    for path in adding.left.changed:
        context.err.write(f"warning: {harmless(path)} was written to while it was copied\n")
    files = sum(artifact.files for artifact in kept.artifacts)
    size = sum(artifact.bytes for artifact in kept.artifacts)
    context.err.write(f"copied {count(files, 'file')}, {amount(size)}\n")
    return kept.run


def _transfer(verb: str, context: Context) -> AbstractContextManager[Pace]:
    from contextlib import contextmanager

    from runner.cli.render.transfer import Transfer

    @contextmanager
    def shown() -> Iterator[Pace]:
        with Transfer(verb, context.err, context.variables) as transfer:
            yield transfer.tell

    return shown()


def _list(records: Records, context: Context, *, as_json: bool) -> int:
    found = [_document(tag, records) for tag in records.tags.all()]
    if as_json:
        context.say_json(found)
        return OK
    if not found:
        context.err.write("no tags yet; `wf tags add TAG RUN` gives a run one\n")
        return OK
    from runner.cli.render.tags import show_tags

    show_tags(found, context.now(), context.out, context.variables)
    return OK


def _document(tag: Tag, records: Records) -> dict[str, Any]:
    from runner.records import folder, manifests

    paths = records.home.run(tag.run)
    artifacts = [artifact.summary() for artifact in manifests.known(paths)]
    return {
        "tag": tag.tag,
        "run": tag.run,
        "workflow": (folder.read_submitted(paths) or {}).get("workflow"),
        "artifacts": artifacts,
        "bytes": sum(artifact["bytes"] for artifact in artifacts),
        "created_at": tag.created_at,
    }
