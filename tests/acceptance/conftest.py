"""Acceptance tests share one cache of environments: making the bare one takes longer than a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for all of them."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def world(world: World, shared_cache: Path) -> World:
    """An empty project in an empty home, with environments that may be there already."""
    world.variables["WF_CACHE"] = str(shared_cache)
    return world
