"""wf as an ordinary user has it, also where tests run as root."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.conftest import Result, program, require

if TYPE_CHECKING:
    from tests.conftest import World

# what lets root pass by the modes of files (capabilities(7))
_WITHOUT = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]


def wf(world: World, *words: str) -> Result:
    """Run ``wf WORDS`` with the modes of files in force."""
    if os.geteuid() != 0:
        return world.wf(*words)
    require("setpriv", program("setpriv"))
    done = subprocess.run(
        [*_WITHOUT, *world.argv(*words)],
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
