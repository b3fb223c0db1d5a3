"""The files that a former run was made from, found again by their digests.

They are taken from the project where it still has them, else from its repository: from the commit
with the uncommitted changes on top, else from any commit that has such a file. What was found is
what it was, to the last bit and with its execute bit, or it is not taken.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.disks import named, unwritable
from runner.workspace.code import digest_of
from runner.workspace.commit import Checkout
from runner.workspace.snapshot import copy_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Then(NamedTuple):
    """What a former run was made from: digests by path, the commit, a diff on top of it."""

    digests: Mapping[str, str]
    commit: str | None = None
    diff: Path | None = None


class Lacking(NamedTuple):
    """Files that cannot be had again.

    ``gone``: the commit is not in the repository, or the diff does not fit it.
    """

    names: tuple[str, ...]
    gone: bool = False


def gather(
    then: Then, projects: Iterable[Path], own: Path, variables: Mapping[str, str]
) -> Lacking:
    """Copy all files of ``then`` to the folder ``own / "project"``; those that could not be had.

    ``projects`` are folders that may have them, or their repositories; ``own`` is empty.

    Raises:
        WfError: kind ``STORAGE`` when a copy cannot be written.
    """
    copy = own / "project"
    copy.mkdir(mode=0o700)
    left = dict(then.digests)
    gone = False
    try:
        for project in projects:
            _take(left, project, copy)
        for number, project in enumerate(projects):
            if not left:
                break
            folder = own / f"git-{number}"
            folder.mkdir()
            checkout = Checkout(project, folder, variables)
            if checkout.there:
                gone = not _from_commit(left, then, checkout, copy) or gone
    except OSError as error:
        what = "the project cannot be copied"
        raise unwritable(what, named(error), copy) from error
    return Lacking(tuple(sorted(left)), gone)


def _from_commit(left: dict[str, str], then: Then, checkout: Checkout, copy: Path) -> bool:
    """Whether the commit was there."""
    found = then.commit is not None and checkout.read(then.commit, then.diff)
    if found:
        checkout.write(list(left))
        _take(left, checkout.files, copy)
    for name in list(left):
        for _ in checkout.versions(name):
            _take(left, checkout.files, copy, (name,))
            if name not in left:
                break
    return found


def _take(
    left: dict[str, str], source: Path, copy: Path, names: tuple[str, ...] | None = None
) -> None:
    """Copy those of the files that are what they were, and take them out of ``left``."""
    for name in list(left) if names is None else names:
        wanted = left[name]
        whole = os.path.join(source, name)
        try:
            found = digest_of(whole)
        except OSError:
            continue  # a file stands where a folder was, or it cannot be read
        if found is None or _content(found[0]) != _content(wanted):
            continue
        target = os.path.join(copy, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        copy_file(whole, target)
        _set_execute_bit(target, wanted)
        # it may have become another one while it was copied
        copied = digest_of(target)
        if copied is not None and copied[0] == wanted:
            del left[name]
        else:
            os.unlink(target)


def _content(digest: str) -> tuple[bool, str]:
    """A digest without the execute bit: whether it is of a link, and the hash."""
    kind, _, hashed = digest.partition(" ")
    return kind == "link", hashed


def _set_execute_bit(path: str, digest: str) -> None:
    kind = digest.partition(" ")[0]
    if kind == "link":
        return
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    if kind == "program":
        os.chmod(path, mode | (mode & 0o444) >> 2)  # by whoever may read it
    else:
        os.chmod(path, mode & ~(stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH))
