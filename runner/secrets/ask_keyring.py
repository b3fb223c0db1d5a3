"""Started as a program: asks the system's keyring, and may be left waiting for it.

It imports nothing of wf. On its stdin comes what is asked, one JSON document; on its stdout goes
the answer. Values stand on no command line.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_MASK = "***"
# the library's own measure: what is below is there, but not for use unless somebody chooses it
_RECOMMENDED = 1
_CHOICE = "PYTHON_KEYRING_BACKEND"


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        import keyring
    except ImportError:
        return {"unusable": "the keyring library is not installed"}
    backend = keyring.get_keyring()
    kind = f"{type(backend).__module__}.{type(backend).__qualname__}"
    if ".fail." in kind or ".null." in kind:
        return {"unusable": "the keyring library finds no keyring here"}
    if backend.priority < _RECOMMENDED and _CHOICE not in os.environ:
        return {"unusable": f"the keyring library finds {kind} only, and does not recommend it"}
    service, names = asked["service"], asked["names"]
    if asked["action"] == "put":
        backend.set_password(service, names[0], asked["value"])
        if backend.get_password(service, names[0]) != asked["value"]:
            return {"unusable": f"{kind} does not give back what it was given"}
    if asked["action"] == "get":
        return {"values": {name: backend.get_password(service, name) for name in names}}
    if asked["action"] == "delete":
        for name in names:
            if backend.get_password(service, name) is not None:
                backend.delete_password(service, name)
    return {"kind": kind}


def main() -> None:
    """Answer one question."""
    # a program's own folder comes first on its path, and a library must not be looked for there
    sys.path.pop(0)
    answer, sys.stdout = sys.stdout, sys.stderr  # what a backend has to say is no answer
    asked = json.load(sys.stdin)
    try:
        told = _answer(asked)
    except Exception as error:  # noqa: BLE001 - a backend raises what it likes
        said = f"{type(error).__name__}: {error}".replace(asked.get("value") or _MASK, _MASK)
        told = {"unusable": said}
    answer.write(json.dumps(told))


if __name__ == "__main__":
    main()
