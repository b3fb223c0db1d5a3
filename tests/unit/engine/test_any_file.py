"""Whatever the files hold: an answer or a ``WfError``, and corrections that do what they say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from runner.document.mend import mend
from runner.engine.files import Beside, FileText
from runner.engine.opening import open_files
from runner.errors import INVALID, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import Problem, Related

WORKFLOWS, VARIABLES = "workflows.yaml", "variables.yaml"

# what users wrote, era by era
HOSTED_2021 = """\
workflows:
  - name: download-model
    image: tensorflow/tensorflow:1.15.0-py3
    commands: |
      pip3 install -r requirements.txt
      python3 download_model.py $model
    artifacts: [models]
  - name: finetune-model
    image: tensorflow/tensorflow:1.15.0-gpu-py3
    commands:
      - PYTHONPATH=src ./train.py --run_name $run_name $variables_as_args
    depends-on:
      repo: {include: [src]}
      workflows:
        - download-model
    resources:
      v100/gpu: 1
"""
HOSTED_2022 = """\
# Providers
workflows:
  - name : prepare
    help: "Load the data
      and prepare it"
    provider: python
    version: 3.10
    python_script: "mnist/prepare.py"
    args: [ "--seed", "${{ seed }}" ]
    environment:
      PYTHONPATH: .
    artifacts:
      - data
  - name: train
    depends-on:
      - prepare:latest
    provider: torchrun
    script: train.py
    resources:
      gpu: ${{ gpu }}
      memory: ${{memory}}
"""
LISTS_0_0_7 = """\
workflows:
- name: train
  provider: bash
  deps:
    - tag: mnist_data
    - :other
    - workflow: prepare
      mount: true
  python: 3.9
  requirements: requirements.txt
  env: [PATH=/opt/conda/bin:$PATH, "WITH_SPACE=a b", BARE]
  commands:
  - cd src # there
  - python train.py --lr ${{ lr }} &
  - "echo done: $?"
  artifacts: [./lightning_logs, {path: model, mount: true}]
  resources: {gpu: {name: V100, count: 1}, interruptible: true}
"""
SCHEMA_0_1 = """\
workflows:
  - name: hello
    provider: docker
    image: ubuntu
    ports: 1
    commands:
      - |
        cat <<EOF
        \t${{ run.name }}: $$
        EOF
    artifacts: &out
      - path: ./output
  - name: again
    provider: bash
    commands: "ls"
    artifacts: *out
    cache:
      - ~/.cache/pip
"""
TASK = """\
type: task
name: train
python: "3.11"
env:
  - HF_TOKEN
  - A=1
commands:
  - uv pip install -r requirements.txt
  - >-
    python train.py
    --epochs 3
ports: [8080:22, "6006"]
resources:
  gpu: 24GB..80GB:2
  cpu: x86:4..
retry: {on_events: [no-capacity], duration: 1h}
"""
SEEDS = [HOSTED_2021, HOSTED_2022, LISTS_0_0_7, SCHEMA_0_1, TASK]
VARIABLE_SEED = """\
variables:
  global:
    seed: 42
  train:
    gpu: 1
    memory: 4GB
    lr: 2e-5
