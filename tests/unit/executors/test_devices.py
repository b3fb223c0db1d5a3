"""What a job is told of its devices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import envvars
from runner.allocation.interface import Lease
from runner.executors.devices import thread_counts, visible_gpus
from runner.executors.interface import Context
from runner.executors.local import LocalExecutor
from runner.executors.surroundings import share_of, variables
from runner.spec.workflow import GpuRequest, PythonScript, Resources, TorchrunScript
from tests.fakes import inventory, jobs
from tests.fakes.executor import environment

if TYPE_CHECKING:
    from runner.allocation.inventory import Gpu
    from runner.plan.plan import Job

HERE = Path("/runs/wet-mango-1")
CONTEXT = Context(
    "wet-mango-1", HERE / "workspace", HERE / "notes", HERE / "artifacts", {"PATH": "/usr/bin"}
)


def a_lease(cores: int = 4, gpus: int = 0, *, exclusive: bool = True) -> Lease:
    granted = tuple(inventory.gpu(index) for index in range(gpus))
    return Lease(tuple(range(cores)), exclusive, granted, memory=None, of_cores=cores)


def torchrun(gpus: int, **facts: Any) -> Job:
    resources = Resources(gpu=GpuRequest(gpus))
    return jobs.a_job(launch=TorchrunScript("train.py"), resources=resources, **facts)


# --- threads --------------------------------------------------------------------------------------


def test_every_library_is_told_the_same_number() -> None:
    given = thread_counts(jobs.a_job(), a_lease(cores=3))
    assert set(given) == {
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "TORCH_NUM_THREADS",
    }
    assert set(given.values()) == {"3"}


@pytest.mark.parametrize(
    ("cores", "gpus", "each"), [(8, 2, "4"), (8, 3, "2"), (2, 4, "1"), (4, 1, "4")]
)
def test_processes_that_wf_starts_share_the_cores(cores: int, gpus: int, each: str) -> None:
    assert thread_counts(torchrun(gpus), a_lease(cores))["OMP_NUM_THREADS"] == each


def test_a_script_that_starts_its_own_processes_is_told_of_all_cores() -> None:
    job = jobs.a_job(launch=PythonScript("train.py"), resources=Resources(gpu=GpuRequest(4)))
    assert thread_counts(job, a_lease(8))["OMP_NUM_THREADS"] == "8"


def test_shared_cores_are_nobodys_number() -> None:
    assert thread_counts(torchrun(2), a_lease(8, exclusive=False)) == {}


def test_the_workflow_has_the_last_word_on_threads_and_the_caller_has_none() -> None:
    around = replace(CONTEXT, variables={"OMP_NUM_THREADS": "64", "MKL_NUM_THREADS": "64"})
    job = jobs.a_job(variables=(("OMP_NUM_THREADS", "2"),))
    given = variables(job, environment(HERE), a_lease(4), around)
    assert (given["OMP_NUM_THREADS"], given["MKL_NUM_THREADS"]) == ("2", "4")


def test_the_caller_may_pass_a_number_on_by_name() -> None:
    around = replace(CONTEXT, variables={"OMP_NUM_THREADS": "64"})
    job = jobs.a_job(passed=("OMP_NUM_THREADS",))
    assert variables(job, environment(HERE), a_lease(4), around)["OMP_NUM_THREADS"] == "64"


@given(
    cores=st.integers(1, 64),
    gpus=st.integers(1, 16),
    nodes=st.integers(1, 4),
    exclusive=st.booleans(),
)
def test_no_node_is_told_of_more_threads_than_its_cores(
    cores: int, gpus: int, nodes: int, *, exclusive: bool
) -> None:
    """Unless there are fewer cores than processes: none can have less than one."""
    lease = a_lease(cores * nodes, gpus * nodes, exclusive=exclusive)
    job = torchrun(gpus, nodes=nodes)
    for rank in range(nodes):
        share = share_of(lease, nodes, rank)
        told = thread_counts(job, share)
        assert set(told) == (set(envvars.THREAD_COUNTS) if exclusive else set())
        assert all(int(number) >= 1 for number in told.values())
        assert all(int(number) * gpus <= max(cores, gpus) for number in told.values())


@given(cores=st.integers(1, 64), gpus=st.integers(0, 16), nodes=st.integers(1, 8))
def test_no_device_is_told_to_two_nodes(cores: int, gpus: int, nodes: int) -> None:
    lease = a_lease(cores, gpus)
    shares = [share_of(lease, nodes, rank) for rank in range(nodes)]
    given_cores = [core for share in shares for core in share.cores]
    given_gpus = [gpu for share in shares for gpu in share.gpus]
    assert len(set(given_cores)) == len(given_cores)
    assert len(set(given_gpus)) == len(given_gpus)
    assert set(given_cores) <= set(lease.cores)
    assert set(given_gpus) <= set(lease.gpus)
    assert len({(len(share.cores), len(share.gpus)) for share in shares}) == 1


# --- visible GPUs ---------------------------------------------------------------------------------


def seen(lock: tuple[str, ...], *gpus: Gpu) -> str:
    granted = gpus or (inventory.gpu(1), inventory.gpu(3))
    return visible_gpus(replace(a_lease(), gpus=granted), lock)


UUIDS = f"{inventory.gpu(1).uuid},{inventory.gpu(3).uuid}"


@pytest.mark.parametrize(
    ("lock", "visible"),
    [
        ((), UUIDS),
        (("numpy==1.13.0",), UUIDS),
        (("torchvision==0.14.0", "torch==2.0.0"), UUIDS),
        (("torch==2.13.0+cu126",), UUIDS),
        (("torch==1.14.0",), UUIDS),
        (("torch==1.13.1",), "1,3"),
        (("numpy==1.24.0", "torch==1.13.1+cu117"), "1,3"),
        (("torch==1.4.0",), "1,3"),
        (("Torch==1.9",), "1,3"),
        (("torch==1.13.0.dev20221001+cu117",), "1,3"),
        (("torch @ https://x.org/cu117/torch-1.13.1%2Bcu117-cp310-cp310-linux_x86_64.whl",), "1,3"),
        (("torch @ file:///w/torch-1.12.0-cp39-none-any.whl#sha256=0af",), "1,3"),
        (("torch @ file:torch-1.12.0-cp39-none-any.whl",), "1,3"),
        (("torch @ https://x.org/torch-2.1.0-cp310-cp310-linux_x86_64.whl",), UUIDS),
        (("torch @ git+https://x.org/torch@0af",), UUIDS),
        (("torch==of our own",), UUIDS),
    ],
)
def test_an_old_pytorch_is_told_numbers_all_others_uuids(
    lock: tuple[str, ...], visible: str
) -> None:
    assert seen(lock) == visible


def test_a_part_of_a_gpu_has_no_number() -> None:
    part = replace(inventory.gpu(0), uuid="MIG-0", parent=inventory.gpu(0).uuid)
    assert seen(("torch==1.13.1",), part) == "MIG-0"


def test_numbers_are_the_machines_in_the_order_of_the_bus() -> None:
    old = replace(environment(HERE), lock=("torch==1.13.1",))
    around = replace(CONTEXT, variables={"CUDA_VISIBLE_DEVICES": "3,1", "CUDA_DEVICE_ORDER": "x"})
    lease = replace(a_lease(), gpus=(inventory.gpu(3),))
    given = variables(jobs.a_job(), old, lease, around)
    assert (given["CUDA_VISIBLE_DEVICES"], given["CUDA_DEVICE_ORDER"]) == ("3", "PCI_BUS_ID")


def test_no_gpu_is_none_whatever_pytorch() -> None:
    assert visible_gpus(a_lease(), ("torch==1.13.1",)) == ""


# --- simulated GPUs -------------------------------------------------------------------------------


def simulated(
    number: int, cores: int = 4, *, exclusive: bool = True, job: Job | None = None, **own: str
) -> dict[str, str]:
    lease = replace(a_lease(cores, exclusive=exclusive), simulated=number)
    around = replace(CONTEXT, variables={**CONTEXT.variables, "PYTHONPATH": "/caller"})
    job = replace(job or jobs.a_job(), variables=tuple(own.items()))
    return variables(job, environment(HERE), lease, around)


def test_simulated_gpus_are_told_of_as_if_they_were_there_but_none_is_visible() -> None:
    given = simulated(3)
    assert given["WF_SIMULATED_GPUS"] == "3"
    assert given["DSTACK_GPUS_NUM"] == given["DSTACK_GPUS_PER_NODE"] == "3"
    assert given["CUDA_VISIBLE_DEVICES"] == ""


def test_without_simulation_there_is_no_trace_of_it() -> None:
    given = variables(jobs.a_job(), environment(HERE), a_lease(gpus=2), CONTEXT)
    assert not {"WF_SIMULATED_GPUS", "GLOO_SOCKET_IFNAME", "PYTHONPATH"} & given.keys()


def test_what_stands_in_for_gpus_is_found_before_the_workflows_own_folders() -> None:
    first, *others = simulated(1, PYTHONPATH="lib:src")["PYTHONPATH"].split(":")
    assert (Path(first) / "sitecustomize.py").is_file()
    assert others == ["lib", "src"]
    assert simulated(1)["PYTHONPATH"] == first


def test_ranks_meet_within_the_machine_unless_the_workflow_says_where() -> None:
    assert simulated(2)["GLOO_SOCKET_IFNAME"] == "lo"
    assert simulated(2, GLOO_SOCKET_IFNAME="eth1")["GLOO_SOCKET_IFNAME"] == "eth1"


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("cores", "gpus", "each"), [(8, 2, "4"), (8, 3, "2"), (2, 4, "1")])
def test_ranks_in_the_place_of_gpus_share_the_cores(
    cores: int, gpus: int, each: str, *, exclusive: bool
) -> None:
    given = simulated(gpus, cores, exclusive=exclusive)
    assert {given[name] for name in envvars.THREAD_COUNTS} == {each}


@pytest.mark.parametrize(("exclusive", "each"), [(True, "2"), (False, "2")])
def test_the_nodes_of_a_simulation_share_the_cores_too(each: str, *, exclusive: bool) -> None:
    lease = replace(a_lease(8, exclusive=exclusive), simulated=4)
    job = jobs.a_job(nodes=2, simulated=2)
    given = variables(job, environment(HERE), lease, CONTEXT, rank=1)
    assert given["OMP_NUM_THREADS"] == each
    assert (given["WF_SIMULATED_GPUS"], given["DSTACK_GPUS_NUM"]) == ("2", "4")


def test_torchrun_starts_a_rank_for_each_gpu_real_or_not() -> None:
    real, played = torchrun(3), jobs.a_job(launch=TorchrunScript("train.py"), simulated=3)
    for job in (real, played):
        argv = LocalExecutor().translate(job, environment(HERE), a_lease(), CONTEXT).argv
        assert "--nproc_per_node=3" in argv
