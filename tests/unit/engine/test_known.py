"""Workflow files that were read before."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from blake3 import blake3

from runner.engine import known, opening
from runner.engine.files import NOTHING_BESIDE, Beside, FileText
from runner.engine.known import Opened, open_known
from runner.errors import WfError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.engine.files import WorkflowFiles

TEXT = b"workflows:\n  - name: a\n    provider: bash\n    commands: [make]\n"
OTHER = TEXT.replace(b"make", b"ninja")
WRONG = TEXT.replace(b"provider", b"prowider")


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., Opened]:
    def made(text: bytes = TEXT, beside: Beside = NOTHING_BESIDE, **chosen: str) -> Opened:
        texts = (FileText(text, "workflows.yaml"),)
        return Opened(texts, tmp_path, beside, {"a": chosen}, "a")

    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read and checked, one after the other."""
    seen: list[str] = []

    def counted(texts: Any, *others: Any) -> WorkflowFiles:
        seen.append(texts[0].text.decode())
        return real(texts, *others)

    real = opening.open_files
    monkeypatch.setattr(opening, "open_files", counted)
    return seen


def commands(opened: WorkflowFiles) -> Any:
    launch: Any = opened.find("a").launch
    return launch.commands


def test_the_same_files_are_read_once(
    asked: Callable[..., Opened], reads: list[str], tmp_path: Path
) -> None:
    first = open_known(asked(), tmp_path / "kept")
    again = open_known(asked(), tmp_path / "kept")
    assert len(reads) == 1
    assert again.workflows == first.workflows
    assert again.line(again.find("a")) == first.line(first.find("a")) == 2
    assert list(again.documents) == ["workflows.yaml"]
    places = [
        opened.document(opened.find("a")).locate(("workflows", 0)) for opened in (first, again)
    ]
    assert places[0] == places[1]


@pytest.mark.parametrize(
    "other",
    [
        {"text": OTHER},
        {"beside": Beside(variables=FileText(b"a: {B: 1}\n", "variables.yaml"))},
        {"beside": Beside(profiles=FileText(b"profiles: []\n", "profiles.yml"))},
        {"beside": Beside(providers=FileText(b"own: bash\n", "providers.yaml"))},
    ],
)
def test_what_has_changed_is_read(
    asked: Callable[..., Opened], reads: list[str], tmp_path: Path, other: dict[str, Any]
) -> None:
    open_known(asked(), tmp_path / "kept")
    expected = real_or_error(asked(**other))
    assert real_or_error(asked(**other), tmp_path / "kept") == expected
    assert len(reads) == 3


def real_or_error(asked: Opened, folder: Path | None = None) -> Any:
    try:
        return (opening.open_files(*asked) if folder is None else open_known(asked, folder)).find(
            "a"
        )
    except WfError as error:
        return str(error)


def test_another_wf_reads_anew(
    asked: Callable[..., Opened],
    reads: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_known(asked(), tmp_path / "kept")
    monkeypatch.setattr(known, "__version__", "99")
    open_known(asked(), tmp_path / "kept")
    assert len(reads) == 2


def test_the_text_of_a_change_is_the_text_that_is_run(
    asked: Callable[..., Opened], tmp_path: Path
) -> None:
    assert commands(open_known(asked(), tmp_path)) == ("make",)
    assert commands(open_known(asked(OTHER), tmp_path)) == ("ninja",)
    assert commands(open_known(asked(), tmp_path)) == ("make",)


def test_mistakes_are_told_every_time(
    asked: Callable[..., Opened], reads: list[str], tmp_path: Path
) -> None:
    told = []
    for _ in range(2):
        with pytest.raises(WfError) as caught:
            open_known(asked(WRONG), tmp_path / "kept")
        (problem,) = caught.value.problems
        assert problem.place is not None
        told.append((problem.message, problem.place.line, problem.place.column))
    assert told[0] == told[1]
    assert len(reads) == 2
    assert not (tmp_path / "kept").exists()


def damage(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b"make", b"evil"))


def cut(kept: Path) -> None:
    os.truncate(kept, 100)


def open_to_others(kept: Path) -> None:
    kept.chmod(0o666)


def replace_by_link(kept: Path) -> None:
    kept.rename(kept.with_name("elsewhere"))
    kept.symlink_to("elsewhere")


def of_another_form(kept: Path) -> None:
    key = json.loads(kept.read_bytes().partition(b"\n")[2])["key"]
    said = json.dumps({"key": key, "documents": [], "workflows": [["os.system", 1]], "lines": {}})
    kept.write_bytes(blake3(said.encode()).hexdigest().encode() + b"\n" + said.encode())


@pytest.mark.parametrize("spoil", [damage, cut, open_to_others, replace_by_link, of_another_form])
def test_what_cannot_be_trusted_is_read_anew(
    asked: Callable[..., Opened], reads: list[str], tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    folder = tmp_path / "kept"
    open_known(asked(), folder)
    (kept,) = folder.iterdir()
    spoil(kept)
    assert commands(open_known(asked(), folder)) == ("make",)
    assert commands(open_known(asked(), folder)) == ("make",)
    assert len(reads) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_somebody_else_has_written_is_not_read(
    asked: Callable[..., Opened], reads: list[str], tmp_path: Path
) -> None:
    open_known(asked(), tmp_path / "kept")
    (kept,) = (tmp_path / "kept").iterdir()
    os.chown(kept, 65534, 65534)
    open_known(asked(), tmp_path / "kept")
    assert len(reads) == 2


def test_it_is_private(asked: Callable[..., Opened], tmp_path: Path) -> None:
    open_known(asked(), tmp_path / "kept")
    (kept,) = (tmp_path / "kept").iterdir()
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_folder_that_cannot_be_written_is_no_mistake(
    asked: Callable[..., Opened], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert commands(open_known(asked(), tmp_path / "file" / "kept")) == ("make",)


def test_only_so_many_are_kept(
    asked: Callable[..., Opened], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_MOST", 4)
    for number in range(9):
        open_known(asked()._replace(root=tmp_path / str(number)), tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) <= 4
