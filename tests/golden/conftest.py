"""Comparing with files, and rewriting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with an expected file; ``--update-golden`` writes the file instead."""
    update = request.config.getoption("--update-golden")

    def compare(expected: Path, found: str) -> None:
        if update:
            expected.write_bytes(found.encode())
        if not expected.exists():
            pytest.fail(f"{expected.name} is not there; write it with --update-golden, and read it")
        assert found == expected.read_bytes().decode()

    return compare
