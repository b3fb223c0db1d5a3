"""A process in the background has nothing of ours, and stands back."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from runner.process import background
from tests.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

LOOK = """
import json, os, sys
said = sys.stdin.read()
if said == "stand back":
    from runner.process.background import stand_back
    stand_back()
found = {
    "said": said,
    "session": os.getsid(0),
    "open": sorted(set(os.listdir("/proc/self/fd")) - {"0", "1", "2"}),
    "out": os.readlink("/proc/self/fd/1"), "err": os.readlink("/proc/self/fd/2"),
    "nice": os.nice(0),
    "parent": os.getppid(),
}
with open(sys.argv[1] + ".new", "w") as file:
    json.dump(found, file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""


def look(tmp_path: Path, said: str) -> Any:
    asked, answer = tmp_path / "asked", tmp_path / "answer"
    asked.write_text(said)
    with asked.open("rb") as file:
        background.start(
            [sys.executable, "-c", LOOK, str(answer)],
            env=dict(os.environ),
            cwd=tmp_path,
            said=file,
        )
    until(answer.exists, "the answer")
    return json.loads(answer.read_text())


def test_it_has_a_session_of_its_own_and_none_of_our_descriptors(tmp_path: Path) -> None:
    mine = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(mine, True)  # noqa: FBT003 - positional in os
    try:
        found = look(tmp_path, "hello")
    finally:
        os.close(mine)
    assert found["said"] == "hello"
    assert found["session"] != os.getsid(0)
    assert found["out"] == found["err"] == os.devnull
    # the folder that is being listed
    assert len(found["open"]) == 1
    assert found["parent"] != os.getpid()


def test_it_stands_back(tmp_path: Path) -> None:
    assert look(tmp_path, "stand back")["nice"] > os.nice(0)
