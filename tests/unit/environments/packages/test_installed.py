"""The list of packages, told from the names of folders where those are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.environments.packages.installed import plain_lock

if TYPE_CHECKING:
    from pathlib import Path


def an_environment(folder: Path, *records: str) -> Path:
    """One with these records and the module of a package."""
    packages = folder / "lib" / "python3.11" / "site-packages"
    for name in ("leaf", *records):
        (packages / name).mkdir(parents=True)
    return folder


def test_nothing_is_installed(tmp_path: Path) -> None:
    assert plain_lock(an_environment(tmp_path)) == ()


def test_names_are_an_indexs_and_in_order(tmp_path: Path) -> None:
    venv = an_environment(
        tmp_path,
        "typing_extensions-4.12.2.dist-info",
        "PyYAML-6.0.2.dist-info",
        "ruamel.yaml-0.18.6.dist-info",
        "ruamel.yaml.clib-0.2.12.dist-info",
        "Zope_._Interface-7.0.dist-info",
    )
    assert plain_lock(venv) == (
        "pyyaml==6.0.2",
        "ruamel-yaml==0.18.6",
        "ruamel-yaml-clib==0.2.12",
        "typing-extensions==4.12.2",
        "zope-interface==7.0",
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1", "1"),
        ("2.3.0+cu118", "2.3.0+cu118"),
        ("1!2.0", "1!2.0"),
        ("1.0RC1", "1.0rc1"),
        ("2021.01.05", "2021.1.5"),
        ("1.0-1", "1.0.post1"),
    ],
)
def test_versions_are_in_their_normal_form(tmp_path: Path, version: str, expected: str) -> None:
    venv = an_environment(tmp_path, f"leaf-{version}.dist-info")
    assert plain_lock(venv) == (f"leaf=={expected}",)


@pytest.mark.parametrize(
    "records",
    [
        ("leaf.dist-info",),
        ("leaf-twig-1.0.dist-info",),
        ("leaf-1.0.dist-info", "Leaf-2.0.dist-info"),
        ("leaf-1.0.dist-info", "old-1.0-py3.11.egg-info"),
        ("leaf-1.0.dist-info", "old.egg-link"),
        ("leaf-1.0.dist-info", "~twig-1.0.dist-info"),
        ("leaf-1.0.dist-info/direct_url.json",),
    ],
)
def test_what_names_alone_do_not_tell_is_left_to_the_installer(
    tmp_path: Path, records: tuple[str, ...]
) -> None:
    assert plain_lock(an_environment(tmp_path, *records)) is None


@pytest.mark.parametrize("interpreters", [(), ("python3.11", "pypy3.10")])
def test_where_packages_lie_must_be_plain_too(
    tmp_path: Path, interpreters: tuple[str, ...]
) -> None:
    for interpreter in interpreters:
        (tmp_path / "lib" / interpreter / "site-packages").mkdir(parents=True)
    assert plain_lock(tmp_path) is None
