"""The user's pip configuration, said in uv's words.

uv reads no pip.conf, but a user behind a company mirror has one. The files and their order are
pip's (pip.pypa.io, "Configuration"): machine, user, virtual environment, then ``PIP_CONFIG_FILE``,
then variables. What the user has already told uv stays as it is. Everything is handed over in
variables, never on a command line, where other users of the machine would see a password.
"""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NO_INDEX = "UV_NO_INDEX"
"""Not a variable of uv's own: whoever calls uv turns it into ``--no-index``."""
NO_BINARY = "PIP_NO_BINARY"
ONLY_BINARY = "PIP_ONLY_BINARY"
"""uv has options for these, and no variables that count for ``uv pip``."""

_PROXIES = ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
# pip's option -> uv's variables that say the same (docs.astral.sh/uv, "Environment variables")
_UV = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("UV_EXTRA_INDEX_URL", "UV_INDEX"),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": (NO_INDEX,),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "proxy": _PROXIES,
    "timeout": ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT"),
    "default-timeout": ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT"),
    "retries": ("UV_HTTP_RETRIES",),
    "keyring-provider": ("UV_KEYRING_PROVIDER",),
    "constraint": ("UV_CONSTRAINT",),
    "pre": ("UV_PRERELEASE",),
    "no-binary": (NO_BINARY,),
    "only-binary": (ONLY_BINARY,),
}
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_OFF = frozenset({"", "0", "no", "false", "off", "n", "f"})
_PATHS = frozenset({"cert", "client-cert"})
_NUMBERS = frozenset({"timeout", "default-timeout", "retries"})
# uv asks the program `keyring`, or nobody
_KEYRINGS = {"subprocess": "subprocess", "import": "subprocess", "disabled": "disabled"}


def uv_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables to add to uv's, so that it installs from where pip would.

    Paths are made absolute: uv is not started where ``wf`` was.
    """
    said = _merge(_files(variables), variables)
    added = _absolute(variables)
    for option, value in said.items():
        names = _UV[option]
        if names[0] != "PIP_" + _variable(option) and any(variables.get(name) for name in names):
            continue
        translated = _value(option, value)
        if translated:
            added[names[0]] = translated
    # pip takes the best version that any of its indexes has; uv stops at the first index that
    # knows the name, which is another answer to the same configuration
    if "UV_EXTRA_INDEX_URL" in added and not variables.get("UV_INDEX_STRATEGY"):
        added["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return added


def pip_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The same as variables of pip's, for one that is to find none of the files.

    Paths are made absolute.
    """
    said = _merge(_files(variables), variables)
    return {f"PIP_{_variable(option)}": _whole_paths(option, said[option]) for option in said}


def _whole_paths(option: str, value: str) -> str:
    if option not in _PATHS | {"find-links", "constraint"}:
        return value
    return " ".join(word if _URL.match(word) else _path(word) for word in value.split())


def uv_options(variables: Mapping[str, str]) -> list[str]:
    """What uv is told on its command line, for want of a variable."""
    options = ["--no-index"] if variables.get(NO_INDEX) else []
    for name, option in ((NO_BINARY, "--no-binary"), (ONLY_BINARY, "--only-binary")):
        for package in variables.get(name, "").replace(",", " ").split():
            options += [option, package]
    return options


def _value(option: str, value: str) -> str | None:  # noqa: PLR0911 - one for each kind of option
    words = list(dict.fromkeys(value.split()))
    if option in {"no-index", "pre"}:
        on = value.strip().lower() not in _OFF
        return ("allow" if option == "pre" else "1") if on else None
    if option == "find-links":
        return ",".join(filter(None, map(_links, words)))
    if option == "constraint":
        return " ".join(word if _URL.match(word) else _path(word) for word in words)
    if option in {"extra-index-url", "trusted-host"}:
        return " ".join(words)
    if option in _PATHS:
        return _path(value.strip())
    if option in _NUMBERS:
        return _whole(value)
    if option == "keyring-provider":
        return _KEYRINGS.get(value.strip())
    return value.strip()


def _links(word: str) -> str | None:
    """A place with links; pip warns of a folder that is not there and goes on, where uv ends."""
    if _URL.match(word):
        return word
    path = _path(word)
    return path if os.path.isdir(path) else None


def _absolute(variables: Mapping[str, str]) -> dict[str, str]:
    """Uv's own variables that name files relative to the caller's folder, by their whole paths."""
    links = [word.strip() for word in variables.get("UV_FIND_LINKS", "").split(",")]
    whole = {"UV_FIND_LINKS": ",".join(w if _URL.match(w) else _path(w) for w in links if w)}
    for name in ("UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT"):
        words = variables.get(name, "").split()
        whole[name] = " ".join(w if _URL.match(w) else _path(w) for w in words)
    return {name: said for name, said in whole.items() if said and said != variables[name]}


def _path(word: str) -> str:
    return os.path.abspath(os.path.expanduser(word))


def _whole(value: str) -> str | None:
    """A number of seconds or attempts; uv takes whole ones alone."""
    try:
        number = float(value)
    except ValueError:
        return None
    return str(max(math.ceil(number), 0)) if math.isfinite(number) else None


def _variable(option: str) -> str:
    return option.upper().replace("-", "_")


def _merge(files: Iterable[Path], variables: Mapping[str, str]) -> dict[str, str]:
    """The last word of files and variables on each option."""
    said: dict[str, str] = {}
    for path in files:
        said.update(_read(path))
    for option in _UV:
        value = variables.get(f"PIP_{_variable(option)}")
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
