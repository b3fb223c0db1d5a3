"""Passwords and tokens in addresses, kept out of what people see and logs hold."""

from __future__ import annotations

import re

# up to the last `@` before the path: a password may hold one that nobody has escaped
_USER = re.compile(r"(?<=://)[^\s/?#\"'<>`]*@")


def masked(text: str) -> str:
    """``https://user:password@host/`` as ``https://***@host/``."""
    return _USER.sub("***@", text)
