"""Finding the text that a route leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.document.document import Scalar
from runner.document.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.document.document import Document
    from runner.errors import Route

TEXT = """\
workflows:
  - name: train
    artifacts: [data, 'my model']
    resources:
      gpu: {count: 2}
  - {name: test}
  - [a, b]
empty:
"""


@pytest.fixture
def document() -> Document:
    return read(TEXT.encode(), "workflows.yaml")


def shown(document: Document, route: Route, *, at_key: bool = False) -> tuple[int, str]:
    """The line and the text that are pointed at."""
    place = document.place(route, at_key=at_key)
    return place.line, place.excerpt[place.column - 1 : place.end_column - 1]


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (("workflows", 0, "name"), (2, "train")),
        (("workflows", 0, "artifacts", 0), (3, "data")),
        (("workflows", 0, "artifacts", 1), (3, "'my model'")),
        (("workflows", 0, "artifacts"), (3, "[data, 'my model']")),
        (("workflows", 0, "resources", "gpu", "count"), (5, "2")),
        (("workflows", 1, "name"), (6, "test")),
        (("workflows", 2), (7, "[a, b]")),
    ],
)
def test_a_value_is_pointed_at_whole(
    document: Document, route: Route, expected: tuple[int, str]
) -> None:
    assert shown(document, route) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (("workflows",), (1, "workflows")),
        (("workflows", 0, "resources", "gpu"), (5, "gpu")),
        (("workflows", 0, "resources", "gpu", "count"), (5, "count")),
    ],
)
def test_its_key_is_pointed_at_on_demand(
    document: Document, route: Route, expected: tuple[int, str]
) -> None:
    assert shown(document, route, at_key=True) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (("workflows", 0), (2, "name")),
        (("workflows", 0, "provider"), (2, "name")),
        (("workflows", 0, "resources", "cpu", "count"), (5, "gpu")),
        ((), (1, "workflows")),
        (("nowhere", 3), (1, "workflows")),
    ],
)
def test_a_mapping_and_what_is_missing_in_it_are_pointed_at_by_its_first_key(
    document: Document, route: Route, expected: tuple[int, str]
) -> None:
    assert shown(document, route) == expected


@pytest.mark.parametrize(
    "route", [("workflows", 9), ("workflows", -1), ("workflows", "0"), ("workflows", 0, 0)]
)
def test_a_route_that_leads_nowhere_is_answered_with_the_nearest_place(
    document: Document, route: Route
) -> None:
    assert document.locate(route).line in {2, 3}


def test_a_missing_value_is_pointed_at_behind_its_key(document: Document) -> None:
    place = document.place(("empty",))
    assert (place.line, place.column, place.end_column) == (8, 7, 8)


def test_a_value_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    document = read(b"a: [1,\n    2]\nb: |\n  x\n  y\n", "workflows.yaml")
    assert shown(document, ("a",)) == (1, "[1,")
    assert shown(document, ("b",)) == (3, "|")


def test_a_place_lies_inside_the_text_even_for_an_empty_document() -> None:
    place = read(b"---\n", "workflows.yaml").place(())
    assert (place.line, place.column, place.excerpt) == (1, 4, "---")


def test_an_alias_is_pointed_at_where_its_value_was_written() -> None:
    document = read(b"a: &x 1\nb: *x\n", "workflows.yaml")
    assert document.locate(("b",)).line == 1


def test_a_scalar_is_a_string_with_a_kind() -> None:
    scalar = Scalar("3.10", "float")
    assert scalar == "3.10"
    assert {"3.10": 1}[scalar] == 1
    assert scalar.kind == "float"
    assert Scalar("x").kind == "str"


# letters, marks, numbers, punctuation, symbols and blanks; no line breaks and no control characters
words = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=20)
scalars: st.SearchStrategy[Any] = (
    words | st.integers(-99, 99) | st.booleans() | st.floats(0, 9) | st.none()
)
trees: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(words.filter(lambda key: key != "<<"), inner, min_size=1, max_size=4)
    ),
    max_leaves=15,
)


def leaves(tree: Any, route: Route = ()) -> Iterator[tuple[Route, Any]]:
    """Every scalar of a tree with the route to it."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*route, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from leaves(value, (*route, index))
    else:
        yield route, tree


@given(trees, st.sampled_from([True, False, None]), st.booleans())
def test_a_route_leads_to_the_text_that_was_written(
    tree: Any,
    flow: bool | None,  # noqa: FBT001
    unicode: bool,  # noqa: FBT001
) -> None:
    source = yaml.safe_dump(
        tree, default_flow_style=flow, allow_unicode=unicode, width=10_000, sort_keys=False
    )
    document = read(source.encode(), "workflows.yaml")
    for route, value in leaves(tree):
        _, text = shown(document, route)
        assert yaml.safe_load(text) == value
        if route and isinstance(route[-1], str):
            _, key = shown(document, route, at_key=True)
            assert yaml.safe_load(key) == route[-1]
