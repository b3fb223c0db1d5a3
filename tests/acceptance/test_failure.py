"""A job that fails for a known reason, and what wf says of it: each is really caused."""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from runner.process import tree

if TYPE_CHECKING:
    from tests.conftest import World

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class Case(NamedTuple):
    """A script, and what is said of it."""

    script: str
    cause: str | None
    where: str
    said: str
    hint: str


CASES = {
    "a module that is not installed": Case(
        "import sklearn_missing\n",
        "missing_module",
        "train.py:1",
        "the module `sklearn_missing` is not installed",
        "write `sklearn-missing` into requirements.txt",
    ),
    "a module with another name": Case(
        "def load():\n    import cv2\n\nload()\n",
        "missing_module",
        "train.py:2 in load",
        "the module `cv2` is not installed",
        "write `opencv-python` into requirements.txt",
    ),
    "a module that git ignores": Case(
        "import private\n",
        "missing_module",
        "train.py:1",
        "private.py is not in the run's copy of the project, as git ignores it",
        "take private.py out of .gitignore",
    ),
    "a module of a folder that Python does not look into": Case(
        "import model\n",
        "missing_module",
        "train.py:1",
        "Python does not look for `model` where it lies, in src",
        "wf run train -e PYTHONPATH=src",
    ),
    "a file that git ignores": Case(
        "open('data.csv')\n",
        "missing_file",
        "train.py:1",
        "data.csv is not in the run's copy of the project, as git ignores it",
        "take data.csv out of .gitignore",
    ),
    "a file of another workflow": Case(
        "open('out/words')\n",
        "missing_file",
        "train.py:1",
        "out/words is an artifact of the workflow prepare",
        "add `prepare` to the workflow's `depends-on`",
    ),
    "a port that is taken": Case(
        "import socket\nsocket.create_server(('127.0.0.1', PORT))\n",
        "address_in_use",
        "train.py:2",
        "is taken by another program",
        "`ports: 1`",
    ),
    "no space": Case(
        "import os\nos.write(os.open('/dev/full', os.O_WRONLY), b'x')\n",
        "no_space",
        "train.py:2",
        "no space is left on the disk",
        "df -h",
    ),
    "memory that is not there": Case(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "x = bytearray(1 << 33)\n",
        "out_of_memory",
        "train.py:3",
        "there was not enough memory",
        "wf run train --batch_size 32",
    ),
    "a batch that is too large": Case(
        "raise RuntimeError('CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total "
        "capacity of 15.77 GiB of which')\n",
        "cuda_out_of_memory",
        "train.py:1",
        "the memory of GPU 0 (15.77 GiB) is full",
        "wf run train --batch_size 32",
    ),
    "wrong arguments": Case(
        "import argparse\nargparse.ArgumentParser(prog='train.py').parse_args(['--sise'])\n",
        "wrong_arguments",
        "",
        "unrecognized arguments: --sise",
        "wf run train -- --help",
    ),
    "a variable that is not set": Case(
        "import os\n\nname = os.environ['DATA_FOLDER']\n",
        "missing_variable",
        "train.py:3",
        "the variable DATA_FOLDER is not set",
        "wf run train -e DATA_FOLDER=VALUE",
    ),
    "a library that is not there": Case(
        "import ctypes\nctypes.CDLL('libsndfile-missing.so.1')\n",
        "missing_library",
        "train.py:2",
        "the library libsndfile-missing.so.1 is not on this machine",
        "apt-file search",
    ),
    "code of Python 2": Case(
        "print 'x'\n", "python_version", "train.py:1", "it is written for Python 2", "2to3"
    ),
    "too many open files": Case(
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))\n"
        "files = []\nwhile True:\n    files.append(open('train.py'))\n",
        "open_files",
        "train.py:5",
        "too many files open",
        "ulimit -n",
    ),
    "a host that is not there": Case(
        "import urllib.request\nurllib.request.urlopen('http://digits.invalid/mnist')\n",
        "network",
        "train.py:2",
        "cannot be reached from this machine",
        "https_proxy",
    ),
    "a mistake of its own": Case(
        "def step(batch):\n    return batch['label']\n\nstep({})\n",
        None,
        "train.py:2 in step",
        "the job exited with 1\n",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_card_of_a_job_that_failed(world: World, name: str) -> None:
    case = CASES[name]
    world.workflows(
        "workflows:\n"
        f"  - {{name: prepare, provider: bash, python: '{PYTHON}', commands: [echo a > out/words],"
        " artifacts: [out]}\n"
        f"  - {{name: train, provider: python, python: '{PYTHON}', script: train.py}}\n"
    )
    world.write(".dstack/variables.yaml", "variables:\n  train:\n    batch_size: 64\n")
    world.write(".gitignore", "private.py\ndata.csv\n")
    world.write("src/model.py", "")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        script = case.script.replace("PORT", str(server.getsockname()[1]))
        world.write("train.py", script)
        world.git()
        for ignored in ("private.py", "data.csv"):
            world.write(ignored, "")
        if "another workflow" in name:
            world.wf("run", "prepare")
        done = world.wf("run", "train")
    assert done.code != 0
    card = done.err[done.err.index("✗ failed") :]
    assert len(card.splitlines()) <= 8
    assert case.said in card
    assert case.hint in card
    assert f"\n  {case.where}\n" in card or not case.where
    document = world.record()
    failure = document["failure"]
    assert failure["cause"] == case.cause
    assert case.hint in (document["hint"] or "")
    shown = world.wf("show", "last").out
    assert case.where in shown
    assert failure["lines"][-1] in shown


@pytest.mark.parametrize(
    ("command", "cause", "hint"),
    [
        ("no-such-command --x", "missing_command", "install it on this machine"),
        ("tensorboard --logdir x || exit 127", "missing_command", "`tensorboard`"),
        ("cat nothing.txt", "missing_file", "check the name"),
        ("set -u; echo $DATA_FOLDER", "missing_variable", "-e DATA_FOLDER=VALUE"),
        ("./script.sh", "permission", "chmod +x script.sh"),
        ("bash windows.sh", "line_ends", "sed -i"),
        ("python -m no_such_module", "missing_module", "`no-such-module`"),
        ("python -c 'import os; os.kill(os.getpid(), 9)'; exit 137", "out_of_memory", "batch"),
    ],
)
def test_the_cause_of_a_command_that_failed(
    world: World, command: str, cause: str, hint: str
) -> None:
    quoted = command.replace("'", "''")
    world.workflows(
        f"workflows:\n  - name: train\n    provider: bash\n    python: '{PYTHON}'\n"
        f"    commands:\n      - '{quoted}'\n"
    )
    world.write("script.sh", "echo\n")
    world.write("windows.sh", "cd /tmp\r\nls -l\r\nfoo\r\nexit 3\r\n")
    done = world.wf("run", "train", PATH="/usr/bin:/bin")
    document = world.record()
    assert document["failure"]["cause"] == cause, document
    assert hint in document["hint"]
    assert hint in done.err


def test_the_board_shows_where_each_job_failed(world: World) -> None:
    world.workflows(
        "workflows:\n"
        f"  - {{name: one, provider: python, python: '{PYTHON}', script: one.py}}\n"
        f"  - {{name: two, provider: bash, python: '{PYTHON}', commands: [exit 3]}}\n"
    )
    world.write("one.py", "import yaml\n")
    done = world.wf("run", "--all", "--keep-going", "--parallel", "2")
    assert (
        "  one.py:1\n  │ import yaml\n  │ ModuleNotFoundError: No module named 'yaml'\n" in done.err
    )
    assert "hint: write `pyyaml` into requirements.txt" in done.err


def test_who_was_stopped_or_ran_too_long_has_no_failure(world: World) -> None:
    world.workflows(
        f"workflows:\n  - {{name: train, provider: bash, python: '{PYTHON}',"
        " commands: [sleep 60]}\n"
    )
    world.wf("run", "train", "--max-duration", "1s")
    assert world.record()["failure"] is None


def test_who_waits_for_a_run_sees_where_it_failed(world: World) -> None:
    world.workflows(
        f"workflows:\n  - {{name: train, provider: python, python: '{PYTHON}', script: train.py}}\n"
    )
    gate = world.home / "gate"
    world.write(
        "train.py",
        "import os, time\n"
        f"while not os.path.exists('{gate}'):\n    time.sleep(0.02)\nimport yaml\n",
    )
    world.start("run", "train")
    run = world.running()
    waiting = world.start("wait", run)
    gate.touch()
    assert waiting.wait(60) == 1
    assert waiting.stderr is not None
    said = waiting.stderr.read().decode()
    assert "  train.py:4\n  │ import yaml\n" in said
    assert "hint: write `pyyaml` into requirements.txt" in said


def test_one_of_several_nodes_dies_and_it_is_the_one_that_is_named(world: World) -> None:
    """Row F12 of the faults: not the survivors' 143."""
    world.write(
        "ddp.dstack.yml",
        """\
type: task
name: ddp
nodes: 2
commands:
  - test $DSTACK_NODE_RANK = 1 || echo $$ > "$PID_FILE"
  - until test -s "$PID_FILE"; do sleep 0.02; done
  - test $DSTACK_NODE_RANK = 0 || exit 3
  - sleep 600
""",
    )
    survivor = world.home / "pid"
    world.variables["PID_FILE"] = str(survivor)
    done = world.wf("run", "ddp")
    assert done.code == 3, done.err
    assert "node 1 of 2 exited with 3; the others were ended" in done.err
    record = world.record()
    assert (record["status"], record["reason"], record["exit_code"]) == ("failed", "exit_code", 3)
    assert not tree.alive(int(survivor.read_text()))
