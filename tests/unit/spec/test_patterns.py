"""Patterns of paths: what they match, and how long that takes."""

from __future__ import annotations

import fnmatch
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.spec.patterns import Pattern, fixed, is_pattern


def matches(pattern: str, path: str) -> bool:
    return Pattern.of(pattern).matches(path.split("/"))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a", "a"),
        ("*.ckpt", "best.ckpt"),
        ("out/*", "out/x"),
        ("out/*/x", "out/a/x"),
        ("v?", "v1"),
        ("run-[0-9]", "run-7"),
        ("run-[!0-9]", "run-x"),
        ("**/x", "x"),
        ("**/x", "a/b/x"),
        ("out/**", "out"),
        ("out/**", "out/a/b"),
        ("out/**/x", "out/x"),
        ("out/**/x/**/y", "out/x/a/y"),
        ("**/a/**/a", "a/b/a"),
        ("**/**/x", "a/x"),
        (".*", ".hidden"),
        ("**/.*", "a/.hidden"),
        ("*", "-rf"),
        ("*", "a\nb"),
        ("*", "\udcff"),
        ("a[", "a["),
        ("*.*", "a.b.c"),
    ],
)
def test_what_matches(pattern: str, path: str) -> None:
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a", "b"),
        ("a", "a/b"),
        ("*", "a/b"),
        ("*", ".hidden"),
        ("?hidden", ".hidden"),
        ("[.]hidden", ".hidden"),
        ("**/x", ".git/x"),
        ("*.ckpt", "best.CKPT"),
        ("out/*", "out"),
        ("out/*/x", "out/x"),
        ("out/*/x", "out/a/b/x"),
        ("a**b", "a/b"),
        ("run-[0-9]", "run-10"),
        ("x", "x\n"),
        ("*.ckpt", "a.ckpt\n"),
    ],
)
def test_what_does_not(pattern: str, path: str) -> None:
    assert not matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("out/*.ckpt", "out"),
        ("*.ckpt", ""),
        ("a/b/[x]/c", "a/b"),
        ("/opt/a/**/c", "/opt/a"),
        ("/*/c", "/"),
        ("a/b", "a/b"),
    ],
)
def test_the_folder_that_all_matches_lie_below(pattern: str, folder: str) -> None:
    assert fixed(pattern) == folder


@pytest.mark.parametrize(("path", "wild"), [("a/b", False), ("a*", True), ("a[", True)])
def test_whether_it_is_one(path: str, *, wild: bool) -> None:
    assert is_pattern(path) is wild


NAMES = st.lists(st.sampled_from(["a", "b", "ab", ".a", "ba.b"]), min_size=1, max_size=6)
PARTS = st.lists(
    st.sampled_from(["a", "*", "**", "?", "a*", "*b", "[ab]", ".*"]), min_size=1, max_size=5
)


def slowly(parts: list[str], names: list[str]) -> bool:
    """The same, by trying everything."""
    if not parts:
        return not names
    if parts[0] == "**":
        visible = list(itertools.takewhile(lambda name: not name.startswith("."), names))
        return any(slowly(parts[1:], names[skipped:]) for skipped in range(len(visible) + 1))
    if not names or (names[0].startswith(".") and not parts[0].startswith(".")):
        return False
    return fnmatch.fnmatchcase(names[0], parts[0]) and slowly(parts[1:], names[1:])


@given(PARTS, NAMES)
def test_it_matches_what_trying_everything_finds(parts: list[str], names: list[str]) -> None:
    assert Pattern.of("/".join(parts)).matches(names) == slowly(parts, names)


@given(PARTS, NAMES)
def test_nothing_reached_never_matches_again(parts: list[str], names: list[str]) -> None:
    pattern = Pattern.of("/".join(parts))
    reached = pattern.start()
    for name in names:
        reached = pattern.step(reached, name) if reached else reached
    assert pattern.matched(reached) == pattern.matches(names)


def test_no_pattern_takes_long() -> None:
    """Each of these would be tried in more ways than there is time for."""
    assert not matches("*a" * 100 + "b", "a" * 255)
    assert not matches("/".join(["**", "a"] * 100 + ["b"]), "/".join("a" * 500))
