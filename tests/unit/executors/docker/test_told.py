"""The variables of a job in a container, and what its daemon gets to know of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner import envvars
from runner.environments.interface import Environment
from runner.spec.workflow import Service
from tests.fakes.containers import CONTEXT, FOUND, OWN, commands, translated, with_gpus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.executors.docker.command import JobContainer

SECRET = "sesame-open"


def public(command: JobContainer) -> Mapping[str, str]:
    return command.spec.variables


def private(command: JobContainer) -> str:
    return "" if command.private is None else command.private.text.decode()


def caller(**variables: str) -> dict[str, str]:
    return {**CONTEXT.variables, **variables}


def test_the_image_takes_the_place_of_the_caller() -> None:
    found = public(translated(commands("true")))
    assert "LD_PRELOAD" not in found
    # they are the image's: it need not be told of them
    assert not {"PATH", "LANG"} & found.keys()


def test_an_image_that_says_nothing_of_programs_has_the_daemons_path() -> None:
    found = public(translated(commands("true"), image=FOUND._replace(variables=())))
    assert found["PATH"].split(":")[0] == "/usr/local/sbin"


def test_an_environment_goes_before_what_the_image_has() -> None:
    root = Path("/cache/venv")
    built = Environment("venv", "f", "3.11", (), root, root / "bin", root / "bin" / "python")
    found = public(translated(commands("true"), environment=built))
    assert found["PATH"] == "/cache/venv/bin:/opt/bin:/bin"
    assert found["VIRTUAL_ENV"] == "/cache/venv"
    assert "VIRTUAL_ENV" not in public(translated(commands("true")))


def test_the_workflow_has_the_last_word_on_where_programs_are() -> None:
    job = commands("true", job={"variables": (("PATH", "/mine:$PATH"),), "expanded": ("PATH",)})
    assert public(translated(job))["PATH"] == "/mine:/opt/bin:/bin"


def test_the_job_knows_who_it_is_and_where_it_lives() -> None:
    found = public(translated(commands("true")))
    assert (found["USER"], found["LOGNAME"], found["HOME"]) == ("me", "me", "/home/wf")


def test_who_the_image_makes_up_has_what_the_image_says() -> None:
    assert "HOME" not in public(translated(commands("true", user="builder")))


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "no_proxy"])
def test_the_way_out_is_the_callers(name: str) -> None:
    found = public(translated(commands("true"), variables=caller(**{name: "http://proxy:1"})))
    assert found[name] == "http://proxy:1"


def test_a_proxy_with_a_password_is_not_shown() -> None:
    command = translated(
        commands("true"), variables=caller(HTTPS_PROXY=f"http://me:{SECRET}@proxy:1")
    )
    assert SECRET not in str(command.spec)
    assert "HTTPS_PROXY" not in public(command)
    assert SECRET in private(command)


def test_the_way_out_may_be_what_docker_is_told() -> None:
    proxies = {"http_proxy": "http://own:1", "https_proxy": f"http://me:{SECRET}@own:1"}
    command = translated(
        commands("true"), proxies=proxies, variables=caller(http_proxy="http://mine:1")
    )
    assert public(command)["http_proxy"] == "http://mine:1"
    assert SECRET not in str(command.spec)
    assert SECRET in private(command)


def test_an_index_of_packages_with_a_password_is_not_shown() -> None:
    index = (("UV_DEFAULT_INDEX", f"https://me:{SECRET}@index/simple"),)
    command = translated(commands("true"), environment=replace(OWN, variables=index))
    assert SECRET not in str(dict(public(command)))
    assert SECRET in private(command)


def test_signals_reach_all_that_the_job_has_started() -> None:
    assert public(translated(commands("true")))[envvars.TINI_GROUP] == "1"


# --- secrets --------------------------------------------------------------------------------------


def test_no_secret_is_told_to_the_daemon() -> None:
    job = commands(
        "true",
        job={
            "variables": (("ADDRESS", "https://me:${{ secrets.TOKEN }}@host"), ("LR", "1")),
            "secrets": ("TOKEN",),
            "passed": ("MINE",),
            "service": Service("x", token_variable="OWN_TOKEN"),
        },
    )
    command = translated(
        job, secrets={"TOKEN": SECRET}, token="0123456789", variables=caller(MINE="my own value")
    )
    for value in (SECRET, "0123456789", "my own value"):
        assert value not in repr(command)
        assert value not in str(dict(public(command)))
        assert value in private(command)
    assert public(command)["LR"] == "1"


def test_the_nodes_of_a_job_with_secrets_are_no_way_around() -> None:
    command = translated(commands("true", job={"nodes": 2}), secrets={"TOKEN": 'a"quoted\nword'})
    assert envvars.NODES not in public(command)
    assert envvars.NODES in public(translated(commands("true", job={"nodes": 2})))


def test_nothing_is_written_for_a_job_without_secrets() -> None:
    assert translated(commands("true")).private is None


def test_only_who_may_read_it_can() -> None:
    mine = translated(commands("true"), secrets={"TOKEN": SECRET}).private
    theirs = translated(commands("true", user="builder"), secrets={"TOKEN": SECRET}).private
    assert mine is not None
    assert theirs is not None
    # the folder that it lies in is open for its owner alone
    assert (mine.mode, theirs.mode) == (0o600, 0o644)


# --- GPUs -----------------------------------------------------------------------------------------


def test_gpus_are_named_by_what_does_not_change() -> None:
    command = translated(commands("true"), with_gpus(3, 1))
    uuids = [gpu.uuid for gpu in with_gpus(3, 1).gpus]
    assert command.spec.gpus.uuids == tuple(uuids)
    assert public(command)["CUDA_VISIBLE_DEVICES"] == ",".join(uuids)


def test_an_old_pytorch_counts_the_gpus_that_it_sees() -> None:
    old = replace(OWN, lock=("torch==1.13.1",))
    command = translated(commands("true"), with_gpus(6, 2, 4), old)
    assert public(command)["CUDA_VISIBLE_DEVICES"] == "2,0,1"


def test_who_asks_for_no_gpu_sees_none() -> None:
    command = translated(commands("true"))
    assert (command.spec.gpus.uuids, public(command)["CUDA_VISIBLE_DEVICES"]) == ((), "")
