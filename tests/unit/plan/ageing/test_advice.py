"""The last words of a failure -> what to type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.ageing.advice import Advice, advice
from runner.plan.ageing.days import Changed
from runner.plan.ageing.symptoms import LIMIT, symptom
from runner.plan.environment import EnvironmentSpec, RequirementFile

# what the packages of today say, word for word
LAST_WORDS = {
    "a removed argument": (
        "TypeError: Trainer.__init__() got an unexpected keyword argument 'gpus'",
        "pytorch-lightning 2.0.0",
    ),
    "the same before Python 3.10": (
        "TypeError: __init__() got an unexpected keyword argument 'gpus'",
        "pytorch-lightning 2.0.0",
    ),
    "an argument of a method": (
        "TypeError: Trainer.test() got an unexpected keyword argument 'test_dataloaders'",
        "pytorch-lightning 1.6.0",
    ),
    "an argument of a function": (
        "TypeError: read_csv() got an unexpected keyword argument 'error_bad_lines'",
        "pandas 2.0.0",
    ),
    "an argument of a scheduler": (
        "TypeError: ReduceLROnPlateau.__init__() got an unexpected keyword argument 'verbose'",
        "torch 2.7.0",
    ),
    "a removed hook": (
        (
            "NotImplementedError: Support for `training_epoch_end` has been removed in v2.0.0. `M` "
            "implements this method. You can use the `on_train_epoch_end` hook instead."
        ),
        "pytorch-lightning 2.0.0",
    ),
    "a class method": (
        "AttributeError: type object 'Trainer' has no attribute 'from_argparse_args'",
        "pytorch-lightning 2.0.0",
    ),
    "a method": (
        "AttributeError: 'DataFrame' object has no attribute 'append'",
        "pandas 2.0.0",
    ),
    "a method of Pillow's": (
        "AttributeError: 'ImageDraw' object has no attribute 'textsize'",
        "pillow 10.0.0",
    ),
    "an attribute": (
        "AttributeError: module 'PIL.Image' has no attribute 'ANTIALIAS'",
        "pillow 10.0.0",
    ),
    "an alias of NumPy's": (
        "AttributeError: module 'numpy' has no attribute 'float'.\n`np.float` was an alias",
        "numpy 1.24.0",
    ),
    "a name of NumPy's": (
        "AttributeError: `np.Inf` was removed in the NumPy 2.0 release. Use `np.inf` instead.",
        "numpy 2.0.0",
    ),
    "a module": (
        "ModuleNotFoundError: No module named 'pytorch_lightning.metrics'",
        "pytorch-lightning 1.5.0",
    ),
    "torch._six": ("ModuleNotFoundError: No module named 'torch._six'", "torch 2.0.0"),
    "a name of a module": (
        "ImportError: cannot import name 'load_boston' from 'sklearn.datasets' (/x/__init__.py)",
        "scikit-learn 1.2.0",
    ),
    "TensorFlow 1": (
        "AttributeError: module 'tensorflow' has no attribute 'placeholder'",
        "tensorflow 2.0.0",
    ),
    "compiled for NumPy 1": (
        "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.0.0 as it may crash.",
        "numpy 2.0.0",
    ),
    "protobuf": (
        "TypeError: Descriptors cannot be created directly.\nIf this call came from",
        "protobuf 4.21.0",
    ),
    "setuptools": ("ModuleNotFoundError: No module named 'pkg_resources'", "setuptools 82.0.0"),
    "a build with 2to3": (
        "error in demjson setup command: use_2to3 is invalid.",
        "setuptools 58.0.0",
    ),
    "the library": (
        "ImportError: cannot import name 'Mapping' from 'collections' (/usr/lib/x.py)",
        "python 3.10",
    ),
    "distutils": ("ModuleNotFoundError: No module named 'distutils'", "python 3.12"),
    "imp": ("ModuleNotFoundError: No module named 'imp'", "python 3.12"),
    "Lightning and TorchMetrics": (
        "ImportError: cannot import name '_compare_version' from 'torchmetrics.utilities.imports'",
        "torchmetrics 1.0.0",
    ),
    "in colours": (
        "\x1b[1;31mModuleNotFoundError\x1b[0m: No module named \x1b[35m'torch._six'\x1b[0m",
        "torch 2.0.0",
    ),
}

OTHER_WORDS = [
    "",
    "ModuleNotFoundError: No module named 'mine'",
    "ModuleNotFoundError: No module named 'numpy'",
    "TypeError: Net.__init__() got an unexpected keyword argument 'gpus'",
    "TypeError: __init__() got an unexpected keyword argument 'verbose'",
    "AttributeError: module 'numpy' has no attribute 'infinit'",
    "AttributeError: 'list' object has no attribute 'iteritems'",
    "torch.cuda.OutOfMemoryError: CUDA out of memory.",
]


@pytest.mark.parametrize(("text", "release"), LAST_WORDS.values(), ids=LAST_WORDS)
def test_what_smells_of_age(text: str, release: str) -> None:
    found = symptom(f"Traceback (most recent call last):\n{text}\n")
    assert found is not None
    assert f"{found.release.package} {found.release.version}" == release


@pytest.mark.parametrize("text", OTHER_WORDS)
def test_what_does_not(text: str) -> None:
    assert symptom(text) is None


def test_the_last_words_count() -> None:
    first = "ModuleNotFoundError: No module named 'torch._six'\n"
    last = "ModuleNotFoundError: No module named 'pkg_resources'\n"
    found = symptom(first + last)
    assert found is not None
    assert found.release.package == "setuptools"
    assert symptom(first + "x" * LIMIT) is None


def spec(text: str = "numpy\n", as_of: str | None = None) -> EnvironmentSpec:
    """An environment made from a requirements file."""
    return EnvironmentSpec("3.11", (RequirementFile("requirements.txt", text),), as_of=as_of)


def given_advice(
    environment: EnvironmentSpec, changed: Changed | None = None, word: str = "Inf"
) -> Advice | None:
    """The advice after a run of `train` that missed a name of NumPy's."""
    text = f"AttributeError: `np.{word}` was removed in the NumPy 2.0 release."
    return advice(text, "train", environment, lambda: changed)


def test_the_day_of_the_last_commit_is_suggested() -> None:
    changed = Changed("requirements.txt", "2022-05-17")
    assert given_advice(spec(), changed) == Advice(
        "`numpy.Inf` left numpy in 2.0.0",
        "wf run train --as-of 2022-05-17 (the day of the last commit to requirements.txt)",
    )


@pytest.mark.parametrize("changed", [None, Changed("requirements.txt", "2024-06-16")])
def test_without_one_that_is_early_enough_the_day_before_the_release(
    changed: Changed | None,
) -> None:
    found = given_advice(spec(), changed)
    assert found is not None
    assert found.hint == "wf run train --as-of 2024-06-15 (the day before numpy 2.0.0)"


def test_a_run_with_packages_of_an_earlier_day_failed_on_something_else() -> None:
    assert given_advice(spec(as_of="2024-06-15")) is None
    assert given_advice(spec(as_of="2024-06-16")) is not None


def test_no_day_changes_what_the_project_itself_asks_for() -> None:
    found = given_advice(spec("numpy==2.1\n"))
    assert found is not None
    assert found.hint == "ask for numpy<2.0.0"


def test_what_python_removed_is_in_an_older_python() -> None:
    text = "ModuleNotFoundError: No module named 'imp'"
    found = advice(text, "train it", spec(), lambda: None)
    assert found == Advice("`imp` left Python in 3.12", "wf run 'train it' --python 3.11")


@given(st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    symptom(text)
