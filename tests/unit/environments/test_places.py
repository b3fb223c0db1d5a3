"""Places on this machine that settings and requirements name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.environments.places import places

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("wheels", "index/simple", "with space"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "constraints.txt").touch()
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "--find-links {}/wheels",
        "--find-links={}/wheels",
        "-f file://{}/wheels",
        "held @ file://localhost{}/wheels",
        'url = "file://{}/wheels"',
        "{}/wheels/../wheels",
    ],
)
def test_a_text_names_a_folder(folder: Path, text: str) -> None:
    assert list(places({}, [text.format(folder)])) == [folder / "wheels"]


def test_variables_name_several(folder: Path) -> None:
    variables = {
        "UV_FIND_LINKS": f"{folder}/wheels,https://example.com/wheels",
        "UV_EXTRA_INDEX_URL": f"https://example.com/simple file://{folder}/index/simple",
        "UV_CONSTRAINT": f"{folder}/constraints.txt",
        "SECRETS": f"{folder}/with%20space",
    }
    assert set(places(variables, [])) == {
        folder / "wheels",
        folder / "index",  # its pages refer to files beside them
        folder / "constraints.txt",
    }


def test_an_address_is_quoted(folder: Path) -> None:
    assert list(places({}, [f"file://{folder}/with%20space"])) == [folder / "with space"]


def test_what_is_not_there_is_not_named(folder: Path) -> None:
    texts = [f"{folder}/nothing", "https://example.com/etc", "held==1.0", "relative/etc", "/"]
    assert list(places({}, texts)) == []


@pytest.mark.parametrize("text", ["/usr", "/usr/local/", "/tmp", "-f /usr/lib", "file:///etc"])
def test_no_folder_of_an_image_is_hidden(text: str) -> None:
    assert list(places({"UV_FIND_LINKS": text}, [text])) == []
