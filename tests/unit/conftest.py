"""How the property-based tests look for examples, and what several folders of tests share.

The same examples every time, so that a change is judged by what it changes;
``--hypothesis-profile=explore`` looks for new ones.
"""

from __future__ import annotations

import errno
import fcntl
import os

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture
def no_clones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this file system can: what is copied is read."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
