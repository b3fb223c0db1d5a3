"""Files that are missing, may not be touched, or do not fit on the disk."""

from __future__ import annotations

import posixpath
import re

from runner.engine.failing.causes.rule import Rule, Seen, rule
from runner.engine.failing.failure import Cause

_MISSING = "missing_file"
_IN_IMAGE = "add it to the image, or have the job make it; of this machine it sees the project"
_QUOTED = re.compile(r"'(?P<path>[^'\n]{1,1000})'")


def _missing(seen: Seen) -> Cause | None:
    known, path = seen.known, seen["path"] or seen["shell"] or seen["script"]
    below = known.below(path)
    if below is None or below.startswith("../"):
        return _elsewhere(path, contained=known.contained)
    below = posixpath.normpath(below)
    if known.copied(below):
        return None
    if known.in_project(below):
        said = f"{below} is not in the run's copy of the project, as git ignores it"
        return Cause(_MISSING, said, f"take {below} out of .gitignore, and run it again")
    maker = known.maker(below)
    if maker is not None:
        said = f"{below} is an artifact of the workflow {maker}, which this one does not depend on"
        return Cause(_MISSING, said, f"add `{maker}` to the workflow's `depends-on`")
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(known.script or ""), below))
    if beside != below and known.copied(beside):
        said = f"{below} does not exist where the job runs; it lies at {beside}"
        return Cause(_MISSING, said, f"write {beside}, or set the workflow's `working_dir`")
    return Cause(_MISSING, f"{below} does not exist", "check the name, or make it first")


def _elsewhere(path: str, *, contained: bool) -> Cause:
    if contained:
        return Cause(_MISSING, f"{path} does not exist in the container", _IN_IMAGE)
    hint = f"ls {posixpath.dirname(path) or '/'}"
    return Cause(_MISSING, f"{path} does not exist on this machine", hint)


def _full(seen: Seen) -> Cause:
    found = _QUOTED.search(seen["line"])
    path = found["path"] if found else None
    said = "no space is left on the disk" + (f" of {path}" if path else "")
    return Cause("no_space", said, "df -h shows what is full; wf prune removes what wf keeps")


def _quota(_: Seen) -> Cause:
    return Cause(
        "no_space", "the disk quota of this user is used up", "quota -s shows what is used"
    )


def _denied(seen: Seen) -> Cause:
    path = seen["path"] or seen["shell"]
    below = seen.known.below(path) or path
    if seen["shell"] and seen.known.copied(below):
        hint = f"chmod +x {below}, or call it with its interpreter: bash {below}"
        return Cause("permission", f"{below} may not be executed", hint)
    return Cause("permission", f"this user may not use {below}", f"ls -ld {path}")


def _read_only(seen: Seen) -> Cause:
    return Cause(
        "permission",
        f"{seen['path']} lies where nothing can be written",
        "write below the project folder, and name it in the workflow's `artifacts`",
    )


RULES: tuple[Rule, ...] = (
    rule(r"^(?P<line>.*(?:No space left on device|\[Errno 28\]).*)$", _full),
    rule(r"Disk quota exceeded|\[Errno 122\]", _quota),
    rule(
        r"No such file or directory: '(?P<path>[^'\n]{1,1000})'"
        r"|can't open file '(?P<script>[^'\n]{1,1000})'"
        r"|^(?:\S+: )?(?:line \d+: |cannot open |cannot access |can't open )?"
        r"['\"\u2018]?(?P<shell>[^\s:'\"\u2018\u2019]{1,1000})['\"\u2019]?"
        r": No such file or directory",
        _missing,
    ),
    rule(r"\[Errno 30\] Read-only file system: '(?P<path>[^'\n]{1,1000})'", _read_only),
    rule(
        r"\[Errno 13\] Permission denied: '(?P<path>[^'\n]{1,1000})'"
        r"|^\S+: (?:line )?\d+: (?P<shell>[^\s:]{1,1000}): Permission denied",
        _denied,
    ),
)
