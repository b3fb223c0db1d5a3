"""Starts the process that finishes an environment, and forgets it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.cached import Cache
    from runner.plan.environment import EnvironmentSpec


class BackgroundFinisher:
    """Has ``python -m MODULE CACHE FINGERPRINT`` finish environments; their spec is its input."""

    def __init__(self, module: str, cache: Cache, variables: Mapping[str, str]) -> None:
        """``variables`` are those of the caller."""
        self._module = module
        self._cache = cache
        self._variables = variables

    def begin(self, spec: EnvironmentSpec, fingerprint: str) -> None:
        """Start it.

        Raises:
            OSError: that cannot be done.
        """
        import json
        from dataclasses import asdict
        from tempfile import TemporaryFile

        from runner.process import background

        with TemporaryFile() as said:
            said.write(json.dumps(asdict(spec)).encode())
            said.seek(0)
            background.start(
                [sys.executable, "-m", self._module, str(self._cache.root), fingerprint],
                env=self._variables,
                # where the module is found, whatever folder wf was called in
                cwd=Path(runner.__file__).parent.parent,
                said=said,
            )
