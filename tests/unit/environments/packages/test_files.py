"""What packages have brought, told from their own lists."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest

from runner.environments.packages import files
from runner.environments.store.seal import Damage

if TYPE_CHECKING:
    from pathlib import Path

SITE = "lib/python3.11/site-packages"


def digest(text: str) -> str:
    made = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(made).rstrip(b"=").decode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An environment with two packages, one of which has a command."""
    info = tmp_path / SITE / "a_b-1.0.dist-info"
    other = tmp_path / SITE / "other-2.dist-info"
    for folder in (info, other, tmp_path / SITE / "a", tmp_path / "bin"):
        folder.mkdir(parents=True)
    (tmp_path / SITE / "a" / "x,y.py").write_text("code")
    (tmp_path / "bin" / "tool").write_text("tool")
    (tmp_path / SITE / "other.py").write_text("other")
    (info / "RECORD").write_text(
        f'"a/x,y.py",{digest("code")},4\n../../../bin/tool,{digest("tool")},4\n'
        "a_b-1.0.dist-info/RECORD,,\na/gone.pyc,,\n"
    )
    (other / "RECORD").write_text(f"other.py,{digest('other')},5\n")
    return tmp_path


def test_the_package_of_a_file_is_known(root: Path) -> None:
    assert files.owners(root, [f"{SITE}/a/x,y.py"]) == ("a_b",)
    assert files.owners(root, ["bin/tool", f"{SITE}/other.py"]) == ("a_b", "other")
    assert files.owners(root, ["pyvenv.cfg"]) == ()


def test_files_that_are_what_they_were(root: Path) -> None:
    assert files.verify(root) is None


def test_other_bytes_are_found_whatever_the_times(root: Path) -> None:
    (root / SITE / "other.py").write_text("0ther")
    (root / "bin" / "tool").unlink()
    assert files.verify(root) == Damage(changed=(f"{SITE}/other.py",), missing=("bin/tool",))
