"""How the property-based tests look for examples.

The same examples every time, so that a change is judged by what it changes;
``--hypothesis-profile=explore`` looks for new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

settings.register_profile(
    "same",
    deadline=None,
    max_examples=200,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore",
    deadline=None,
    max_examples=5000,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_configure(config: pytest.Config) -> None:
    """Take the profile named on the command line, else the reproducible one."""
    settings.load_profile(config.getoption("--hypothesis-profile", None) or "same")
