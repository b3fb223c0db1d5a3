"""``pip install`` among a job's commands: the first run, and every later one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.measure import FailedError, NotMeasuredError, amount, pairs, ratio
from benchmarks.world import World, base_python, remove, uv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Effort, Row

_REQUIREMENTS = "attrs\nclick\nidna\niniconfig\npackaging\npluggy\nsortedcontainers\nurllib3\n"
_WORKFLOW = """\
workflows:
  - name: job
    provider: bash
    commands:
      - date +%s.%N > {times}
      - pip install -q -r requirements.txt
      - date +%s.%N >> {times}
"""


def installing(effort: Effort) -> Iterator[Row]:
    """The command alone, timed by the job itself, against uv into an environment made for it.

    Packages come from uv's download cache, offline. Between two first runs all layers are removed.
    """
    from runner.environments.pip_settings import uv_variables

    program = uv()
    with World.make("installing") as online:
        times, venv = online.folder / "times", online.folder / "venv"
        online.write("requirements.txt", _REQUIREMENTS)
        online.write(".dstack/workflows.yaml", _WORKFLOW.format(times=times))
        online.commit()
        try:
            online.wf("run", "job").run()
        except FailedError as error:
            raise NotMeasuredError(f"the packages cannot be installed: {error}") from None
        world = online.with_variables(UV_OFFLINE="1", **uv_variables(online.variables))
        by_hand = replace(world.command(), cwd=world.folder / "home")
        make = (program, "venv", "--no-project", "-q", "--python", base_python(), venv)
        install = (program, "pip", "install", "-q", "--python", venv / "bin" / "python",
                   "-r", world.project / "requirements.txt")  # fmt: skip

        def bare() -> float:
            shutil.rmtree(venv, ignore_errors=True)
            return sum(replace(by_hand, argv=argv).seconds() for argv in (make, install))

        def later() -> float:
            world.wf("run", "job").run()
            before, after = (float(line) for line in times.read_text().split())
            world.settle()
            return after - before

        def first() -> float:
            for layer in world.layers():
                remove(layer)
            return later()

        timed = pairs(bare, first, effort.pairs(10, 4))
        yield ratio("installing", "pip install in a job, first run", timed, None)
        timed = pairs(bare, later, effort.pairs(10, 4))
        yield ratio("installing", "pip install in a job, later runs", timed, None)
        found = [later() for _ in range(effort.pairs(10, 4))]
        yield amount("installing", "pip install in a job, later runs", found, "s", None)
