"""Scripts that use what newer versions removed: found without running them.

``plan/ageing/`` knows what was removed; here the project's files and git's history are looked up
for it, each script once however many workflows start it.
"""

from __future__ import annotations

import posixpath
import re
import sys
from functools import partial
from typing import TYPE_CHECKING

from runner.engine.changed import last_change
from runner.plan.ageing.catalogue import catalogue, packages
from runner.plan.ageing.judge import unreadable, warnings
from runner.plan.ageing.modules import MAX_MODULES, candidates, top
from runner.plan.ageing.pairs import broken_pairs
from runner.plan.ageing.uses import LIMIT, Read, read
from runner.plan.ageing.versions import Versions
from runner.spec.workflow import ShellCommands
from runner.workspace.project import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from runner.errors import Problem
    from runner.plan.plan import Job

_MAX_LOOKED_FOR = 500
# of all modules of a script together, in bytes
_MAX_MODULES_TEXT = 1 << 20
# `python train.py`, `torchrun --nproc_per_node=2 train.py`: options without a value, or with `=`
_STARTED = re.compile(r"(?:^|[\s;&|(])(?:python3?|torchrun)\s+(?:-[\w.=-]+\s+)*([\w./-]+\.py)\b")


class Ageing:
    """Looks at the scripts of one project."""

    def __init__(self, root: Path, variables: Mapping[str, str]) -> None:
        self._root = root
        self._variables = variables
        self._read: dict[str, tuple[Read, ...]] = {}
        self._judged: set[tuple[object, ...]] = set()

    def warnings(self, jobs: Iterable[Job]) -> list[Problem]:
        """What the scripts of ``jobs`` will miss, each told once."""
        found: dict[tuple[object, ...], Problem] = {}
        for job in jobs:
            for problem in self._of(job):
                place = problem.place
                where = place and (place.file, place.line, place.column)
                found.setdefault((problem.message, where), problem)
        return list(found.values())

    def worth_it(self, job: Job) -> bool:
        """Whether it is likely enough to look before a run: a package of our tables is named."""
        return bool(Versions(job.environment).named & packages())

    def _of(self, job: Job) -> list[Problem]:
        if job.container is not None:
            return []
        spec = job.environment
        found: list[Problem] = []
        for script in _scripts(job):
            key = (script, spec, job.installs)
            if key in self._judged:
                continue
            self._judged.add(key)
            versions = Versions(spec, installs=job.installs)
            for file in self._files(script):
                if file.unreadable is not None:
                    own = f"{sys.version_info.major}.{sys.version_info.minor}"
                    problem = unreadable(file.unreadable, spec.python, own)
                    found += [problem] if problem else []
            uses = [use for file in self._files(script) for use in file.uses]
            changed = partial(last_change, self._root, self._variables, spec, script)
            found += warnings(uses, versions, changed)
            found += broken_pairs(spec, versions, changed)
        return found

    def _files(self, script: str) -> tuple[Read, ...]:
        """A script and the modules of the project that it imports, read."""
        known = self._read.get(script)
        if known is None:
            known = self._read[script] = tuple(self._read_with_modules(script))
        return known

    def _read_with_modules(self, script: str) -> list[Read]:
        text = text_of(self._root, script, LIMIT)
        if text is None:
            return []
        first = read(script, text, catalogue())
        texts: dict[str, str] = {}
        room = _MAX_MODULES_TEXT
        for path in candidates(script, first.imports)[:_MAX_LOOKED_FOR]:
            full = len(texts) == MAX_MODULES or path == script
            found = None if full else text_of(self._root, path, min(LIMIT, room))
            if found is not None:
                texts[path] = found
                room -= len(found)
        own = {top(script, path) for path in texts}
        files = [first, *(read(path, text, catalogue()) for path, text in texts.items())]
        return [
            file._replace(uses=tuple(use for use in file.uses if use.root not in own))
            for file in files
        ]


def _scripts(job: Job) -> tuple[str, ...]:
    """The scripts that a job starts, below the project folder."""
    if job.script is not None:
        return (job.script,)
    own = job.launch.commands if isinstance(job.launch, ShellCommands) else ()
    named = [word for command in (*job.before, *own) for word in _STARTED.findall(command)]
    paths = (posixpath.normpath(posixpath.join(job.working_dir, word)) for word in named)
    return tuple(dict.fromkeys(paths))
