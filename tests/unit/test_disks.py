"""Disks: what is brought to them, and what is said when they are full."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from runner.disks import flush, unwritable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform != "linux", reason="others have only sync(2)")
def test_other_disks_are_left_in_peace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        pytest.fail("all disks were asked")

    monkeypatch.setattr(os, "sync", refuse)
    flush(tmp_path)


def test_who_does_not_know_which_disk_asks_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: asked.append("all"))
    flush(tmp_path / "none")
    assert asked == ["all"]


@pytest.mark.parametrize("hint", [None, "make it readable"])
def test_what_to_type_afterwards_is_said_whatever_is_wrong(
    tmp_path: Path, hint: str | None
) -> None:
    error = OSError(errno.EIO, "Input/output error")
    said = unwritable("it could not be kept", error, tmp_path, hint, "wf artifacts collect x").hint
    assert said is not None
    assert said.endswith("; then: wf artifacts collect x")
    assert said.startswith(hint or "look for free space")
