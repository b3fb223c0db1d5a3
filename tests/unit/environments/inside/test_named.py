"""Where a locked project says that its packages come from."""

from __future__ import annotations

from runner.environments.inside.named import named
from runner.plan.environment import LockedProject

PYPROJECT = """\
[project]
name = "demo"
description = "installs below /usr/local"
dependencies = ["held", "twig"]
[tool.hatch.build]
exclude = ["/bin", "/tmp"]
[tool.uv]
cache-dir = "/scratch"
find-links = ["/srv/links"]
extra-index-url = ["https://example.com/simple"]
[tool.uv.sources]
twig = [{ path = "/srv/twig.whl", marker = "sys_platform == 'linux'" }]
[[tool.uv.index]]
name = "own"
url = "file:///srv/index/simple"
"""
LOCK = """\
version = 1
[[package]]
name = "held"
source = { registry = "/srv/registry" }
wheels = [{ path = "/srv/pages/held-1.0-py3-none-any.whl", hash = "sha256:abc" }]
[[package]]
name = "demo"
source = { virtual = "." }
[package.metadata]
requires-dist = [{ name = "twig", path = "/srv/elsewhere" }]
"""


def paths(pyproject: str, lock: str) -> set[str]:
    """Those on this machine."""
    texts = named(LockedProject("pyproject.toml", pyproject, lock))
    return {text for text in texts if text.startswith(("/", "file:"))}


def test_sources_are_named() -> None:
    settings = {"/srv/links", "/srv/twig.whl", "file:///srv/index/simple"}
    assert paths(PYPROJECT, "version = 1") == settings
    locked = {"/srv/registry", "/srv/pages/held-1.0-py3-none-any.whl"}
    assert paths(PYPROJECT, LOCK) == settings | locked


def test_what_cannot_be_read_names_nothing() -> None:
    assert paths("[tool.uv\nfind-links = '/srv/links'", "package = '/srv'") == set()
    assert paths("[tool]\nuv = '/srv'", "package = ['/srv', {source = 1}]") == set()
