"""``wf artifacts push``: what runs have left behind, brought to a remote store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.cli.remotes import REMOTE, opened
from runner.cli.settled import settled
from runner.errors import OK, USAGE, WfError
from runner.units import amount, count

if TYPE_CHECKING:
    import argparse

    from runner.artifacts.remote.interface import Remote
    from runner.artifacts.remote.pushing import Pushed
    from runner.cli.context import Context
    from runner.paths import RunPaths
    from runner.records.store import Records


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts push",
        "Send what runs have left behind to a remote store. What is there already is not sent\n"
        "again: a push that was interrupted is finished by another one.",
        [
            ("wf artifacts push last --to s3://lab/models", "into a bucket of S3"),
            ("wf artifacts push :best --to sftp://gpu1/srv/models", "to another machine"),
            ("wf artifacts push last --to /mnt/share/models", "into a folder"),
            ("wf artifacts push last --to s3://lab/models --force", "what is damaged there"),
        ],
    )
    made.add_argument(
        "runs", metavar="RUN", nargs="+", help="a name, its first letters, `last` or `:TAG`"
    )
    made.add_argument("--to", metavar="URL", help=f"{REMOTE} (default: $WF_REMOTE)")
    made.add_argument(
        "--force", action="store_true", help="send all of it, in place of what is there"
    )
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Send them."""
    records = settled(context)
    runs = [records.find(run) for run in arguments.runs]
    with opened(arguments.to, "--to", context) as remote:
        found = [_push(paths, records, remote, context, force=arguments.force) for paths in runs]
        if arguments.json:
            context.say_json({"remote": remote.shown, "runs": found})
    return OK


def _push(
    paths: RunPaths, records: Records, remote: Remote, context: Context, *, force: bool
) -> dict[str, Any]:
    from runner.artifacts.remote.pushing import push
    from runner.cli.context import as_json
    from runner.cli.render.transfer import Transfer
    from runner.records.contents import contents

    found = contents(paths)
    if not found.over or not paths.manifest.exists():
        raise WfError(
            USAGE,
            f"{found.run} has not kept anything{'' if found.over else ' as yet'}",
            hint=f"wf wait {found.run}" if not found.over else f"wf show {found.run}",
        )
    document = as_json(records.document(paths), "utf-8").encode() + b"\n"
    with Transfer(f"pushing {found.run}", context.err, context.variables) as transfer:
        sent = push(paths, found.artifacts, document, remote, transfer.tell, force=force)
    context.tell(_said(found.run, sent, remote))
    return {"run": found.run, **sent._asdict()}


def _said(run: str, sent: Pushed, remote: Remote) -> str:
    there = f"{count(sent.present, 'file was', 'files were')} there already"
    if not sent.files:
        return f"{run} is on {remote.shown}: {there if sent.present else 'it has no files'}"
    more = f" · {there}" if sent.present else ""
    return f"{run} is on {remote.shown}: {count(sent.files, 'file')}, {amount(sent.bytes)}{more}"
