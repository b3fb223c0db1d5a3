"""python and torchrun."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.document.document import Scalar
from runner.spec.providers.scripts import PythonForm, TorchrunForm
from runner.spec.workflow import PythonScript, TorchrunScript


@pytest.mark.parametrize("spelled", ["script", "file", "python_script"])
def test_every_spelling_of_the_script(spelled: str) -> None:
    keys = {"name": Scalar("a"), "provider": Scalar("x"), spelled: Scalar("./src/train.py")}
    assert PythonForm.model_validate(keys).launch() == PythonScript("src/train.py")
    assert TorchrunForm.model_validate(keys).launch() == TorchrunScript("src/train.py")


@pytest.mark.parametrize(("keys", "nodes"), [({}, 1), ({"nodes": Scalar("3", "int")}, 3)])
def test_torchrun_has_nodes(keys: dict[str, Scalar], nodes: int) -> None:
    keys = {"name": Scalar("a"), "provider": Scalar("torchrun"), **keys}
    assert TorchrunForm.model_validate(keys).node_count() == nodes


@given(st.lists(st.text(max_size=8)))
def test_the_items_of_a_list_are_words_as_they_are(words: list[str]) -> None:
    keys = {"name": Scalar("a"), "provider": Scalar("python"), "script": Scalar("a.py")}
    form = PythonForm.model_validate({**keys, "args": [Scalar(word) for word in words]})
    assert form.launch() == PythonScript("a.py", tuple(words))
