"""Asking the GPUs' driver: what there is, and how busy it is.

NVML is asked by ``probe.py``, a process of its own, which is kept and asked again. Only this module
talks to it. nvidia-smi is not asked where NVML fails: it asks the same library.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

from runner.allocation.reading import gpus
from runner.allocation.reading.roots import ROOTS
from runner.process.respondent import Respondent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.allocation.inventory import Gpu, Load
    from runner.allocation.reading.roots import Roots

# of silence, after which a call into the driver counts as hanging
LIMIT_SECONDS = 5.0
# a GPU that nobody uses takes a second or more to wake up, one after the other
_WHOLE_SECONDS = 30.0
# a driver that did not answer is not asked again for so long
_REST_SECONDS = 60.0


class Driver:
    """The GPUs of this machine. Nothing is started before the first question.

    May be used by several threads, and after a fork.
    """

    def __init__(
        self, variables: Mapping[str, str], roots: Roots = ROOTS, limit: float = LIMIT_SECONDS
    ) -> None:
        """``variables`` are the caller's: they may say where NVML is found.

        ``limit`` is how long a call into the driver may take, in seconds.
        """
        self._limit = limit
        self._respondent = Respondent(_probe, variables)
        self._roots = roots
        self._silent_until = 0.0

    def look(self) -> tuple[Gpu, ...] | str:
        """The GPUs that are there now, in the order of the PCI bus, or why there are none."""
        answer = self._ask("look")
        return answer if isinstance(answer, str) else gpus.read(answer, self._roots)

    def sample(self, uuids: Sequence[str]) -> dict[str, Load]:
        """How busy some GPUs are, by UUID; those that do not tell are left out."""
        answer = self._ask(" ".join(["sample", *uuids]))
        return {} if isinstance(answer, str) else gpus.loads(answer)

    def close(self) -> None:
        """End the process that asks. Safe to repeat; it can be asked again."""
        self._respondent.close()

    def _ask(self, question: str) -> object:
        """What the probe has answered; a text says why there is no answer."""
        silent = f"the NVIDIA driver has not answered within {self._limit:g} seconds"
        if time.monotonic() < self._silent_until:
            return silent
        try:
            said = self._respondent.ask(question.encode(), self._limit, _WHOLE_SECONDS)
            answer = json.loads(said)
        except TimeoutError:
            self._silent_until = time.monotonic() + _REST_SECONDS
            return silent
        except (OSError, ValueError):
            return "the NVIDIA driver does not answer: asking it makes a program crash"
        error = answer.get("error") if isinstance(answer, dict) else None
        return answer if error is None else str(error)


def _probe() -> list[str]:
    """The command that asks: no more of Python than it needs, and nvidia-ml-py."""
    from importlib.util import find_spec

    found = find_spec("pynvml")
    folder = os.path.dirname(found.origin) if found and found.origin else ""
    script = os.path.join(os.path.dirname(__file__), "probe.py")
    bytecode = ["-B"] if sys.dont_write_bytecode else []
    return [sys.executable, "-I", "-S", *bytecode, script, folder]
