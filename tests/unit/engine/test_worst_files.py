"""Files as large as they may be, made to be as hard as they can be: bounded work, bounded memory.

Work is counted in steps (calls of functions), not in seconds: ten times the file may take ten times
the steps, give or take what does not depend on the file.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.problems import show_problems
from runner.document.limits import LIMITS
from runner.document.mend import mend
from runner.engine.files import FileText
from runner.engine.opening import open_files
from runner.errors import WfError
from runner.plan.environment import RequirementFile
from runner.plan.requirements import read as read_requirements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

ONE = "workflows:\n- name: a\n  provider: bash\n  commands: ls\n"
# how a file begins, what is repeated in it, and how it ends
FILES = {
    "workflows that are none": ("workflows:\n", "- a\n", ""),
    "workflows in brackets": ("workflows: [", "{},", "]"),
    "one name": ("workflows:\n", "- {name: a, provider: bash, commands: ls}\n", ""),
    "one key": ("", "a: 1\n", ""),
    "one key on one line": ("{", "a: 1, ", "}"),
    "unknown keys on one line": ("workflows: [", "{provider: bash, comands: x, GPU: 1},", "]"),
    "unknown variables": (ONE + "  setup:\n", "  - ${{ b }} ${{ c }}\n", ""),
    "one variable": (ONE + "  env:\n", "  - A=1\n", ""),
    "anchors": ("", "- &a a\n", ""),
    "brackets": ("", "[", ""),
    "lists": ("", "- ", ""),
    "tabs": ("workflows:\n", "\t- a\n", ""),
    "a tab above much": ("a:\n\t", "x, ", ""),
    "blanks in front of a quote": ("workflows: ", " ", '"'),
    "expressions in brackets": ("workflows: [ ", "${{ a }} ", " ]"),
    "blanks behind an expression": ("workflows: [ ${{ a }}", " ", "' ]"),
    "braces": ("workflows: ", "{{ a }} ", ""),
    "commands with colons": (ONE + "  setup:\n", "  - a: b\n", ""),
    "comments": ("", "# a\n", ""),
}


def filled(name: str, size: int) -> bytes:
    """The file of this name, of at most ``size`` bytes."""
    begin, piece, end = FILES[name]
    return (begin + piece * ((size - len(begin) - len(end)) // len(piece)) + end).encode()


def check(files: Mapping[str, bytes]) -> None:
    """Read the one file there is."""
    ((name, text),) = files.items()
    open_files([FileText(text, name)], Path("project"))


def work(text: bytes) -> None:
    """What ``wf validate`` does with a file that it has read."""
    try:
        check({"f": text})
    except WfError as error:
        show_problems(error.problems, io.StringIO(), {})


def steps(action: Callable[[], object]) -> int:
    """How many functions an action calls, those of C included."""
    count = 0

    def called(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", FILES)
def test_ten_times_the_file_takes_ten_times_the_steps(name: str) -> None:
    small, large = filled(name, 2_000), filled(name, 20_000)
    work(small)  # what is imported and built once
    assert steps(lambda: work(large)) < 11 * steps(lambda: work(small)) + 1000


@pytest.mark.parametrize("size", [2_000, 200_000])
@pytest.mark.parametrize("name", FILES)
def test_what_is_corrected_is_read_a_limited_number_of_times(name: str, size: int) -> None:
    read = 0

    def counted(files: Mapping[str, bytes]) -> None:
        nonlocal read
        read += sum(map(len, files.values()))
        check(files)

    mend({"f": filled(name, size)}, counted)
    assert read <= min(4 << 20, 102 * size)


LINES = ["a b\n", "six # a\n", "six \\\n", "-r a.txt\n", "a" + " " * 99 + "\n"]


@pytest.mark.parametrize("line", LINES)
def test_so_it_is_with_requirements(line: str) -> None:
    def read(times: int) -> int:
        return steps(lambda: read_requirements(RequirementFile("r.txt", line * times)))

    read(1)
    assert read(1000) < 11 * read(100) + 1000


MEASURE = """
import gc, sys
gc.set_threshold(100_000)  # as wf does
from pathlib import Path
from runner.cli.main import main
code = main(["validate", "--fix", "--file", sys.argv[1]])
status = Path("/proc/self/status").read_text()
print(code, int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc for the peak")
@pytest.mark.parametrize("name", FILES)
def test_the_memory_has_a_bound(name: str, tmp_path: Path) -> None:
    path = tmp_path / "workflows.yaml"
    path.write_bytes(filled(name, LIMITS.bytes))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(tmp_path), "WF_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[3],
    )
    assert "Traceback" not in done.stderr
    code, megabytes = map(int, done.stdout.split()[-2:])
    assert code == 65
    assert megabytes < 200
