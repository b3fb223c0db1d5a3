"""The user's pip configuration, said in uv's words.

uv reads no pip.conf, but a user behind a company mirror has one. The files and their order are
pip's (pip.pypa.io, "Configuration"): machine, user, virtual environment, then ``PIP_CONFIG_FILE``,
then variables. What the user has already told uv stays as it is. Everything is handed over in
variables, never on a command line, where other users of the machine would see a password.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_INDEX = "UV_NO_INDEX"
"""Not a variable of uv's own: whoever calls uv turns it into ``--no-index``."""

# pip's option -> uv's variables that say the same (docs.astral.sh/uv, "Environment variables")
_UV = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", "UV_INDEX"),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": (NO_INDEX,),
    "cert": ("SSL_CERT_FILE",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "pre": ("UV_PRERELEASE",),
}
_LISTS = frozenset({"extra-index-url", "find-links", "trusted-host"})
_COMMA_SEPARATED = frozenset({"UV_FIND_LINKS"})
_OFF = frozenset({"", "0", "no", "false", "off", "n", "f"})


def uv_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables to add to uv's, so that it installs from where pip would."""
    said = _merge(_files(variables), variables)
    added: dict[str, str] = {}
    for option, value in said.items():
        names = _UV[option]
        if any(variables.get(name) for name in names):
            continue
        translated = _value(option, value, names[0])
        if translated:
            added[names[0]] = translated
    # pip takes the best version that any of its indexes has; uv stops at the first index that
    # knows the name, which is another answer to the same configuration
    if "UV_EXTRA_INDEX_URL" in added and not variables.get("UV_INDEX_STRATEGY"):
        added["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return added


def _value(option: str, value: str, name: str) -> str | None:
    if option in {"no-index", "pre"}:
        on = value.strip().lower() not in _OFF
        return ("allow" if option == "pre" else "1") if on else None
    words = value.split() if option in _LISTS else [value.strip()]
    return ("," if name in _COMMA_SEPARATED else " ").join(dict.fromkeys(words))


def _merge(files: Iterable[Path], variables: Mapping[str, str]) -> dict[str, str]:
    """The last word of files and variables on each option."""
    said: dict[str, str] = {}
    for path in files:
        said.update(_read(path))
    for option in _UV:
        value = variables.get("PIP_" + option.upper().replace("-", "_"))
        if value:
            said[option] = value
    return said


def _read(path: Path) -> dict[str, str]:
    """Options of pip in one file; the section for ``pip install`` wins over the global one."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {
        option: parser.get(section, name)
        for section in ("global", "install")
        if parser.has_section(section)
        for name in parser.options(section)
        if (option := name.replace("_", "-")) in _UV
    }


def _files(variables: Mapping[str, str]) -> list[Path]:
    named = variables.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    home = Path(variables.get("HOME") or "~").expanduser()
    config = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    machine = (variables.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    user = [home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    if named and os.path.exists(named):
        user = []  # the documentation does not say so, but pip's configuration.py does
    return [
        *(Path(folder) / "pip" / "pip.conf" for folder in machine if folder),
        Path("/etc/pip.conf"),
        *user,
        Path(sys.prefix) / "pip.conf",
        *([Path(named)] if named else []),
    ]
