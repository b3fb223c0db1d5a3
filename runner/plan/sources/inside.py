"""What a source of packages names as a path: folders to install and to look in, and archives."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.plan.environment import LinksFolder, LocalRequirement
from runner.plan.metadata.pyproject import packages_of
from runner.plan.requirements.targets import is_archive
from runner.plan.sources import paths
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.plan.facts import FileFact
    from runner.plan.metadata.tables import Metadata
    from runner.plan.requirements import Links, Local

# where conda built a package on a machine of its own; `pip freeze` writes it down (docs.conda.io)
_CONDA = re.compile(r"feedstock_root|/croots?/|/conda-bld/|^/tmp/build/|^/opt/conda/")


def found_local(
    working_dir: str, asked: Local, files: Mapping[str, FileFact]
) -> tuple[LocalRequirement | None, Problem | None]:
    """A requirement that lies in the project, or why it cannot be installed."""
    path = paths.local(working_dir, asked.target.at)
    fact = files[path]
    below = fact.below or path
    what, hint = _fault(asked, fact, below)
    if what is not None:
        problem = Problem(what, place=asked.place, hint=hint, code=fact.kind)
        return None, problem
    target = asked.target
    found = LocalRequirement(
        below,
        tuple(dict.fromkeys(target.extras)),
        asked.editable and fact.kind == "directory",
        asked.place.file,
        asked.place.line,
        target.marker,
        fact.kind == "directory",
    )
    return found, None


def found_apart(
    working_dir: str, asked: Local, files: Mapping[str, FileFact]
) -> tuple[str, str] | None:
    """A package that lies outside the project (a wheel that a whole lab shares, say).

    What uv is told, and what tells a change of it. It does not point into the workspace, and so
    belongs into the shared environment.
    """
    apart = files[paths.local(working_dir, asked.target.at)].apart
    if apart is None:
        return None
    from urllib.parse import quote

    name = asked.target.name or posixpath.basename(apart.path).partition("-")[0]
    whole = asked.target._replace(name=name, at=f"file://{quote(apart.path)}")
    return whole.text, apart.stamp


def _fault(asked: Local, fact: FileFact, below: str) -> tuple[str | None, str | None]:
    shown = quoted(asked.target.at)
    if fact.kind == "outside":
        if _CONDA.search(asked.target.at) and asked.target.name:
            return (
                f"{shown} is where conda once built `{asked.target.name}`",
                f"name a version instead: {asked.target.name}==…",
            )
        return (
            f"{shown} lies outside the project folder",
            "move it into the project, of which a run works on a copy, or name an archive (.whl)",
        )
    if fact.kind == "missing":
        near = f"; there is {', '.join(fact.nearby[:3])}" if fact.nearby else ""
        return f"there is no {shown} in the project", f"paths begin in the working directory{near}"
    if fact.kind == "directory" and not fact.builds:
        return (
            f"{shown} cannot be installed: it has neither pyproject.toml nor setup.py",
            "code that is not packaged is imported from the working directory, without this line",
        )
    if fact.kind == "file" and not is_archive(below):
        return (
            f"{shown} is no package",
            "a file can be a wheel (.whl) or a source archive (.tar.gz)",
        )
    return None, None


def found_links(
    working_dir: str, path: str, asked: Links, files: Mapping[str, FileFact]
) -> tuple[LinksFolder | None, Problem | None]:
    """A folder that packages are looked for in, or what is wrong with it.

    One that is not there is no mistake for pip, nor is it here.
    """
    tried = dict.fromkeys(paths.links(working_dir, path, asked))
    for one in tried:
        fact = files[one]
        if fact.archives is not None:
            return LinksFolder(one, fact.archives.digest, fact.archives.files), None
    kinds = {files[one].kind for one in tried}
    shown = quoted(asked.path)
    if "outside" in kinds and kinds <= {"outside", "missing"}:
        hint = "move it into the project: a run works on a copy of that folder alone"
        message = f"{shown} lies outside the project folder"
        return None, Problem(message, place=asked.place, hint=hint, code="outside")
    message = f"there is no folder {shown}: it is left out, as pip leaves it out"
    return None, Problem(message, place=asked.place, code="missing")


def itself(project: Metadata) -> LocalRequirement:
    """A project, as it is worked on."""
    line = project.itself or 1
    return LocalRequirement(project.folder, (), editable=True, file=project.path, line=line)


def of_lock(project: str, lock: str) -> Iterator[LocalRequirement]:
    """All that a ``uv.lock`` beside ``project`` has and that lies in the project folder."""
    folder = posixpath.dirname(project)
    for path, editable, at in packages_of(lock):
        below = posixpath.normpath(posixpath.join(folder, path))
        yield LocalRequirement(
            below, (), editable, paths.lock_of(project), at, is_folder=not is_archive(below)
        )
