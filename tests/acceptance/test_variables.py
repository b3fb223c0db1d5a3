"""``environment`` and ``env`` in every form they may be written in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

HEAD = """\
workflows:
  - name: train
    provider: python
    script: train.py
"""
SHOW = """\
import json, os
print(json.dumps({name: os.environ[name] for name in sorted(os.environ) if name.startswith("X_")}))
"""


def seen(world: World, text: str, *words: str, **variables: Any) -> dict[str, str]:
    """What the job sees of variables whose name starts with X_."""
    world.workflows(HEAD + text)
    world.write("train.py", SHOW)
    done = world.wf("run", "train", *words, **variables)
    assert done.code == 0, done.err
    found: dict[str, str] = json.loads(done.out)
    return found


@pytest.mark.parametrize("key", ["environment", "env"])
def test_a_list(world: World, key: str) -> None:
    text = (
        f"    {key}:\n      - X_A=1\n      - X_B=a b\n      - X_C=a=b\n      - X_D\n      - X_E=\n"
    )
    expected = {"X_A": "1", "X_B": "a b", "X_C": "a=b", "X_D": "", "X_E": ""}
    assert seen(world, text) == expected
    assert world.record()["variables"] == expected


@pytest.mark.parametrize("key", ["environment", "env"])
def test_a_mapping(world: World, key: str) -> None:
    text = f"    {key}:\n      X_A: 1\n      X_B: a b\n      X_C: ''\n      X_D:\n"
    assert seen(world, text) == {"X_A": "1", "X_B": "a b", "X_C": "", "X_D": ""}


@pytest.mark.parametrize(
    "written",
    ["3.10", "010", "1e3", "yes", "No", "true", "TRUE", "0x10", "1_000", "12:30:45", ".5"],
)
def test_values_are_taken_as_they_are_written(world: World, written: str) -> None:
    """YAML would make 3.1, 8, 1000.0, true and 45045 of them."""
    assert seen(world, f"    env: {{X_A: {written}}}\n") == {"X_A": written}


def test_several_lines(world: World) -> None:
    assert seen(world, "    env:\n      X_A: |\n        one\n        two\n") == {
        "X_A": "one\ntwo\n"
    }


def test_the_callers_variables_are_there_and_the_files_win(world: World) -> None:
    found = seen(world, "    env: [X_A=file]\n", X_A="caller", X_B="caller")
    assert found == {"X_A": "file", "X_B": "caller"}


def test_an_empty_list_is_as_good_as_none(world: World) -> None:
    assert seen(world, "    env:\n      # X_A=1\n") == {}
    assert seen(world, "    env: []\n") == {}


def test_both_spellings_at_once_are_refused(world: World) -> None:
    world.workflows(HEAD + "    env: [A=1]\n    environment: [B=2]\n")
    world.write("train.py", SHOW)
    done = world.wf("run", "train")
    assert done.code == 65
    assert "`environment` says the same as `env`" in done.err


@pytest.mark.parametrize("key", ["script", "file", "python_script"])
def test_every_spelling_of_the_script(world: World, key: str) -> None:
    world.workflows(HEAD.replace("script:", f"{key}:"))
    world.write("train.py", "print('here')\n")
    assert world.wf("run", "train").out == "here\n"


@pytest.mark.parametrize("args", ["--a 'b c'", "[--a, b c]", "\n      - --a\n      - b c"])
def test_every_spelling_of_the_args(world: World, args: str) -> None:
    world.workflows(HEAD + f"    args: {args}\n")
    world.write("train.py", "import sys\nprint(sys.argv[1:])\n")
    assert world.wf("run", "train").out == "['--a', 'b c']\n"


@pytest.mark.parametrize("key", ["python", "version"])
def test_every_spelling_of_the_version(world: World, key: str) -> None:
    import sys

    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    world.workflows(HEAD + f"    {key}: {own}\n")
    world.write("train.py", "import sys\nprint('%d.%d' % sys.version_info[:2])\n")
    assert world.wf("run", "train").out == f"{own}\n"


def test_what_the_lease_demands_wins(world: World) -> None:
    world.workflows(HEAD + "    env: [CUDA_VISIBLE_DEVICES=0]\n")
    world.write("train.py", "import os\nprint(repr(os.environ['CUDA_VISIBLE_DEVICES']))\n")
    assert world.wf("run", "train", "-e", "CUDA_VISIBLE_DEVICES=1").out == "''\n"
