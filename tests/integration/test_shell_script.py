"""Many at once from a plain shell script: ``wf run`` with ``&``, and ``wait`` for each."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

SCRIPT = """
number=0
while [ $number -lt 20 ]; do
    wf run "job-$((number % 5))" >"out-$number" 2>"err-$number" &
    eval "pid_$number=$!"
    number=$((number + 1))
done
number=0
while [ $number -lt 20 ]; do
    eval "wait \\$pid_$number"
    echo "$number $?"
    number=$((number + 1))
done
"""


def test_twenty_at_once_end_with_their_own_codes(world: World) -> None:
    """Some succeed, some fail, some take a core each and stand in the queue."""
    jobs = "".join(
        f"  - name: job-{code}\n    provider: bash\n    commands: [echo {code}, exit {code}]\n"
        + ("    resources: {cpu: 1}\n" if code % 2 else "")
        for code in range(5)
    )
    world.workflows(f"workflows:\n{jobs}")
    wf = " ".join(world.argv())
    done = subprocess.run(
        ["sh", "-c", f'wf() {{ {wf} "$@"; }}\n{SCRIPT}'],
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    ends = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert ends == [(number, number % 5) for number in range(20)]
    for number in range(20):
        assert (world.project / f"out-{number}").read_text() == f"{number % 5}\n"
        said = (world.project / f"err-{number}").read_text()
        assert "locked" not in said
        assert "error:" not in said
    listed = world.wf("ps", "-a", "--json").json()
    found = sorted((run["workflow"], run["exit_code"]) for run in listed)
    assert found == sorted((f"job-{number % 5}", number % 5) for number in range(20))
    assert len(world.wf("ps", "-a").out.splitlines()) == 21
