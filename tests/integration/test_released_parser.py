"""Today's format is what the released dstack reads: both are given the same texts."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from runner.document.reader import read
from runner.errors import WfError
from runner.spec.load import load
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from runner.spec.workflow import Workflow

pytestmark = pytest.mark.integration

PARSER = ROOT / "tests" / "integration" / "released_parser.py"
GIB = 2**30

# what stands behind `type: task`; both read it alike
READ = (
    "commands: [ls]",
    "commands: [ls]\nname: train",
    "commands: [1, 2.5, ls]",
    "image: ubuntu",
    "image: ubuntu\nentrypoint: sh -c",
    "image: ubuntu\nnvcc: true\ncommands: [ls]",
    "commands: [ls]\nentrypoint: python -m",
    "commands: [ls]\npython: '3.12'",
    "commands: [ls]\ndocker: true\nprivileged: false",
    "commands: [ls]\nuser: root:0\nshell: /bin/zsh",
    "commands: [ls]\nworking_dir: src",
    "commands: [ls]\nworking_dir: /dstack/run",
    "commands: [ls]\nsetup: [make]\nhome_dir: /root",
    "commands: [ls]\nenv: [A=1, B=x=y, C=]",
    "commands: [ls]\nenv: [A, B=1]",
    "commands: [ls]\nenv: {A: 1, B: 1.5, C: x}",
    "commands: [ls]\nports: [80, '81:82', '*:83']",
    "commands: [ls]\nports: ['80']",
    "commands: [ls]\nnodes: 4\nstartup_order: workers-first\nstop_criteria: master-done",
    "commands: [ls]\nvolumes: ['/data:/data']",
    "commands: [ls]\nvolumes: ['/mnt/data:/data']",
    "commands: [ls]\nvolumes: [{instance_path: /a, path: /b, optional: true}]",
    "commands: [ls]\nfiles: [data, {local_path: src, path: lib}, 'conf.yaml:etc/conf.yaml']",
    "commands: [ls]\nrepos: [.]",
    "commands: [ls]\nregistry_auth: {username: a, password: b}",
    "commands: [ls]\nmax_duration: 2h\nstop_duration: 300",
    "commands: [ls]\nmax_duration: off\nstop_duration: off\nidle_duration: off",
    "commands: [ls]\nmax_duration: 1 h\nidle_duration: -1",
    "commands: [ls]\nmax_duration: true",
    "commands: [ls]\nretry: true",
    "commands: [ls]\nretry: {on_events: [no-capacity, error], duration: 1d}",
    "commands: [ls]\npriority: 100\ntags: {a: b}\nmax_price: 0.5",
    "commands: [ls]\nschedule: {cron: ['0 8 * * 1', '*/5 * * * *']}",
    "commands: [ls]\nutilization_policy: {min_gpu_utilization: 0, time_window: 5m}",
    "commands: [ls]\nspot_policy: auto\nbackends: [aws, gcp]\nregions: [eu-west-1]",
    "commands: [ls]\ncreation_policy: reuse-or-create\nfleets: [mine]\nreservation: x",
    "commands: [ls]\nresources: {}",
    "commands: [ls]\nresources: {cpu: 4, memory: 16, disk: 100GB, shm_size: 1}",
    "commands: [ls]\nresources: {cpu: 4.., memory: 16GB.., disk: 1TB..}",
    "commands: [ls]\nresources: {cpu: ..8, memory: 8GB..1TB}",
    "commands: [ls]\nresources: {cpu: 'x86:4', memory: 512MB}",
    "commands: [ls]\nresources: {cpu: '4..8:arm', memory: 1.5GB}",
    "commands: [ls]\nresources: {cpu: {arch: arm, count: 2..}, memory: 16 gb}",
    "commands: [ls]\nresources: {cpu: {min: 2, max: 4}, disk: {size: 10GB..}}",
    "commands: [ls]\nresources: {gpu: 1}",
    "commands: [ls]\nresources: {gpu: 0}",
    "commands: [ls]\nresources: {gpu: 24}",
    "commands: [ls]\nresources: {gpu: 24GB}",
    "commands: [ls]\nresources: {gpu: A100}",
    "commands: [ls]\nresources: {gpu: 'A100,H100:80GB:2..4'}",
    "commands: [ls]\nresources: {gpu: '2:24GB..80GB'}",
    "commands: [ls]\nresources: {gpu: 'nvidia:16GB..:1'}",
    "commands: [ls]\nresources: {gpu: {name: [A100, H100], count: 1..2, memory: 40GB..}}",
    "commands: [ls]\nresources: {gpu: {name: A100}}",
)

# neither reads these
REFUSED = (
    "commands: []",
    "commands: ls",
    "command: [ls]",
    "entrypoint: ls",
    "image: ubuntu\npython: '3.12'",
    "image: ubuntu\ndocker: true",
    "commands: [ls]\ndocker: true\npython: '3.12'",
    "commands: [ls]\npython: 3.5",
    "commands: [ls]\nshell: zsh",
    "commands: [ls]\nenv: {A: true}",
    "commands: [ls]\nenv: {A: }",
    "commands: [ls]\nenv: [A=1, A=2]",
    "commands: [ls]\nenv: ['A B=1']",
    "commands: [ls]\nports: [0]",
    "commands: [ls]\nports: [70000]",
    "commands: [ls]\nnodes: 0",
    "commands: [ls]\nvolumes: ['/data']",
    "commands: [ls]\nvolumes: ['/data:/a/../b']",
    "commands: [ls]\nrepos: [a, b]",
    "commands: [ls]\nregistry_auth: {username: a}",
    "commands: [ls]\nmax_duration: 1h30m",
    "commands: [ls]\npriority: 101",
    "commands: [ls]\nspot_policy: never",
    "commands: [ls]\nschedule: {cron: '0 8 *'}",
    "commands: [ls]\nmax_price: 0",
    "commands: [ls]\nresources: {cpu: 0.5}",
    "commands: [ls]\nresources: {cpu: 8..2}",
    "commands: [ls]\nresources: {cpu: ..}",
    "commands: [ls]\nresources: {memory: 16GiB}",
    "commands: [ls]\nresources: {shm_size: 1GB..}",
    "commands: [ls]\nresources: {gpu: '24GB:1:2'}",
    "commands: [ls]\nresources: {gpu: 'A100:'}",
    "commands: [ls]\nresources: {gpus: 1}",
)

# dstack reads these and wf does not: all of them are in docs/reference/task-file.md
ONLY_DSTACK = (
    "groups: [{commands: [ls]}]",
    "commands: [ls]\nvolumes: ['my-volume:/data']",
    "commands: [ls]\nfiles: ['data:/etc/data']",
    "commands: [ls]\nfiles: ['~/data:data']",
    "commands: [ls]\nresources: {gpu: 'amd:1'}",
    "commands: [ls]\nresources: {gpu: {count: 1, compute_capability: 8.0}}",
    "commands: [ls]\nname: my task",
    "commands: [ls]\nprivileged: yes",
    "commands: [ls]\nmax_duration: 0",
    "commands: [ls]\nenv: {A-B: 1}",
    "commands: [ls]\nresources: {memory: -5}",
)

# keys of 0.10 to 0.18, and wf's own `artifacts`
ONLY_WF = (
    "commands: [ls]\nartifacts: [out]",
    "commands: [ls]\nbuild: [make]",
    "commands: [ls]\ncache: [data]",
    "commands: [ls]\npool_name: mine",
    "commands: [ls]\npython: '3.8'",
    "commands: [ls]\nbackends: [elsewhere]",
)


@pytest.fixture(scope="module")
def theirs(released_dstack: Path) -> dict[str, Any]:
    """What the released dstack reads in every text."""
    texts = [*READ, *REFUSED, *ONLY_DSTACK, *ONLY_WF]
    done = subprocess.run(
        [released_dstack, PARSER],
        input=json.dumps([task(text) for text in texts]),
        capture_output=True,
        check=True,
        text=True,
    )
    return dict(zip(texts, json.loads(done.stdout), strict=True))


def task(text: str) -> str:
    return f"type: task\n{text}\n"


def ours(text: str) -> Workflow | WfError:
    try:
        return load(read(task(text).encode(), "train.dstack.yml"))[0]
    except WfError as error:
        return error


@pytest.mark.parametrize("text", READ)
def test_what_both_read_means_the_same(text: str, theirs: dict[str, Any]) -> None:
    found, released = ours(text), theirs[text]
    assert not isinstance(found, WfError), found
    assert "error" not in released
    required = {name: name for name in found.required}
    assert {**dict(found.variables), **required} == released["env"]
    assert list(found.ports.fixed) == released["ports"]
    assert found.nodes == released["nodes"]
    assert found.limits.max_duration == released["max_duration"]
    assert found.resources.cpu == released["cpu"]
    assert found.resources.memory == (released["memory"] and released["memory"] * GIB)
    assert gpus(found) == (released["gpu"] if released["gpu"] and released["gpu"][0] else None)


def gpus(found: Workflow) -> list[Any] | None:
    asked = found.resources.gpu
    if asked is None:
        return None
    return [asked.count, list(asked.names), asked.memory and asked.memory / 10**9]


@pytest.mark.parametrize("text", REFUSED)
def test_what_neither_reads(text: str, theirs: dict[str, Any]) -> None:
    assert isinstance(ours(text), WfError)
    assert "error" in theirs[text]


@pytest.mark.parametrize("text", ONLY_DSTACK)
def test_what_wf_refuses_has_a_reason(text: str, theirs: dict[str, Any]) -> None:
    found = ours(text)
    assert isinstance(found, WfError)
    assert [problem.hint for problem in found.problems if not problem.hint] == []
    assert "error" not in theirs[text]


@pytest.mark.parametrize("text", ONLY_WF)
def test_what_wf_reads_besides(text: str, theirs: dict[str, Any]) -> None:
    assert not isinstance(ours(text), WfError)
    assert "error" in theirs[text]
