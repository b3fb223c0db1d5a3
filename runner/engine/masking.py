"""The secrets of one job: read when it starts, and masked in whatever is kept or shown of it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from runner.errors import WfError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runner.engine.parts import SecretValues
    from runner.errors import Problem
    from runner.paths import RunPaths
    from runner.plan.plan import Job
    from runner.process.sink import Sink

# as much of a job's own notes as is ever read
_NOTES_BYTES = 1 << 16


class Masking:
    """The values, and what is masked for them. A job without secrets costs nothing."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self._needles: tuple[bytes, ...] = ()
        if values:
            from runner.secrets.disguises import disguises

            self._needles = disguises(values.values())

    def sink(self, log: Sink) -> Sink:
        """Where the job's output is to go, so that ``log`` never sees a value."""
        if not self._needles:
            return log
        from runner.process.redaction import Redaction

        return Redaction(log, self._needles)

    def text(self, text: str) -> str:
        """A text without values."""
        if not self._needles:
            return text
        from runner.process.redaction import masked

        return masked(text.encode(errors="surrogateescape"), self._needles).decode(
            errors="surrogateescape"
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What goes wrong meanwhile is told without values, to people and in reports of bugs."""
        try:
            yield
        except WfError as error:
            error.args = (self.text(error.message),)
            error.details = error.details and self.text(error.details)
            tellings: tuple[WfError | Problem, ...] = (error, *error.problems)
            for told in tellings:
                told.message = self.text(told.message)
                told.hint = told.hint and self.text(told.hint)
            raise
        except Exception as bug:
            if not self._shows(bug):
                raise
            said = self.text(f"{type(bug).__name__}: {bug}")
            raise RuntimeError(said).with_traceback(bug.__traceback__) from None

    def _shows(self, bug: Exception) -> bool:
        """Whether a value stands in what would be told of it, or of what it came from."""
        if not self._needles:
            return False
        import traceback

        told = "".join([*traceback.format_exception(bug), repr(bug)])
        return self.text(told) != told

    def notes_of(self, paths: RunPaths) -> Path:
        """The file that the job may write notes into."""
        return paths.unmasked_notes if self._needles else paths.notes

    def keep_notes(self, paths: RunPaths) -> None:
        """Put what the job has noted on the record. Safe to repeat."""
        if not self._needles:
            return
        with suppress(OSError):
            keep_notes(paths, self._needles)


def read(job: Job, project: Path, secrets: SecretValues) -> Masking:
    """The secrets of a job that starts now.

    Raises:
        WfError: as :meth:`runner.secrets.store.Secrets.values`.
    """
    return Masking(secrets.values(project, job.secrets) if job.secrets else {})


def keep_notes(paths: RunPaths, needles: tuple[bytes, ...]) -> None:
    """Move what a job has noted to its record, masked; what is too long is cut.

    Raises:
        OSError: it cannot be read, or written.
    """
    from runner.process.redaction import Masker

    try:
        with paths.unmasked_notes.open("rb") as file:
            noted = file.read(_NOTES_BYTES + max(map(len, needles)))
            whole = not file.read(1)
    except FileNotFoundError:
        return
    masker = Masker(needles)
    told = masker.feed(noted) + (masker.end() if whole else b"")
    with open(paths.notes, "ab", opener=_private) as file:
        file.write(told[:_NOTES_BYTES])
    paths.unmasked_notes.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
