"""Parts that the faults share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("tests.faults.trial")

from tests.faults.trial import Trial  # noqa: E402 - after its assertions have words

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bare environment is made once for all of them."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def trial(world: World, shared_cache: Path) -> Trial:
    world.variables["WF_CACHE"] = str(shared_cache)
    return Trial(world)
