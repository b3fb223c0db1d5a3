"""Places on this machine that packages come from, for whoever installs somewhere else.

Folders, pages of an index, archives, constraints and certificates, as settings and requirements
name them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAMED = re.compile(r"(?:file://(?:localhost)?|(?<![\w:/.]))(/[^\s\"'#;,\]]+)")
# variables that name places on this machine
_PLACES = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
    "UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_CONFIG_FILE",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "NETRC",
)  # fmt: skip
# pages of an index (PEP 503) refer to files beside this folder
_PAGES = "simple"
# folders that an image has a system in (Filesystem Hierarchy Standard 3.0): with one of this
# machine over it, it has neither its programs nor its Python
_LIBRARIES = r"lib(?:x?32|64|exec)?"
_SYSTEM = re.compile(
    rf"//?(?:boot|dev|etc|opt|proc|root|run|s?bin|sys|tmp|var|{_LIBRARIES}"
    rf"|usr(?:/local)?(?:/(?:include|s?bin|share|{_LIBRARIES}))?)?"
)


def places(variables: Mapping[str, str], texts: Iterable[str]) -> Iterator[Path]:
    """Files and folders of this machine that the settings and the ``texts`` name.

    What they name is there for an image at the same path, so that it is no folder of a system.
    """
    said = [variables[name] for name in _PLACES if name in variables]
    for text in (*said, *texts):
        for named in _NAMED.findall(text):
            path = Path(os.path.normpath(unquote(named)))
            path = path.parent if path.name == _PAGES else path
            if not _SYSTEM.fullmatch(str(path)) and path.exists():
                yield path
