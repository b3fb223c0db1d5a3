"""Folders are made read-only, and files are left as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner import tree
from runner.environments.finishing.readonly import is_protected, protect

if TYPE_CHECKING:
    from pathlib import Path


def test_folders_are_protected_and_files_are_not_touched(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "venv", tmp_path / "elsewhere"
    (root / "a" / "b").mkdir(parents=True)
    elsewhere.mkdir(mode=0o755)
    file = root / "a" / "file"
    file.touch()
    file.chmod(0o664)
    (root / "link").symlink_to(elsewhere)
    assert not is_protected(root)
    protect(root)
    assert is_protected(root)
    modes = [path.stat().st_mode & 0o222 for path in (root, root / "a", root / "a" / "b")]
    assert modes == [0, 0, 0]
    assert file.stat().st_mode & 0o777 == 0o664
    assert elsewhere.stat().st_mode & 0o777 == 0o755
    protect(root)
    tree.remove(root)
    assert not root.exists()
