"""What has happened to a folder since it was sealed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner.environments.store import seal
from runner.environments.store.seal import Damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small environment, sealed."""
    root = tmp_path / "venv"
    for path in ("bin/tool", "lib/a/one.py", "lib/a/data.txt", "lib/a/deep/er/two.py", "x.so.1"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("before")
    seal.write(root, tmp_path / "seal")
    return root


def damage(root: Path) -> Damage | None:
    return seal.damage(root, root.parent / "seal")


def overwrite(path: Path) -> None:
    """In place, and at another time than it was written."""
    with path.open("r+b") as file:
        file.write(b"B")
    os.utime(path, ns=(1, 1))


def test_what_was_left_alone_is_whole(root: Path) -> None:
    assert damage(root) is None


@pytest.mark.parametrize("path", ["lib/a/one.py", "lib/a/deep/er/two.py", "bin/tool", "x.so.1"])
def test_changed_code_is_named(root: Path, path: str) -> None:
    overwrite(root / path)
    assert damage(root) == Damage(changed=(path,))
    assert str(damage(root)) == f"`{path}` was changed"


@pytest.mark.parametrize("path", ["lib/a/one.py", "lib/a/data.txt"])
def test_what_is_gone_is_named(root: Path, path: str) -> None:
    (root / path).unlink()
    assert damage(root) == Damage(missing=(path,))


def test_a_folder_that_is_gone_is_named_once(root: Path) -> None:
    for path in (root / "lib/a/deep/er/two.py", root / "lib/a/deep/er", root / "lib/a/deep"):
        path.rmdir() if path.is_dir() else path.unlink()
    assert damage(root) == Damage(missing=("lib/a/deep",))


def test_what_was_added_is_named(root: Path) -> None:
    (root / "lib/b").mkdir()
    (root / "lib/b/three.py").touch()
    assert damage(root) == Damage(added=("lib/b",))


def test_a_file_in_the_place_of_another_is_a_change(root: Path) -> None:
    """As an editor saves: a new file, renamed."""
    new = root / "new"
    new.write_text("after")
    os.utime(new, ns=(1, 1))
    new.rename(root / "lib/a/one.py")
    assert damage(root) == Damage(changed=("lib/a/one.py",))


def test_several_are_counted(root: Path) -> None:
    overwrite(root / "lib/a/one.py")
    (root / "lib/a/data.txt").unlink()
    (root / "lib/new.py").touch()
    assert str(damage(root)) == "`lib/a/one.py` was changed, and 2 more"


def write_bytecode(root: Path) -> None:
    (root / "lib/a/__pycache__").mkdir()
    (root / "lib/a/__pycache__/one.pyc").touch()


def write_and_remove(root: Path) -> None:
    (root / "lib/a/for-a-moment").touch()
    (root / "lib/a/for-a-moment").unlink()


def make_read_only(root: Path) -> None:
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o555)


@pytest.mark.parametrize("change", [write_bytecode, write_and_remove, make_read_only])
def test_what_changes_no_code_is_no_damage(root: Path, change: Callable[[Path], None]) -> None:
    change(root)
    assert damage(root) is None
    # noted: the next look is quick again, and still sees all
    assert seal._read(root.parent / "seal").times == seal._times(
        root, [*seal._read(root.parent / "seal").folders, *seal._read(root.parent / "seal").code]
    )
    overwrite(root / "lib/a/one.py")
    assert damage(root) == Damage(changed=("lib/a/one.py",))


def test_a_time_that_was_put_back_hides_no_removal(root: Path) -> None:
    before = (root / "lib/a").stat()
    (root / "lib/a/one.py").unlink()
    os.utime(root / "lib/a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert damage(root) == Damage(missing=("lib/a/one.py",))


@pytest.mark.parametrize("name", [b"new\nline.py", b"not-utf-8-\xff.py", b"sp ace.py"])
def test_names_may_be_any_bytes(root: Path, name: bytes) -> None:
    path = root / "lib" / os.fsdecode(name)
    path.touch()
    seal.write(root, root.parent / "seal")
    assert damage(root) is None
    path.unlink()
    assert damage(root) == Damage(missing=(os.fsdecode(b"lib/" + name),))


@pytest.mark.parametrize("cut", [0, 1, 20, 100, -1, -30])
def test_half_a_seal_is_damage(root: Path, cut: int) -> None:
    path = root.parent / "seal"
    path.write_bytes(path.read_bytes()[:cut])
    overwrite(root / "lib/a/one.py")
    assert damage(root) is not None


def test_a_seal_that_is_gone_is_damage(root: Path) -> None:
    (root.parent / "seal").unlink()
    assert damage(root) == Damage(missing=("seal",))
