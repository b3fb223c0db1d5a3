"""Who needs whom: every mistake in it, and an order that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.graph import closure, everything, mistakes
from tests.unit.plan.workflows import workflow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.spec.workflow import Workflow


def names(found: Iterable[Workflow]) -> list[str]:
    return [each.name for each in found]


def test_what_a_workflow_needs_comes_first_and_once() -> None:
    diamond = [workflow("d", "b", "c"), workflow("b", "a"), workflow("c", "a"), workflow("a")]
    assert names(closure("d", diamond)) == ["a", "b", "c", "d"]
    assert names(closure("b", diamond)) == ["a", "b"]
    assert names(everything(diamond)) == ["a", "b", "c", "d"]


def test_deps_run_nothing_but_are_waited_for_where_all_are_run() -> None:
    found = [workflow("b", last=("a",)), workflow("a")]
    assert names(closure("b", found)) == ["b"]
    assert names(everything(found)) == ["a", "b"]


def test_deps_that_would_wait_for_each_other_do_not() -> None:
    found = [workflow("a", last=("b", "a")), workflow("b", last=("a",))]
    assert mistakes(found) == []
    assert sorted(names(everything(found))) == ["a", "b"]


def test_a_name_that_there_is_not() -> None:
    (found,) = mistakes([workflow("train", "prepear"), workflow("prepare")])
    at, problem = found
    assert at.name == "train"
    assert problem.message == "there is no workflow `prepear` to depend on"
    assert problem.hint == "did you mean `prepare`?"
    assert problem.route == ("train", 0)


def test_a_workflow_that_needs_itself() -> None:
    ((_, problem),) = mistakes([workflow("a", "a")])
    assert problem.message == "`a` depends on itself"


def test_a_cycle_is_shown_as_it_goes_and_once() -> None:
    found = [workflow("x", "a"), workflow("a", "b"), workflow("b", "c"), workflow("c", "a")]
    ((at, problem),) = mistakes(found)
    assert at.name == "c"
    assert "a -> b -> c -> a" in problem.message
    assert problem.route == ("c", 0)


def test_all_mistakes_at_once() -> None:
    found = [workflow("a", "a"), workflow("b", "c"), workflow("c", "b"), workflow("d", "nix")]
    messages = [problem.message for _, problem in mistakes(found)]
    assert len(messages) == 3


def test_a_long_chain_is_no_matter() -> None:
    chain = [workflow(f"w{at}", f"w{at + 1}") for at in range(3000)] + [workflow("w3000")]
    assert mistakes(chain) == []
    assert names(closure("w0", chain))[0] == "w3000"


@given(st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=8))
def test_an_order_always_works_or_the_cycle_is_told(needs: list[set[int]]) -> None:
    count = len(needs)
    found = [
        workflow(f"w{at}", *(f"w{other}" for other in sorted(needed) if other < count))
        for at, needed in enumerate(needs)
    ]
    told = mistakes(found)
    cyclic = any(_reaches(found, each.name, each.name) for each in found)
    assert bool(told) == cyclic
    if not told:
        order = names(everything(found))
        assert sorted(order) == sorted(names(found))
        for each in found:
            for needed in each.dependencies:
                assert order.index(str(needed.workflow)) < order.index(each.name)


def _reaches(found: list[Workflow], start: str, goal: str) -> bool:
    edges = {each.name: [str(n.workflow) for n in each.dependencies] for each in found}
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += edges[name]
    return False


@pytest.mark.parametrize("name", ["a", "b"])
def test_one_of_two_that_nobody_needs(name: str) -> None:
    assert names(closure(name, [workflow("a"), workflow("b")])) == [name]
