"""Remote stores as commands open them: the address from an option or from ``WF_REMOTE``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner import envvars
from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.artifacts.entries import Entry
    from runner.artifacts.remote.interface import Remote
    from runner.artifacts.remote.stage import Stage
    from runner.cli.context import Context
    from runner.records.contents import Contents
    from runner.records.store import Records

REMOTE = "s3://BUCKET/FOLDER, gs://…, az://…, sftp://HOST/FOLDER, or a folder"


@contextmanager
def opened(named: str | None, option: str, context: Context) -> Iterator[Remote]:
    """The remote that is ``named``, else that of ``WF_REMOTE``, for the length of the ``with``.

    Raises:
        WfError: kind ``USAGE`` when neither is there, or it is no address; ``UNSATISFIABLE`` when
            what it takes is not installed or set.
    """
    from runner import compose

    address = named or context.variables.get(envvars.REMOTE)
    if not address:
        hint = f"say where: {option} URL, or set {envvars.REMOTE}; {REMOTE}"
        raise WfError(USAGE, "no remote is named", hint=hint)
    remote = compose.remote(address, context.variables, context.cwd)
    try:
        yield remote
    finally:
        remote.close()


def is_elsewhere(run: str, records: Records, context: Context) -> bool:
    """Whether a run is to be looked for on the remote of ``WF_REMOTE``, as none here fits."""
    from runner.artifacts.remote.layout import is_run

    if not context.variables.get(envvars.REMOTE) or run == "last" or not is_run(run):
        return False
    return not records.index().with_prefix(run, 1)


class Incoming:
    """A run on a remote: what it has left behind, of which :meth:`bring` fetches what is wanted."""

    def __init__(self, remote: Remote, contents: Contents, stage: Stage, context: Context) -> None:
        self._remote = remote
        self._stage = stage
        self._context = context
        self.contents = contents

    def bring(self, entries: Sequence[Entry]) -> None:
        """Fetch them, to where :attr:`contents` says that they are.

        Raises:
            WfError: as :func:`runner.artifacts.remote.fetching.fetch` says.
        """
        from runner.artifacts.remote.fetching import fetch
        from runner.cli.render.transfer import Transfer

        # a file that was in a closed folder is not to lie in an open one
        ways = {way for entry in entries for way in _ways(entry.path)}
        listed = (entry for entry in self.contents.entries() if entry.kind == "directory")
        folders = [entry for entry in listed if entry.path in ways]
        with Transfer("pulling", self._context.err, self._context.variables) as transfer:
            wanted = [*folders, *entries]
            fetch(self._remote, self.contents.run, wanted, self._stage, transfer.tell)


def _ways(path: str) -> Iterator[str]:
    """The folders on the way to a path."""
    return (path[:at] for at, sign in enumerate(path) if sign == "/" and at)


@contextmanager
def incoming(named: str | None, run: str, context: Context) -> Iterator[Incoming]:
    """A run on a remote; links of it are here.

    What has been fetched is kept until all of it has been used, for a repeat to go on with.

    Raises:
        WfError: as :func:`opened` says; kind ``USAGE`` when there is no such run, ``STORAGE`` when
            what is said of it cannot be, ``BUSY`` when another command pulls it.
    """
    from blake3 import blake3

    from runner.artifacts.remote.fetching import describe
    from runner.artifacts.remote.stage import Stage
    from runner.records.contents import Contents

    with opened(named, "--from", context) as remote:
        digest = blake3(f"{remote.shown}\0{run}".encode(errors="surrogateescape")).hexdigest()
        stage = Stage(context.settings.cache.pull(digest))
        with stage.held():
            artifacts = tuple(describe(remote, run, stage))
            found = Contents(run, stage.run.artifacts, artifacts)
            coming = Incoming(remote, found, stage, context)
            coming.bring([entry for entry in found.entries() if entry.kind == "link"])
            yield coming