"""
PIECES = [
    "\t", " ", "\n", "\r\n", "\r", ":", ": ", "- ", "-", "#", " #", "'", '"', "|", ">", "&a ", "*a",
    "<<: *a\n", "!!python/object:os.system ", "!x ", "%YAML 1.1\n", "---\n", "? ", "{", "}",
    "[", "]", ",", "{{ x }}", "${{ x }}", "${{", "}}", "$x", "${x}", "\0", "\x1b", "\x85", "\u2028",
    "\ufeff", "é", "日", "\U0001f600", "9" * 400, "1e999", "0x", ".inf", "~", "null", "yes", "3.1",
    "name", "Name: a\n", "provider", "gpu: 1\n", "    gpu: 1\n", "GPU: 1", "commands:", "x: 1",
    "      - echo a: b\n", "resources:\n", "workflows:\n", "  - name: a\n", "run.args", "a" * 70,
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seed: str) -> str:
    """A file of a user with pieces put in, taken out, doubled, or in capitals."""
    text = seed
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        to = min(at + draw(st.integers(0, 12)), len(text))
        change = draw(st.sampled_from(["put", "cut", "double", "capitals", "tabs"]))
        middle = {
            "put": draw(st.sampled_from(PIECES)) + text[at:to],
            "cut": "",
            "double": text[at:to] * 2,
            "capitals": text[at:to].upper(),
            "tabs": text[at:to].replace("  ", "\t"),
        }[change]
        text = text[:at] + middle + text[to:]
    return text


def check(files: Mapping[str, bytes]) -> None:
    """Read the workflow file, with the variables file."""
    variables = files.get(VARIABLES)
    beside = Beside(None if variables is None else FileText(variables, VARIABLES))
    open_files([FileText(files[WORKFLOWS], WORKFLOWS)], Path("project"), beside)


def answer(files: Mapping[str, bytes]) -> WfError | None:
    """What is said to the files; anything else that is raised fails the test."""
    try:
        check(files)
    except WfError as error:
        return error
    return None


def check_answer(files: Mapping[str, bytes]) -> None:
    """Read the files; every mistake has a place in one of them, and nothing else is raised."""
    error = answer(files)
    if error is None:
        return
    assert error.kind == INVALID
    for problem in error.problems:
        assert problem.fix is None or problem.fix.edits
        positions: list[Problem | Related] = [problem, *problem.related]
        for at in positions:
            assert at.place is not None
            lines = files[at.place.file].decode("utf-8-sig").splitlines()
            assert at.place.excerpt == (lines[at.place.line - 1] if lines else "")
            assert 1 <= at.place.column < at.place.end_column <= len(at.place.excerpt) + 2


def check_mended(files: Mapping[str, bytes]) -> None:
    """Correct the files: only lines that were told are changed, and doing it again does nothing."""
    mended = mend(files, check)
    for name, before in files.items():
        after = mended.files[name]
        told = [done for done in mended.fixed if done.file == name]
        if not told:
            assert after == before
            continue
        lines = Counter(before.decode("utf-8-sig").splitlines())
        for done in told:
            assert not Counter(done.before) - lines
            lines = lines - Counter(done.before) + Counter(done.after)
        assert lines == Counter(after.decode("utf-8-sig").splitlines())
    again = mend(mended.files, check)
    assert again.fixed == ()
    assert again.files == mended.files


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(SEEDS).flatmap(mutated)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_users_wrote_is_read_or_refused(seed: str) -> None:
    check_answer({WORKFLOWS: seed.encode(), VARIABLES: VARIABLE_SEED.encode()})


@given(texts(), mutated(VARIABLE_SEED) | st.just(VARIABLE_SEED))
def test_what_became_of_it_is_read_or_refused(text: str, variables: str) -> None:
    check_answer({WORKFLOWS: text.encode(), VARIABLES: variables.encode()})


@given(texts())
@example(LISTS_0_0_7.replace("    ", "\t"))
@example(SCHEMA_0_1.replace("\n", "\r\n").replace("provider", "Provider"))
@example("\ufeff" + HOSTED_2022.replace("workflows", "Workflows"))
@example("workflows:\n- name: a\n  provider: bash\n  commands:\n  - a: b\n  - a: b")
@example("workflows:\n- {name: a, name: a, GPU: 1, gpu: 1, Provider: x}\n")
@example("workflows:\n- name: &a x\n  name: *a\n  gpu: *a\n  name: &a x\n  cpu: &b 1\n")
def test_what_is_corrected_is_what_is_told(text: str) -> None:
    check_mended({WORKFLOWS: text.encode()})


@given(st.binary(max_size=120))
def test_any_bytes_are_answered(source: bytes) -> None:
    check_answer({WORKFLOWS: source})
    check_answer({WORKFLOWS: SCHEMA_0_1.encode(), VARIABLES: source})
    check_mended({WORKFLOWS: source})


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", *PIECES]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "provider", "commands", "env", "gpu", "x"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(trees, st.sampled_from(["whole", "workflows", "workflow", "variables"]))
def test_any_data_are_answered(tree: object, place: str) -> None:
    workflow = {"name": "a", "provider": "bash", "commands": ["ls"]}
    whole = {
        "whole": tree,
        "workflows": {"workflows": tree},
        "workflow": {"workflows": [tree, {**workflow, "env": tree, "resources": tree}]},
        "variables": {"workflows": [workflow]},
    }[place]
    files = {WORKFLOWS: yaml.safe_dump(whole, allow_unicode=True).encode()}
    if place == "variables":
        files[VARIABLES] = yaml.safe_dump({"variables": tree}).encode()
    check_answer(files)
    check_mended(files)
