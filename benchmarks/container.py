"""A job in a container, against ``docker run`` of the same command."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from benchmarks.measure import NotMeasuredError, pairs, ratio
from benchmarks.world import World
from runner import envvars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Effort, Row

_WORKFLOW = "workflows:\n  - name: noop\n    provider: bash\n    commands: [':']\n"
_COMMAND = ("bash", "-c", ":")
_OF_DOCKER = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", envvars.WF_BASE_IMAGE)


def container(effort: Effort) -> Iterator[Row]:
    """A command that does nothing, whole processes; the image is there.

    ``docker run`` makes a network for the container, which takes about half of its time, and wf
    uses the machine's: so it is measured with that as well.
    """
    image = os.environ.get(envvars.WF_BASE_IMAGE)
    if image is None:
        raise NotMeasuredError(f"set {envvars.WF_BASE_IMAGE} to an image that is there")
    if shutil.which("docker") is None:
        raise NotMeasuredError("docker is not installed")
    given = {name: os.environ[name] for name in _OF_DOCKER if name in os.environ}
    with World.make("container") as made:
        world = made.with_variables(**given)
        world.write(".dstack/workflows.yaml", _WORKFLOW)
        world.commit()
        _look(image)
        wf = world.wf("run", "noop", "--executor", "docker")
        for what, network in (("", ()), (" --network host", ("--network", "host"))):
            bare = world.command("docker", "run", "--rm", *network, image, *_COMMAND)
            timed = pairs(bare.seconds, wf.seconds, effort.pairs(15, 5))
            budget = None if network else 1.2
            yield ratio("container", f"wf run --executor docker / docker run{what}", timed, budget)


def _look(image: str) -> None:
    """Not to fetch anything, and to say what is missing in one line."""
    words = ["docker", "image", "inspect", "--format", "{{.Id}}", image]
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise NotMeasuredError(done.stderr.strip().splitlines()[-1])
