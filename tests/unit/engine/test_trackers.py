"""Experiment trackers: nothing waits for a login, and nothing they write is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.engine.trackers import Trackers
from runner.paths import RunPaths
from runner.spec.workflow import ArtifactRequest
from tests.fakes.jobs import a_job

if TYPE_CHECKING:
    from pathlib import Path

WANDB = ("torch==2.13.0", "wandb==0.22.0")


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    made = RunPaths(tmp_path / "run")
    made.workspace.mkdir(parents=True)
    return made


def trackers(paths: RunPaths, lock: tuple[str, ...], *said: str, **facts: Any) -> Trackers:
    caller = {"HOME": str(paths.root.parent), **dict(word.split("=", 1) for word in said)}
    return Trackers(a_job(**facts), lock, caller, paths)


def notes(paths: RunPaths) -> str:
    return paths.notes.read_text(encoding="utf-8") if paths.notes.exists() else ""


def test_an_environment_without_trackers_is_left_alone(paths: RunPaths) -> None:
    found = trackers(paths, ("torch==2.13.0", "wandb-osh==1", "mlflow-export==1"))
    found.keep()
    assert found.variables == {}
    assert not paths.trackers.exists()
    assert notes(paths) == ""


def test_wandb_without_a_key_works_offline_in_the_runs_folder(paths: RunPaths) -> None:
    found = trackers(paths, WANDB)
    assert found.variables == {"WANDB_MODE": "offline", "WANDB_DIR": str(paths.trackers)}
    assert paths.trackers.is_dir()  # W&B takes another folder if this one is not there


@pytest.mark.parametrize("said", ["WANDB_API_KEY=k", "WANDB_MODE=disabled", "WANDB_DISABLED=true"])
def test_who_says_how_wandb_works_is_obeyed(paths: RunPaths, said: str) -> None:
    assert trackers(paths, WANDB, said).variables == {}
    name, _, value = said.partition("=")
    assert trackers(paths, WANDB, variables=((name, value),)).variables == {}


def test_a_folder_that_was_named_is_kept(paths: RunPaths) -> None:
    assert trackers(paths, WANDB, "WANDB_DIR=/own").variables == {"WANDB_MODE": "offline"}


@pytest.mark.parametrize(
    ("text", "said", "set_up"),
    [
        ("machine api.wandb.ai login user password x\n", (), True),
        ("machine api.wandb.ai\n  login user\n  password x\n", (), True),
        ("machine example.org login user password x\n", (), False),
        ("machine api.wandb.ai.example.org login u password x\n", (), False),
        (
            "machine wandb.example.org login u password x\n",
            ("WANDB_BASE_URL=https://wandb.example.org:8080/x",),
            True,
        ),
        (
            "machine api.wandb.ai login u password x\n",
            ("WANDB_BASE_URL=https://wandb.example.org",),
            False,
        ),
    ],
)
def test_a_key_in_the_netrc_file_is_a_key(
    paths: RunPaths, text: str, said: tuple[str, ...], *, set_up: bool
) -> None:
    (paths.root.parent / ".netrc").write_text(text)
    assert (trackers(paths, WANDB, *said).variables == {}) == set_up


def test_mlflow_writes_into_the_runs_folder(paths: RunPaths) -> None:
    found = trackers(paths, ("mlflow==3.13.0",))
    assert found.variables == {
        "MLFLOW_TRACKING_URI": (paths.trackers / "mlruns").as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }
    assert trackers(paths, ("mlflow==3.13.0",), "MLFLOW_TRACKING_URI=http://x").variables == {}


def test_comet_falls_back_on_the_runs_folder(paths: RunPaths) -> None:
    found = trackers(paths, ("comet_ml==3.49.0",))
    assert found.variables == {"COMET_OFFLINE_DIRECTORY": str(paths.trackers / "comet")}


def test_what_was_written_is_kept_and_said(paths: RunPaths) -> None:
    found = trackers(paths, (*WANDB, "mlflow==2.1.0"))
    (paths.trackers / "wandb" / "offline-run-1").mkdir(parents=True)
    (paths.trackers / "mlruns" / "0").mkdir(parents=True)
    found.keep()
    said = notes(paths).splitlines()
    assert said[0].endswith(f"upload: wandb sync {paths.trackers}/wandb/offline-run-*")
    assert said[1] == f"MLflow wrote to {paths.trackers}/mlruns"
    assert len(said) == 2


def test_nothing_written_leaves_nothing_and_says_nothing(paths: RunPaths) -> None:
    trackers(paths, (*WANDB, "mlflow==2.1.0", "comet_ml==3")).keep()
    assert not paths.trackers.exists()
    assert notes(paths) == ""


def test_offline_runs_in_the_working_directory_are_rescued(paths: RunPaths) -> None:
    """Lightning's logger names `.` as W&B's folder."""
    found = trackers(paths, WANDB)
    written = paths.workspace / "wandb" / "offline-run-7" / "run.wandb"
    written.parent.mkdir(parents=True)
    written.write_bytes(b"history")
    found.keep()
    assert (paths.trackers / "wandb" / "offline-run-7" / "run.wandb").read_bytes() == b"history"
    assert "wandb sync" in notes(paths)


def test_runs_that_an_artifact_keeps_or_the_project_holds_stay(paths: RunPaths) -> None:
    found = trackers(paths, WANDB, artifacts=(ArtifactRequest("wandb"),))
    (paths.workspace / "wandb" / "offline-run-7").mkdir(parents=True)
    found.keep()
    trackers(paths, WANDB).keep()
    assert (paths.workspace / "wandb" / "offline-run-7").is_dir()
    assert notes(paths) == ""
