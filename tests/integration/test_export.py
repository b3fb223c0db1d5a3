"""What `wf export` prints is read, and does the same, in the released dstack."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from runner.spec.export.task import export
from tests.golden.test_golden import cases, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

PARSE = """\
import json, sys, yaml
from dstack._internal.core.models.configurations import parse_run_configuration
found = []
for text in json.load(sys.stdin):
    try:
        task = parse_run_configuration(yaml.safe_load(text))
        found.append([type(task).__name__, task.resources.pretty_format()])
    except Exception as error:
        found.append([type(error).__name__, str(error)])
json.dump(found, sys.stdout)
"""
# 0.22.5: cli/services/configurators/run.py puts the words in, and jobs/configurators/base.py joins
INTERPOLATE = """\
import json, shlex, sys
from dstack._internal.utils.interpolator import VariablesInterpolator
said = json.load(sys.stdin)
words = VariablesInterpolator({"run": {"args": shlex.join(said["args"])}}, skip=["secrets"])
json.dump([words.interpolate_or_error(text) for text in said["commands"]], sys.stdout)
"""


def ask(python: Path, program: str, said: object) -> Any:
    """What a program of the released dstack's environment answers."""
    done = subprocess.run(
        [python, "-c", program], input=json.dumps(said), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_every_export_is_a_task(released_dstack: Path) -> None:
    texts = {
        f"{case.stem}: {workflow.name}": export(workflow).text
        for case in [*cases("plans"), *cases("valid")]
        for workflow in opened(case).workflows
    }
    found = ask(released_dstack, PARSE, list(texts.values()))
    refused = {
        name: said
        for name, (kind, said) in zip(texts, found, strict=True)
        if kind != "TaskConfiguration"
    }
    assert refused == {}


def joined(commands: list[str]) -> str:
    """The commands as dstack gives them to a shell."""
    stripped = (command.strip() for command in commands)
    return " && ".join(f"{{ {text} }}" if text.endswith("&") else text for text in stripped)


WORKFLOWS = r"""
workflows:
  - name: shell
    provider: bash
    working_dir: src
    commands:
      - seed=${{ seed }}  # a comment that must end with its line
      - |
        cat <<END
        seed: $seed, "${{ name }}", ${{ name }}
        END
      - sleep 0 &
      - cd ..
      - export WHERE=$(basename "$PWD")
      - echo "$WHERE $LATE $GREETING \${{ kept }} $$x" | sed "s/$$/PID/"
      - printf '<%s>\n' ${{ run.args }}
      - echo ${{ run.name }} "${{ run.name }}" '${{ run.name }}'
      - "echo \"all: ${{ run.args }}\""
      - false
      - echo never
    env:
      GREETING: ${{ greeting }}
      LATE: of ${{ run.name }}
  - name: script
    provider: python
    script: args.py
    args: [one, "two words", "it's", "$HOME", "*", $run_name]
"""
VARIABLES = """
variables:
  global: {seed: 7, name: "a  b*", greeting: "$HOME 'x' ${y}"}
"""


@pytest.mark.parametrize("name", ["shell", "script"])
def test_an_export_does_what_the_workflow_does(
    name: str, released_dstack: Path, world: World, tmp_path: Path
) -> None:
    world.workflows(WORKFLOWS)
    world.write(".dstack/variables.yaml", VARIABLES)
    world.write("src/empty", "")
    world.write("args.py", "import sys\nprint(sys.argv[1:])\n")
    words = ["--lr", "1e-3", "x  y", "$(id)"]
    done = world.wf("run", name, "--", *words)
    run = world.record()["name"]

    task = yaml.safe_load(world.wf("export", name).out)
    said = {"commands": task["commands"], "args": words}
    there = tmp_path / "workspace"
    (there / "src").mkdir(parents=True)
    (there / "args.py").write_bytes((world.project / "args.py").read_bytes())
    again = subprocess.run(
        ["bash", "-c", joined(ask(released_dstack, INTERPOLATE, said))],
        cwd=there,
        env={**world.variables, **task.get("env", {}), "DSTACK_RUN_NAME": run},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stdout) == (done.code, done.out)
    assert done.out
