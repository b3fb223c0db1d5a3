"""How long somebody waits for the first line of a script that imports PyTorch and Lightning.

From the command to the line, with nothing but downloads in place: the environment is made, and the
packages are imported. By hand that is ``uv venv`` and ``uv pip install``, or ``python -m venv`` and
``pip install``, and then the interpreter. All have ``PYTHONDONTWRITEBYTECODE`` set, as the machines
that build and test do: what pip installs is compiled by pip, what uv installs never is.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import FailedError, NotMeasuredError, ratio
from benchmarks.world import World, base_python, remove, uv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Command, Effort, Pairs, Row

_REQUIREMENTS = "torch==2.13.0\nlightning\n"
_SCRIPT = "import time\nimport torch, lightning\nprint(time.time(), flush=True)\n"


def first_line(effort: Effort) -> Iterator[Row]:
    """First and second run; each first one begins without an environment.

    The second run begins at once after the first, whether or not what wf does in the background
    is done by then. It is held against an environment that is compiled: pip's.
    """
    if effort.quick and effort.runs is None:
        raise NotMeasuredError("takes minutes, and this is a quick run")
    with World.make("first-line") as world:
        bench = _Bench(world.with_variables(PYTHONDONTWRITEBYTECODE="1"))
        bench.check()
        rounds = [bench.round() for _ in range(effort.pairs(3, 1))]
    for what, bare, wf, budget in (
        ("first line, first run, against uv by hand", "uv", "wf", 1.15),
        ("first line, first run, against pip by hand", "pip", "wf", None),
        ("first line, second run, against uv by hand", "uv again", "wf again", None),
        ("first line, second run, against pip by hand", "pip again", "wf again", 1.25),
        ("first line, once it is finished, against pip by hand", "pip again", "wf later", 1.25),
    ):
        timed: Pairs = [(taken[bare], taken[wf]) for taken in rounds]
        yield ratio("first line", what, timed, budget)


class _Bench:
    """Makes environments in all three ways, anew in each round."""

    def __init__(self, world: World) -> None:
        from runner.environments.pip_settings import uv_variables

        world.workflow("start", _SCRIPT, requirements=_REQUIREMENTS, cores=None)
        world.commit()
        self._world = world
        self._wf = world.wf("run", "start")
        self._requirements = world.project / "requirements.txt"
        self._venv = world.folder / "venv"
        self._by_hand = world.with_variables(**uv_variables(world.variables))

    def check(self) -> None:
        """See that everything is there, and fill the caches of downloads.

        Raises:
            NotMeasuredError: the packages cannot be installed.
        """
        try:
            self._make_uv()
            self._make_pip()
            self._wf.run()
        except FailedError as error:
            raise NotMeasuredError(f"the packages cannot be installed: {error}") from None
        self._world.settle()

    def round(self) -> dict[str, float]:
        """The seconds that each took."""
        taken = {}
        for name, make in (("uv", self._make_uv), ("pip", self._make_pip)):
            taken[name] = make() + self._line(self._script())
            taken[f"{name} again"] = self._line(self._script())
        remove(Path(self._world.variables["WF_CACHE"]))
        taken["wf"] = self._line(self._wf)
        taken["wf again"] = self._line(self._wf)
        self._world.settle()
        taken["wf later"] = self._line(self._wf)
        return taken

    def _make_uv(self) -> float:
        program = uv()
        return self._make(
            (program, "venv", "--no-project", "-q", "--python", base_python(), self._venv),
            (program, "pip", "install", "-q", "--python", self._venv / "bin" / "python",
             "-r", self._requirements),
        )  # fmt: skip

    def _make_pip(self) -> float:
        return self._make(
            (base_python(), "-m", "venv", self._venv),
            (self._venv / "bin" / "python", "-m", "pip", "install", "-q", "-r", self._requirements),
        )

    def _make(self, *commands: tuple[str | Path, ...]) -> float:
        remove(self._venv)
        home = self._world.folder / "home"
        hand = replace(self._by_hand.command(), cwd=home)
        return sum(replace(hand, argv=argv).seconds() for argv in commands)

    def _script(self) -> Command:
        return self._world.command(self._venv / "bin" / "python", "start.py")

    def _line(self, command: Command) -> float:
        """From now to the line, which says when it was written."""
        said = self._world.folder / "said"
        started = time.time()
        replace(command, output=said).run()
        return float(said.read_text()) - started
