"""What a job is told of the world it runs in, and who has the last word."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner import envvars
from runner.allocation.interface import Lease
from runner.executors.interface import Context
from runner.executors.local import LocalExecutor
from runner.executors.surroundings import share_of, variables
from runner.plan.environment import EnvironmentSpec
from runner.process.values import JobCommand
from runner.spec.workflow import Service
from tests.fakes import inventory, jobs
from tests.fakes.executor import environment

if TYPE_CHECKING:
    from runner.plan.plan import Job

HERE = Path("/runs/wet-mango-1")
CONTEXT = Context(
    run="wet-mango-1",
    workspace=HERE / "workspace",
    notes=HERE / "notes",
    artifacts=HERE / "artifacts",
    variables={"PATH": "/usr/bin"},
    repo="mnist",
)
LEASE = Lease(cores=(0, 1, 2, 3), exclusive=True, gpus=(), memory=None, of_cores=8)


def a_job(**facts: Any) -> Job:
    return jobs.a_job(**{"working_dir": "src", **facts})


def told(
    job: Job | None = None, lease: Lease = LEASE, rank: int = 0, **context: Any
) -> dict[str, str]:
    around = replace(CONTEXT, **context)
    return variables(job or a_job(), environment(HERE), lease, around, rank)


def gpus(number: int) -> Lease:
    return replace(LEASE, gpus=tuple(inventory.gpu(index) for index in range(number)))


# --- the table ------------------------------------------------------------------------------------


def test_the_table_names_all_that_a_job_is_given_and_nothing_else() -> None:
    of_a_day = EnvironmentSpec("3.11", as_of="2022-05-20")
    service = Service("x", token_variable="OWN_TOKEN")
    job = a_job(nodes=2, service=service, environment=of_a_day)
    from runner.engine import trackers

    lock = ("wandb==1", "mlflow==2", "comet_ml==3")
    from runner.paths import RunPaths

    class Made(trackers.Trackers):
        def _folder(self) -> Path:
            return self._root

    defaults = Made(job, lock, {}, RunPaths(HERE)).variables
    given = told(
        job,
        replace(LEASE, simulated=2),
        rank=1,
        ports=(4001, 4002),
        token="t",
        mpi_hostfile=HERE / "hostfile",
        defaults=defaults,
        resumed_from="keen-lynx-2",
        checkpoint=HERE / "workspace" / "last.ckpt",
    )
    names = {re.sub(r"(?<=_)[0-9]+$", "i", name) for name in given}
    names -= {"OWN_TOKEN", envvars.RUN_NAME_REFERENCE}
    documented = {name for entry in envvars.GIVEN for name in entry.names}
    assert names == documented


# --- who has the last word ------------------------------------------------------------------------


def test_caller_defaults_parameters_variables_lease_in_this_order() -> None:
    names = ("HOSTNAME", "WANDB_MODE", "SEED", "LR", "CUDA_VISIBLE_DEVICES")
    caller = dict.fromkeys(names, "caller")
    job = a_job(
        parameters=(("SEED", "parameter"), ("LR", "parameter")),
        variables=(("LR", "variable"), ("CUDA_VISIBLE_DEVICES", "variable")),
    )
    given = told(job, variables=caller, defaults={"WANDB_MODE": "default"})
    assert [given[name] for name in names] == ["127.0.0.1", "default", "parameter", "variable", ""]


def test_a_run_within_a_resumed_run_goes_on_from_nothing() -> None:
    names = (envvars.WF_RESUMED_FROM, envvars.WF_RESUME_CKPT)
    assert not set(names) & told(variables=dict.fromkeys(names, "of the outer run")).keys()
    given = told(resumed_from="keen-lynx-2")
    assert given[envvars.WF_RESUMED_FROM] == "keen-lynx-2"
    assert envvars.WF_RESUME_CKPT not in given


def test_a_workflow_may_set_what_wf_sets() -> None:
    job = a_job(variables=(("PORT_0", "1"), ("DSTACK_REPO_ID", "own")))
    given = told(job, ports=(4001,))
    assert (given["PORT_0"], given["JOB_PORT_0"], given["DSTACK_REPO_ID"]) == ("1", "4001", "own")


def test_a_variable_may_refer_to_others_that_come_before_it() -> None:
    values = (
        ("A", "/opt/bin:$PATH"),
        ("B", "${A}-$LR$NONE"),
        ("C", r"\$A $1 $ $(id) `id`"),
        ("D", "$A"),
    )
    job = a_job(parameters=(("LR", "2e-5"),), variables=values, expanded=("A", "B", "C"))
    given = told(job)
    path = given["PATH"]
    assert given["A"] == f"/opt/bin:{path}"
    assert given["B"] == f"/opt/bin:{path}-2e-5"
    assert given["C"] == "$A $1 $ $(id) `id`"
    assert given["D"] == "$A"


def test_a_variable_may_refer_to_its_own_former_value() -> None:
    job = a_job(variables=(("PATH", "/opt/bin:$PATH"),), expanded=("PATH",))
    assert told(job)["PATH"] == f"/opt/bin:{told()['PATH']}"


def test_what_a_launcher_outside_has_left_behind_is_not_passed_on() -> None:
    caller = {"RANK": "3", "MASTER_ADDR": "10.0.0.1", "SLURM_JOB_ID": "7", "KEPT": "yes"}
    given = told(variables=caller)
    assert given["KEPT"] == "yes"
    assert not {"RANK", "MASTER_ADDR", "SLURM_JOB_ID"} & given.keys()


def test_what_is_asked_for_by_name_is_passed_on() -> None:
    given = told(a_job(passed=("RANK", "NOT_SET")), variables={"RANK": "3"})
    assert given["RANK"] == "3"
    assert "NOT_SET" not in given


def test_the_services_token_is_wfs_alone() -> None:
    job = a_job(
        service=Service("lab", "/lab?token={token}", "JUPYTER_TOKEN"),
        variables=(("JUPYTER_TOKEN", "mine"),),
    )
    assert told(job, token="secret")["JUPYTER_TOKEN"] == "secret"
    assert "secret" not in told(token="secret").values()
    assert "secret" not in repr(replace(CONTEXT, token="secret"))


def test_secrets_win_over_the_workflow_and_the_lease_over_them() -> None:
    job = a_job(
        variables=(("TOKEN", "own"), ("URL", "https://${{ secrets.TOKEN }}@h"), ("RAW", "$TOKEN")),
        expanded=("URL",),
        parameters=(("TOKEN", "parameter"),),
    )
    given = told(job, secrets={"TOKEN": "$X ${{ secrets.TOKEN }}", "CUDA_VISIBLE_DEVICES": "all"})
    assert given["TOKEN"] == "$X ${{ secrets.TOKEN }}"
    # put in once, and nothing in a value is looked at
    assert given["URL"] == "https://$X ${{ secrets.TOKEN }}@h"
    assert given["RAW"] == "$TOKEN"
    assert given["CUDA_VISIBLE_DEVICES"] == ""


def test_a_shells_variable_can_be_a_secret() -> None:
    job = a_job(
        variables=(("TOKEN", "own"), ("A", "$TOKEN-${TOKEN}"), ("B", "$A")), expanded=("A", "B")
    )
    given = told(job, secrets={"TOKEN": "s$t"})
    assert (given["A"], given["B"]) == ("s$t-s$t", "s$t-s$t")


def test_what_is_passed_on_stands_for_a_secret() -> None:
    job = a_job(variables=(("URL", "${{ secrets.TOKEN }}"),), passed=("TOKEN",))
    assert told(job, variables={"TOKEN": "mine"})["URL"] == "mine"


def test_secrets_are_not_shown_with_a_context_or_a_command() -> None:
    context = replace(CONTEXT, secrets={"TOKEN": "hidden"})
    assert "hidden" not in repr(context)
    command = JobCommand(argv=("true",), env={"TOKEN": "hidden"}, cwd=HERE)
    assert "hidden" not in repr(command)


@pytest.mark.parametrize("nodes", [1, 3])
def test_no_value_stands_on_a_command_line(nodes: int) -> None:
    job = a_job(
        nodes=nodes,
        variables=(("A", "$TOKEN-$DSTACK_NODE_RANK"), ("B", "${{ secrets.TOKEN }}")),
        expanded=("A",),
    )
    around = replace(CONTEXT, secrets={"TOKEN": "hidden"})
    command = LocalExecutor().translate(job, environment(HERE), LEASE, around)
    assert not any("hidden" in word for word in command.argv)
    assert command.env["A"] == "hidden-0"


# --- nodes ----------------------------------------------------------------------------------------


def test_one_node_is_its_own_master() -> None:
    given = told(lease=gpus(2))
    assert given["DSTACK_NODE_RANK"] == "0"
    assert given["DSTACK_NODES_NUM"] == "1"
    assert given["DSTACK_NODES_IPS"] == given["DSTACK_MASTER_NODE_IP"] == "127.0.0.1"
    assert given["DSTACK_GPUS_PER_NODE"] == given["DSTACK_GPUS_NUM"] == "2"
    assert given["JOB_ID"] == "wet-mango-1,train,0"
    assert not [name for name in given if name.startswith("MASTER_")]
    assert "DSTACK_MPI_HOSTFILE" not in given


def test_later_nodes_know_the_first() -> None:
    given = told(a_job(nodes=3), gpus(6), rank=2, ports=(4001,))
    assert given["JOB_ID"] == given["DSTACK_JOB_ID"] == "wet-mango-1,train,2"
    assert given["MASTER_ID"] == given["MASTER_JOB_ID"] == "wet-mango-1,train,0"
    assert given["MASTER_PORT_0"] == given["MASTER_JOB_PORT_0"] == given["JOB_PORT_0"] == "4001"
    assert given["MASTER_HOSTNAME"] == given["JOB_HOSTNAME"]
    assert given["DSTACK_NODE_RANK"] == "2"
    assert given["DSTACK_NODES_IPS"].splitlines() == ["127.0.0.1"] * 3
    assert (given["DSTACK_GPUS_PER_NODE"], given["DSTACK_GPUS_NUM"]) == ("2", "6")


@pytest.mark.parametrize("nodes", [1, 2, 4])
def test_every_device_goes_to_one_node(nodes: int) -> None:
    lease = gpus(4)
    shares = [share_of(lease, nodes, rank) for rank in range(nodes)]
    assert [gpu for share in shares for gpu in share.gpus] == list(lease.gpus)
    assert [core for share in shares for core in share.cores] == list(lease.cores)
    assert {len(share.gpus) for share in shares} == {4 // nodes}


def test_shared_cores_are_shared_by_all_nodes() -> None:
    lease = replace(LEASE, exclusive=False)
    assert share_of(lease, 2, 1).cores == lease.cores
    assert "OMP_NUM_THREADS" not in told(a_job(nodes=2), lease, rank=1)


def test_a_node_counts_its_own_cores_and_sees_its_own_gpus() -> None:
    given = told(a_job(nodes=2), gpus(2), rank=1)
    assert given["OMP_NUM_THREADS"] == "2"
    assert given["CUDA_VISIBLE_DEVICES"] == inventory.gpu(1).uuid
