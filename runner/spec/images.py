"""What an image stands for without a container: an image of a bare Python is that Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.spec.notices import read_as

if TYPE_CHECKING:
    from runner.errors import Problem, Route

# Docker Hub's own images, and those that dstack chose itself (0.0.7 to 0.10:
# dstackai/miniconda, dstackai/miniforge, dstackai/base; hosted: dstackai/python)
_VERSION = r"(3\.(?:[6-9]|[1-9][0-9]))"
_PYTHON = re.compile(
    rf"(?:docker\.io/)?(?:library/)?python:{_VERSION}(?:\.\d{{1,2}})?(?:-[\w.-]+)?"
    rf"|(?:docker\.io/)?dstackai/(?:python|miniconda|miniforge|base):(?:py)?{_VERSION}(?:-[\w.-]+)?",
    re.ASCII,
)


def python_of(image: str) -> str | None:
    """The Python that an image is all about, such as ``3.9``, or ``None``."""
    found = _PYTHON.fullmatch(image)
    return (found[1] or found[2]) if found else None


def read_as_python(image: str, route: Route) -> Problem | None:
    """What is told of an image of a bare Python where no container is made of it."""
    python = python_of(image)
    if python is None:
        return None
    message = f"`{image}` is read as Python {python} on this machine"
    hint = "where a Docker daemon is set up, it runs in a container, unless with --executor local"
    return read_as(message, route, hint)
