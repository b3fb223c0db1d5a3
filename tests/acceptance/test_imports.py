"""Start-up is part of the product: what a command does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

WORKFLOW = "workflows: [{name: job, provider: bash, commands: [':']}]\n"


def loaded(world: World, *words: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        "import sys\n"
        "from runner.cli.main import main\n"
        f"code = main({list(words)!r})\n"
        "sys.stderr.write('\\n' + ' '.join(sys.modules))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [("run", "job"), ("validate",), ("plan", "job")])
def test_a_sound_file_costs_nothing_that_only_mistakes_need(
    world: World, words: tuple[str, ...]
) -> None:
    world.workflows(WORKFLOW)
    found = loaded(world, *words)
    assert "pydantic" in found
    costly = {
        "importlib.metadata",  # pydantic's search for plug-ins
        "difflib",
        "rich",
        "docker",
        "torch",
        "pynvml",
        "runner.document.syntax",
        "runner.spec.eras.task",
        "runner.spec.providers.tools",
        "runner.spec.providers.scripts",
    }
    assert found & costly == set()


@pytest.mark.parametrize("words", [("--version",), ("ps",), ("--help",)])
def test_what_reads_no_workflow_file_loads_no_reader(world: World, words: tuple[str, ...]) -> None:
    found = loaded(world, *words)
    assert found & {"yaml", "pydantic", "rich", "dataclasses", "runner.engine"} == set()


def test_a_comparison_loads_what_it_shows_and_nothing_that_draws(world: World) -> None:
    world.workflows(WORKFLOW.replace("':'", "'echo step,loss > m.csv; echo 1,2 >> m.csv'"))
    for _ in range(2):
        world.wf("run", "job")
    found = loaded(world, "compare", *world.runs())
    assert "runner.records.comparing.comparison" in found
    costly = {"matplotlib", "numpy", "torch", "tensorboard", "rich", "pydantic", "yaml", "docker"}
    assert found & costly == set()
