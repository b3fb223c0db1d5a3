"""The keyring of the system (Secret Service, KWallet, the macOS keychain), by the keyring library.

The library is an optional part (``wf[keyring]``). It is asked in a process of its own: it takes
long to import, a daemon behind it may never answer, and what asks for a password must not do so on
the terminal of a run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.process.helpers import ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# long enough to unlock a keyring by hand
LIMIT_SECONDS = 30.0
_PROGRAM = Path(__file__).with_name("ask_keyring.py")


class KeyringError(Exception):
    """The keyring cannot be used; the text says why."""


class SystemKeyring:
    """The user's keyring. ``service`` groups entries: one for each project."""

    def __init__(self, variables: Mapping[str, str], limit: float = LIMIT_SECONDS) -> None:
        """``variables`` are the caller's; ``limit`` is how long an answer may take, in seconds."""
        self._variables = variables
        self._limit = limit

    def put(self, service: str, name: str, value: str) -> None:
        """Keep a value.

        Raises:
            KeyringError: it cannot be kept there.
        """
        self._ask({"action": "put", "service": service, "names": [name], "value": value})

    def get(self, service: str, names: Sequence[str]) -> dict[str, str]:
        """The values that are there, by name.

        Raises:
            KeyringError: they cannot be had.
        """
        told = self._ask({"action": "get", "service": service, "names": list(names)})
        return {name: value for name, value in told["values"].items() if value is not None}

    def delete(self, service: str, names: Sequence[str]) -> None:
        """Remove values; those that are not there count as removed.

        Raises:
            KeyringError: they cannot be removed.
        """
        self._ask({"action": "delete", "service": service, "names": list(names)})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        from importlib.util import find_spec

        if find_spec("keyring") is None:
            raise KeyringError("the keyring library is not installed")
        done = ask(
            [sys.executable, str(_PROGRAM)],
            json.dumps(question).encode(),
            env=self._variables,
            timeout=self._limit,
        )
        if done is None:
            raise KeyringError(f"the keyring did not answer within {self._limit:g} seconds")
        try:
            told: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise KeyringError(f"the keyring library ended with code {done.code}") from None
        if "unusable" in told:
            raise KeyringError(told["unusable"])
        return told
