"""What is asked of runs, with ten and with a hundred thousand of them: whole processes, in turn."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.history import extend
from benchmarks.measure import FailedError, amount, pairs, ratio
from benchmarks.world import PYTHON, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measure import Effort, Row

_FEW = 10
# a figure that grew with the runs would be in the hundreds
_AS_FAST = 1.25


def records(effort: Effort) -> Iterator[Row]:
    """Every question, and a new run, with many runs against the same with ten.

    The runs are folders as a real one has left them, of twenty workflows.
    """
    many = 10_000 if effort.quick else 100_000
    with World.make("few") as few, World.make("many") as much:
        for world, runs in ((few, _FEW), (much, many)):
            _prepare(world, runs)
        index = Path(much.variables["WF_HOME"]) / "index.sqlite"
        taken = [_filled(much, index) for _ in range(2)]
        yield amount("records", f"making the index again from {many:,} folders", taken, "s", None)
        listed = len(much.json("ps", "-a", "--json"))
        if listed != many:
            raise FailedError(f"wf ps -a lists {listed:,} runs instead of {many:,}")
        for world in (few, much):
            world.wf("tags", "add", "best", "last").run()
        runs = effort.pairs(15, 6)
        bare = few.command(PYTHON, "-c", "pass").seconds
        timed = pairs(bare, much.wf("ps").seconds, effort.pairs(40, 15))
        yield ratio("records", f"wf ps with {many:,} runs", timed, 4.0)
        for what, ask in _QUESTIONS.items():
            timed = pairs(ask(few), ask(much), runs)
            yield ratio("records", f"{what}, {many:,} runs against {_FEW}", timed, _AS_FAST)


def _prepare(world: World, runs: int) -> None:
    world.write("noop.py", "pass\n")
    text = (
        "workflows:\n"
        "  - {name: noop, provider: python, script: noop.py, resources: {cpu: 1}}\n"
        "  - {name: after, provider: bash, commands: [':'], depends-on: [noop]}\n"
    )
    world.write(".dstack/workflows.yaml", text)
    world.commit()
    world.wf("run", "noop").run()
    extend(Path(world.variables["WF_HOME"]) / "runs", runs - 1)
    world.wf("run", "noop").run()


def _filled(world: World, index: Path) -> float:
    for path in index.parent.glob("index.sqlite*"):
        path.unlink()
    started = time.perf_counter()
    world.wf("ps").run()
    return time.perf_counter() - started


def _wf(*words: str) -> Callable[[World], Callable[[], float]]:
    return lambda world: world.wf(*words).seconds


def _first_page(world: World) -> Callable[[], float]:
    argv = " ".join(map(str, world.wf("ps", "-a").argv))
    return world.command("sh", "-c", f"{argv} 2>/dev/null | head -n 5").seconds


_QUESTIONS: dict[str, Callable[[World], Callable[[], float]]] = {
    "wf ps": _wf("ps"),
    "wf ps -n 20": _wf("ps", "-n", "20"),
    "wf ps -a | head": _first_page,
    "wf show last": _wf("show", "last"),
    "wf show :TAG": _wf("show", ":best"),
    "wf logs last": _wf("logs", "last"),
    "wf tags list": _wf("tags", "list"),
    "wf plan of what depends on another": _wf("plan", "after"),
    "wf run": _wf("run", "noop"),
    "wf prune": _wf("prune", "--older-than", "520w"),
}
