from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.artifacts.remote.aws_profile import Profile, profile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        "[default]\naws_access_key_id = D\naws_secret_access_key = d%s\n"
        "[lab]\naws_access_key_id=L\naws_secret_access_key=l\naws_session_token=t\n"
    )
    (tmp_path / ".aws/config").write_text(
        "[default]\nregion = eu-west-1\n[profile lab]\nregion=eu-north-1\n"
        "endpoint_url = http://minio:9000\n[profile work]\nsso_session = x\n"
    )
    return tmp_path


def test_the_default_profile(home: Path) -> None:
    found = profile({"HOME": str(home)})
    settings = {"access_key_id": "D", "secret_access_key": "d%s", "region": "eu-west-1"}
    assert (found.name, found.settings, found.program) == ("default", settings, None)


def test_a_profile_that_is_named(home: Path) -> None:
    found = profile({"HOME": str(home), "AWS_PROFILE": "lab"}).settings
    assert found == {
        "access_key_id": "L",
        "secret_access_key": "l",
        "session_token": "t",
        "region": "eu-north-1",
        "endpoint": "http://minio:9000",
    }


def test_keys_of_the_variables_win(home: Path) -> None:
    variables = {"HOME": str(home), "AWS_ACCESS_KEY_ID": "V", "AWS_REGION": "us-west-2"}
    assert profile(variables).settings == {}


def test_what_the_machine_gives_wins(home: Path) -> None:
    variables = {"HOME": str(home), "AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_PROFILE": "work"}
    assert profile(variables).program is None


def test_keys_that_another_program_has_are_not_guessed_at(home: Path) -> None:
    assert profile({"HOME": str(home), "AWS_PROFILE": "work"}).program == "sso_session"


@pytest.mark.parametrize("text", ["no section", "[default\n", "\udcff", "[a]\nx"])
def test_files_that_cannot_be_read_are_as_if_they_were_not_there(text: str, home: Path) -> None:
    (home / ".aws/credentials").write_text(text, errors="surrogateescape")
    assert profile({"HOME": str(home)}).settings == {"region": "eu-west-1"}


def test_no_files(tmp_path: Path) -> None:
    assert profile({"HOME": str(tmp_path)}) == Profile("default", {"region": "us-east-1"})
