"""The project as it was for a former run: what a run that repeats it is made from.

All that counted as code then is had again to the last bit, or nothing is run. What did not count
(``repo.include`` leaves it out, or git ignores it and a workflow wants it copied) is as it is now.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.engine.basis import Basis, look, own_copy
from runner.errors import STORAGE, UNSATISFIABLE, USAGE, WfError
from runner.plan.again import differing, shortened
from runner.records import folder
from runner.records.submission import Submission, parse
from runner.units import count
from runner.workspace.code import digest_of, within
from runner.workspace.copies import place
from runner.workspace.former import Then, gather
from runner.workspace.snapshot import below, copy_file, names
from runner.workspace.source import Git, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from runner.engine.parts import Parts
    from runner.paths import RunPaths
    from runner.spec.workflow import Workflow
    from runner.workspace.former import Lacking


class Former(NamedTuple):
    """A run that is asked for again: what it was asked with, from where, and what its code was.

    ``code`` holds a digest of each file; ``None``: that is not known.
    """

    run: str
    workflow: str
    project: Path | None
    submission: Submission
    code: Mapping[str, str] | None
    source: Source
    environment: str | None
    """What its environment counts as where runs are compared."""


def former(paths: RunPaths) -> Former:
    """The run with these files.

    Raises:
        WfError: kind ``USAGE`` when it is not on its record what was asked for.
    """
    refuse_added(paths)
    submitted = folder.read_submitted(paths) or {}
    submission = parse(submitted)
    name = paths.root.name
    if submission is None:
        workflow = submitted.get("workflow", "WORKFLOW")
        raise WfError(
            USAGE,
            f"it is not on the record of {name} what was asked for: an older version made it",
            hint=f"`wf run {workflow}` makes a new run; `wf show {name}` shows what is known",
        )
    told = submitted["source"]
    project = submitted.get("project")
    return Former(
        name,
        submitted["workflow"],
        None if project is None else type(paths.root)(project),
        submission,
        folder.read(paths.code),
        Source(
            told["commit"], told["branch"], told["dirty"], _diff(paths), tuple(told["untracked"])
        ),
        (submitted.get("fingerprint") or {}).get("environment"),
    )


def refuse_added(paths: RunPaths) -> None:
    """Files that were added by hand are no run that could be had again.

    Raises:
        WfError: kind ``USAGE``, if it is such.
    """
    if (folder.read_submitted(paths) or {"workflow": ""})["workflow"] is None:
        name = paths.root.name
        raise WfError(
            USAGE,
            f"{name} is files that were added by hand: there is nothing to run",
            hint=f"`wf artifacts list {name}` shows them; a workflow takes them with `deps`",
        )


def _diff(paths: RunPaths) -> bytes:
    try:
        return paths.diff.read_bytes()
    except FileNotFoundError:
        return b""


@contextmanager
def reproduced(
    again: Former, here: Path | None, parts: Parts, variables: Mapping[str, str]
) -> Iterator[Basis]:
    """The project as it was, for as long as it is needed.

    It is looked for in the project folder of the run, and in that of who asks (``here``).

    Raises:
        WfError: kind ``UNSATISFIABLE`` when a file cannot be had again, ``USAGE`` when it is not
            known what the files were, ``STORAGE`` when the copy cannot be written.
    """
    if again.code is None:
        raise WfError(
            USAGE,
            f"it is not known what the code of {again.run} was",
            hint="a file changed while it was copied, or it never came to that; "
            f"`--packages-of {again.run}` takes its environment alone",
        )
    projects = [
        place
        for place in dict.fromkeys((again.project, here))
        if place is not None and place.is_dir()
    ]
    project = projects[0] if projects else again.project or parts.records.home.root
    with own_copy(parts.records.home.submissions) as own:
        recipes = again.submission.recipes
        wanted = {name: digest for name, digest in recipes.items() if not _outside(name)}
        diff = parts.records.home.run(again.run).diff if again.source.diff else None
        then = Then({**again.code, **wanted}, again.source.commit, diff)
        lacking = gather(then, projects, own.path, variables)
        apart = _apart(project, recipes)
        if lacking.names or apart:
            raise _not_had(again, lacking._replace(names=(*apart, *lacking.names)), projects)
        copy = own.path / "project"
        listed = (*then.digests, *_others(again, project, copy, parts, variables))
        git = Git(project, variables)
        yield Basis(copy, project, listed, git, again.source, copy=own, of_then=True)


def _outside(name: str) -> bool:
    return os.path.isabs(name) or name.split("/", 1)[0] == ".."


def _apart(project: Path, recipes: Mapping[str, str]) -> tuple[str, ...]:
    """Workflow files outside the project that are not what they were."""
    found = ((name, digest, digest_of(str(project / name))) for name, digest in recipes.items())
    return tuple(
        name for name, digest, now in found if _outside(name) and (now is None or now[0] != digest)
    )


def _others(
    again: Former, project: Path, copy: Path, parts: Parts, variables: Mapping[str, str]
) -> list[str]:
    """Copy files that did not count as code: they are as they are now."""
    only = again.submission.only
    if not only:
        return []
    now = look(project, variables)
    listed = None if now.listed is None else list(now.listed)
    found = []
    for name in names(project, listed, below(project, parts.own_folders)):
        if within(name, only) or os.path.lexists(copy / name):
            continue
        try:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            if copy_file(str(project / name), str(copy / name)) is not None:
                found.append(name)
        except OSError as error:
            raise WfError(
                STORAGE, f"the project cannot be copied: {error.strerror}: {error.filename}"
            ) from error
    return found


def _not_had(again: Former, lacking: Lacking, projects: list[Path]) -> WfError:
    if not projects:
        message = f"the project of {again.run} is gone: {again.project}"
        hint = "put it back, or type this in a clone of it"
        return WfError(UNSATISFIABLE, message, hint=hint)
    what = count(len(lacking.names), "file")
    why = "changed since, and in no commit"
    if lacking.gone and again.source.commit:
        why += f"; the commit {again.source.commit[:10]} is gone"
    return WfError(
        UNSATISFIABLE,
        f"the source of {again.run} cannot be had again: {what} {why}",
        hint=f"`--packages-of {again.run}` takes its environment, and the code as it is now",
        details="\n".join(lacking.names),
    )


def bring_wanted(basis: Basis, workflows: Iterable[Workflow]) -> None:
    """Add files that workflows want copied and that did not count as code, as they are now."""
    for workflow in workflows:
        for file in workflow.files:
            name = os.path.normpath(file.local)
            there = basis.project / name
            if not os.path.lexists(basis.root / name) and there.exists() and not _outside(name):
                place(basis.project, (file._replace(target=name),), basis.root, ".")


def changes(again: Former, basis: Basis) -> str | None:
    """How the files of ``basis`` differ from those of a run; ``None`` if they do not."""
    if again.code is None or basis.code is None:
        return None
    only = again.submission.only
    now = {**basis.code.digests, **basis.code.recipes}
    then = {**again.code, **again.submission.recipes}
    if only:
        now = {name: digest for name, digest in now.items() if name in then or within(name, only)}
    found = differing(then, now)
    return f"{count(len(found), 'file')}: {shortened(found)}" if found else None


def now_of(basis: Basis, parts: Parts, variables: Mapping[str, str], file: str | None) -> Basis:
    """The project as it is now, beside a basis of then, with its digests."""
    only = () if basis.code is None else basis.code.only
    there = replace(look(basis.project, variables), outputs=basis.outputs)
    return there.digested(parts.own_folders, only, file)
