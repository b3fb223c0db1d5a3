"""``.dstack/providers.yaml``, which is read to say that nothing in it can run."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.errors import WfError
from runner.spec.own_providers import load
from tests.unit.spec.trees import trees


def loaded(text: str) -> dict[str, str]:
    return dict(load(read(text.encode(), "providers.yaml")))


def test_names_with_their_images() -> None:
    text = """\
providers:
  - name: one
    image: me/one:2
    commands: [python main.py]
  - name: two
  - image: nameless
  - name: [three]
  - name: four
    image: {a: b}
  - five
"""
    assert loaded(text) == {"one": "me/one:2", "two": "", "four": ""}


@pytest.mark.parametrize(
    "text", ["~", "x", "[]", "providers:", "providers: x", "other: [{name: a}]"]
)
def test_what_is_no_list_of_providers_holds_none(text: str) -> None:
    assert loaded(text) == {}


@given(trees | st.fixed_dictionaries({"providers": st.lists(trees, max_size=3)}))
def test_any_data_are_read(tree: Any) -> None:
    text = yaml.dump(tree, Dumper=Plain, allow_unicode=True)
    try:
        document = read(text.encode(), "providers.yaml")
    except WfError:
        return  # the reader's own tests
    for name, image in load(document).items():
        assert isinstance(name, str)
        assert isinstance(image, str)


class Plain(yaml.SafeDumper):
    """Writes scalars of a document as texts."""


Plain.add_multi_representer(str, lambda dumper, text: dumper.represent_str(str(text)))
