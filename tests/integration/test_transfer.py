"""A command that goes through many files, as somebody at a terminal sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.screen import Screen

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

# so many that no disk has copied and listed them within half a second
FILES = 20_000


@pytest.fixture
def many(world: World) -> None:
    """A folder of very many files."""
    folder = world.project / "many"
    folder.mkdir()
    for number in range(FILES):
        (folder / str(number)).write_bytes(b"x")


@pytest.mark.usefixtures("many")
def test_a_long_copy_is_one_line_that_goes_again(world: World) -> None:
    with Screen(world, "tags", "add", "many", "-a", "many", columns=60) as screen:
        assert screen.end() == 0
        *moving, said = screen.shown.decode().split("\r\x1b[K")
    assert said.startswith(f"copied {FILES:,} files, 20 kB\r\n")
    drawn = [line for line in moving if line]
    assert drawn
    assert all(f" of {FILES:,} files" in line for line in drawn)
    assert all("\n" not in line and len(line) < 60 for line in drawn)


@pytest.mark.usefixtures("many")
def test_nothing_moves_without_a_terminal(world: World) -> None:
    added = world.wf("tags", "add", "many", "-a", "many")
    assert [line.split()[0] for line in added.err.splitlines()] == ["copied", "gave"]
