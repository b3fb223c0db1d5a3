"""The environment a job runs in: the shared one, or one of the run's own on top of it.

What it was stands on the record, also what the job itself has installed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from runner import envvars
from runner.cached import EnvironmentPaths, OwnPaths
from runner.engine import pylock
from runner.engine.containing import own_environment
from runner.environments.interface import Asker, Build
from runner.events import PhaseFinished, Warned
from runner.failpoints import reach
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.containers.values import Image
    from runner.engine.attempt import Attempt
    from runner.environments.conda.find import Conda
    from runner.environments.interface import Environment
    from runner.plan.environment import EnvironmentSpec


def conda_of(attempt: Attempt) -> Conda | None:
    """The conda that the job calls, before anything is done for a job that cannot go."""
    if not attempt.job.uses_conda or attempt.job.container is not None:
        return None  # an image has its own, or none
    from runner.environments.conda.find import absent, find

    found = find(attempt.session.variables)
    if found is None:
        raise absent(attempt.job.workflow)
    return found


@contextmanager
def provisioned(
    attempt: Attempt, conda: Conda | None, image: Image | None
) -> Iterator[Environment]:
    """The environment of the job, made ready; it is held, and on the record, while it is needed.

    Raises:
        WfError: kind ``ENVIRONMENT`` when it cannot be had.
    """
    if image is not None and attempt.job.environment.bare:
        environment = _told(attempt, own_environment(image))
        _write(attempt, environment)
        attempt.parts.environments.make_room()
        reach("environment-ready")
        yield environment
        return
    spec = attempt.job.environment
    if image is not None:
        spec = replace(spec, image=image.id)
    environments, paths = attempt.parts.environments, attempt.run.paths
    log, observer = paths.environment_log, attempt.session.observer
    marks = ((envvars.WF_RUN, attempt.run.name), (envvars.WF_NOTES, str(paths.notes)))
    asker = Asker(attempt.run.name, paths.workspace, marks)
    shared = environments.obtain(spec, observer, log, asker)
    try:
        _write(attempt, shared)
        own = EnvironmentPaths(paths.own_environment)
        build = Build(own, log, attempt.run.lock, observer, paths.workspace, marks)
        final = environment = _on_top(attempt, spec, shared, build)
        if conda is not None:
            _put_in_reach(attempt, conda)
        reach("environment-ready")
        yield environment if image is None else _told(attempt, environment)
        if attempt.job.installs:
            final = environments.with_installed(shared, build)
            _write(attempt, final)
        _keep_lock(attempt, spec, shared, final)
    finally:
        environments.release(shared)


def _on_top(
    attempt: Attempt, spec: EnvironmentSpec, shared: Environment, build: Build
) -> Environment:
    """The shared environment, or one of the run's own on top of it where that is needed."""
    environments = attempt.parts.environments
    if not attempt.job.installs and not spec.local:
        return shared
    made = environments.own(spec, shared, build, quiet=not attempt.job.installs)
    if spec.local:
        made = environments.add_local(spec, made, build)
        _write(attempt, made)
    return made


def _told(attempt: Attempt, environment: Environment) -> Environment:
    """The same for a container, whose installers would not know where packages come from."""
    if not attempt.job.installs:
        return environment
    from runner.environments.installers import with_installers

    return with_installers(environment, attempt.job.environment, attempt.session.variables)


def _put_in_reach(attempt: Attempt, conda: Conda) -> None:
    from runner.environments.conda.start import prepare

    place = OwnPaths(attempt.run.paths.own_environment).conda
    prepare(place, conda, attempt.job.environment.python, attempt.session.variables)
    text = f"the job calls conda: {conda.program}, with environments of the run's own"
    attempt.notify(PhaseFinished("env", text, 0.0))


def _write(attempt: Attempt, environment: Environment) -> None:
    locked = attempt.job.environment.locked
    document = {**environment.document(), "locked": locked and locked.run}
    folder.write(attempt.run.paths.environment, document, durable=False)


def _keep_lock(
    attempt: Attempt, spec: EnvironmentSpec, shared: Environment, final: Environment
) -> None:
    paths = attempt.run.paths
    reason = pylock.keep(attempt.parts.environments, spec, shared, final, paths)
    if reason is not None:
        attempt.notify(Warned(f"there is no pylock.toml of the run: {reason}"))
    strayed = pylock.strayed(spec, final, paths)
    if strayed is not None:
        attempt.notify(Warned(strayed))
