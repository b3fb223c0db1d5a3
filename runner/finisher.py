"""Finish one environment: ``python -m runner.finisher CACHE FINGERPRINT``, its spec as the input.

A run starts it in the background when it has an environment that is not finished, and it ends when
it is done. It is no command for people.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.process.background import stand_back

if TYPE_CHECKING:
    from runner.cached import Cache


def main() -> None:
    """Finish it. Nobody hears of it when that goes wrong, but it is written down."""
    stand_back()  # before anything is imported
    # who wants the environment gone ends us: with all that we started, in a container too
    signal.signal(signal.SIGTERM, _end)
    from runner.cached import Cache
    from runner.environments.finishing.mark import note

    cache, fingerprint = Cache(Path(sys.argv[1])), sys.argv[2]
    try:
        _finish(cache, fingerprint, sys.stdin.buffer.read())
    except Exception as error:  # noqa: BLE001 - there is nobody to be told
        note(cache.environment(fingerprint), repr(error))


def _end(number: int, _frame: object) -> None:
    """End; who asks again has to wait until that is done."""
    from runner.errors import SIGNAL_BASE

    signal.signal(number, signal.SIG_IGN)
    sys.exit(SIGNAL_BASE + number)


def _finish(cache: Cache, fingerprint: str, said: bytes) -> None:
    from pydantic import TypeAdapter

    from runner import compose
    from runner.plan.environment import EnvironmentSpec
    from runner.settings import resolve

    variables = dict(os.environ)
    settings = resolve(variables)._replace(cache=cache)
    spec = TypeAdapter(EnvironmentSpec).validate_json(said)
    compose.environments(settings, variables).finish(spec, fingerprint, variables)


if __name__ == "__main__":
    main()
