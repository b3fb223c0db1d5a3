"""What every verb is given: the outside world as values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, TextIO

from runner.errors import INVALID, USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from runner.engine.files import Beside, FileText
    from runner.settings import Settings


class Context(NamedTuple):
    """Streams, folders, variables and the clock. Data go to ``out``, everything else to ``err``."""

    out: TextIO
    err: TextIO
    cwd: Path
    variables: Mapping[str, str]
    settings: Settings
    now: Callable[[], datetime]

    def today(self) -> str:
        """The day it is (ISO 8601, UTC)."""
        from datetime import timezone

        return self.now().astimezone(timezone.utc).date().isoformat()

    def outputs(self) -> frozenset[tuple[int, int]]:
        """The files (device and inode) that stdout and stderr are, where they are files."""
        import stat

        found = (os.fstat(stream.fileno()) for stream in (self.out, self.err))
        return frozenset((at.st_dev, at.st_ino) for at in found if stat.S_ISREG(at.st_mode))

    def tell(self, line: str) -> None:
        """One line of talk, at once."""
        self.err.write(f"{line}\n")
        self.err.flush()

    def say_json(self, document: object) -> None:
        """One JSON document on stdout."""
        self.out.write(as_json(document, self.out.encoding) + "\n")


def as_json(document: object, encoding: str) -> str:
    """JSON with readable letters; with escapes where a stream or a file name does not allow it."""
    import json

    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(document, indent=2)
    return text


class Source(NamedTuple):
    """Workflow files, what lies beside them, and the project folder."""

    workflows: tuple[FileText, ...]
    beside: Beside
    root: Path


def workflow_files(context: Context, named: str | None) -> Source:
    """Find and read the workflow files: the one named, else all of the nearest project upwards.

    Raises:
        WfError: kind ``USAGE`` when there is none, ``INVALID`` when one is no regular file, cannot
            be read, or is larger than a workflow file can be.
    """
    from runner.workspace import project

    if named is None:
        root = project.find(context.cwd)
        if root is None:
            raise WfError(
                USAGE,
                f"there is no {project.WORKFLOW_FILE} here or in a folder above",
                hint="change into a project that has one, or write it: wf init",
            )
        return files_of(root, context.cwd)
    path = context.cwd / named
    return files_of(project.root_of(path), context.cwd, path)


def files_of(
    root: Path, cwd: Path, named: Path | None = None, project_folder: Path | None = None
) -> Source:
    """Read the workflow files of the project at ``root``, or the one that is ``named``.

    ``root`` may be a copy of the ``project_folder`` that people know.

    Raises:
        WfError: as :func:`workflow_files`.
    """
    from runner.engine.files import Beside
    from runner.workspace import project

    paths = project.workflow_files(root) if named is None else (named,)
    if not paths:
        raise WfError(
            USAGE,
            f"there is no {project.WORKFLOW_FILE} in {project_folder or root}",
            hint="put it back, or write it anew: wf init",
        )

    def shown(path: Path) -> str:
        if project_folder is not None and path.is_relative_to(root):
            path = project_folder / path.relative_to(root)
        return os.path.relpath(path, cwd)

    def found_beside(names: tuple[str, ...]) -> FileText | None:
        path = project.beside(root, paths[0], names)
        return None if path is None else _read(path, shown(path))

    return Source(
        tuple(_read(path, shown(path)) for path in paths),
        Beside(
            found_beside(project.VARIABLES_FILES),
            found_beside(project.PROVIDERS_FILES),
            found_beside(project.PROFILES_FILES),
        ),
        root,
    )


def _read(path: Path, shown: str) -> FileText:
    import stat

    from runner.document.limits import LIMITS, too_large
    from runner.engine.files import FileText

    try:
        # a pipe must not be waited for, whatever its name
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise WfError(
            USAGE, f"there is no file {shown}", hint="name a workflow file with --file"
        ) from None
    except OSError as error:
        raise WfError(INVALID, f"{shown} cannot be read: {error.strerror}") from None
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise WfError(INVALID, f"{shown} is a folder", hint="a workflow file is YAML text")
        if not stat.S_ISREG(found.st_mode):
            raise WfError(INVALID, f"{shown} is not a regular file")
        if found.st_size > LIMITS.bytes:
            raise too_large(shown, found.st_size)
        with open(descriptor, "rb", closefd=False) as file:
            return FileText(file.read(LIMITS.bytes + 1), shown)
    finally:
        os.close(descriptor)
