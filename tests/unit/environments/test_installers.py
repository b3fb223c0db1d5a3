"""What the installers are told that a job calls in a container."""

from __future__ import annotations

from pathlib import Path

from runner.environments.installers import with_installers
from runner.environments.interface import IMAGE, Environment
from runner.plan.environment import EnvironmentSpec

_BARE = Environment(IMAGE, "name", "", (), Path("/"), Path(), Path("python3"))


def test_they_install_from_where_the_caller_does(tmp_path: Path) -> None:
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    (tmp_path / ".config/pip/pip.conf").write_text(
        f"[global]\nindex-url = https://mirror.example/simple\nfind-links = {tmp_path}/wheels\n"
    )
    variables = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path), "OTHER": "mine"}
    made = with_installers(_BARE, EnvironmentSpec("3.11"), variables)
    told = dict(made.variables)
    assert told["PIP_INDEX_URL"] == told["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert told["PIP_FIND_LINKS"] == told["UV_FIND_LINKS"] == f"{tmp_path}/wheels"
    assert tmp_path / "wheels" in made.besides
    assert "OTHER" not in told
    assert "mirror" not in repr(made)


def test_they_keep_to_the_day() -> None:
    spec = EnvironmentSpec("3.11", as_of="2022-05-17")
    told = dict(with_installers(_BARE, spec, {"PIP_CONFIG_FILE": "/dev/null"}).variables)
    assert told["PIP_UPLOADED_PRIOR_TO"].startswith("2022-05-18")
