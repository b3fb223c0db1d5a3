"""What a job finds in its workspace: the code, and what other runs left behind."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from runner.engine import inputs
from runner.events import PhaseFinished, PhaseStarted, Warned
from runner.records import folder
from runner.units import amount, count
from runner.workspace.copies import place
from runner.workspace.snapshot import take

if TYPE_CHECKING:
    from runner.artifacts.giving.layer import Layer
    from runner.engine.attempt import Attempt
    from runner.engine.basis import Basis


def place_code(attempt: Attempt, basis: Basis) -> None:
    """Copy the project, or let the job work in the project itself where what is edited stays."""
    started = time.monotonic()
    if attempt.job.in_place:
        attempt.run.paths.workspace.symlink_to(basis.project)
        text = "the project itself, where what is edited stays"
        attempt.notify(PhaseFinished("code", text, 0.0))
        _keep_code(attempt, basis)
        return
    attempt.notify(PhaseStarted("code", "copying the project"))
    tell = attempt.teller("code", "copied")
    needs = attempt.job.needs
    for path in needs:
        if basis.ignored(path):
            attempt.notify(Warned(f"`{path}` is ignored by git; it is copied all the same"))
    with_script = basis.with_scripts(needs)
    listed = None if with_script.listed is None else list(with_script.listed)
    tell.expect(None if listed is None else len(listed), None)
    workspace = attempt.run.paths.workspace
    # a copy that was made for several runs has none of wf's own folders in it
    own = attempt.parts.own_folders if basis.root == basis.project else ()
    taken = take(basis.root, listed, workspace, own, tell)
    place(basis.wanted_from, attempt.job.files, workspace, attempt.job.working_dir)
    _keep_code(attempt, basis)
    text = f"{count(taken.files, 'file')}, {amount(taken.bytes)}"
    attempt.notify(PhaseFinished("code", text, time.monotonic() - started))


def _keep_code(attempt: Attempt, basis: Basis) -> None:
    """Write down what the code was, unless it became another one while it was copied."""
    if basis.code is None:
        return
    paths = attempt.run.paths
    if basis.code.same(paths.workspace):
        text = json.dumps(dict(basis.code.digests))
        folder.write_bytes(paths.code, text.encode())


def place_inputs(attempt: Attempt, layer: Layer | None) -> None:
    """What other runs left behind, where this job expects it."""
    if not attempt.job.inputs:
        return
    started = time.monotonic()
    attempt.notify(PhaseStarted("inputs", "copying"))
    placed = inputs.put(attempt, layer)
    names = ", ".join(dict.fromkeys(str(given.run) for given in attempt.job.inputs))
    text = f"{count(placed, 'artifact')} of {names}"
    attempt.notify(PhaseFinished("inputs", text, time.monotonic() - started))
