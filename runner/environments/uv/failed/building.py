"""A package without a wheel has to be built here, and its build fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.environments.uv.failed.cause import Cause
from runner.environments.uv.failed.unsatisfied import unsatisfied
from runner.units import quoted

if TYPE_CHECKING:
    from runner.environments.uv.failed.cause import Asked
    from runner.environments.uv.failed.said import Said

_FAILED = re.compile(r"[Ff]ailed to (?:download and )?build `([^`]+)`")
_INCLUDED = re.compile(r"`([^`]+)` \([^)]*\) depends on `([^`]+)`")
_HEADER = re.compile(r"([\w./+-]+\.h(?:pp)?)(?:: No such file|' file not found)")
_LIBRARY = re.compile(r"cannot find -l(\w[\w+-]*)")
_MODULE = re.compile(r"ModuleNotFoundError: No module named '([^'.]+)")
_COMMAND = re.compile(
    r"No such file or directory: '([^'/]+)'"
    r"|command '([^']+)' failed: No such file"
    r"|(?:^|[\s/])([\w+-]+): (?:command )?not found"
    r"|unable to execute '([^']+)'"
)
# Debian's packages with the headers, libraries and programs that builds of machine learning's
# packages most often lack; the other systems' are called much the same
_DEBIAN = {
    "sndfile.h": "libsndfile1-dev", "portaudio.h": "portaudio19-dev", "mpi.h": "libopenmpi-dev",
    "ffi.h": "libffi-dev", "zlib.h": "zlib1g-dev", "jpeglib.h": "libjpeg-dev",
    "openssl/ssl.h": "libssl-dev", "openssl/opensslv.h": "libssl-dev", "hdf5.h": "libhdf5-dev",
    "libpq-fe.h": "libpq-dev", "mysql.h": "default-libmysqlclient-dev", "lzma.h": "liblzma-dev",
    "bzlib.h": "libbz2-dev", "sqlite3.h": "libsqlite3-dev", "cblas.h": "libopenblas-dev",
    "geos_c.h": "libgeos-dev", "gdal.h": "libgdal-dev", "proj.h": "libproj-dev",
    "libxml/xpath.h": "libxml2-dev", "libxml/xmlversion.h": "libxml2-dev",
    "numa.h": "libnuma-dev", "ibverbs.h": "libibverbs-dev", "X11/Xlib.h": "libx11-dev",
    "GL/gl.h": "libgl-dev", "graphviz/cgraph.h": "libgraphviz-dev", "boost/version.hpp":
    "libboost-dev", "Eigen/Core.h": "libeigen3-dev", "snappy-c.h": "libsnappy-dev",
    "gcc": "build-essential", "cc": "build-essential", "g++": "build-essential",
    "c++": "build-essential", "x86_64-linux-gnu-gcc": "build-essential",
    "aarch64-linux-gnu-gcc": "build-essential", "make": "build-essential", "clang": "clang",
    "cmake": "cmake", "ninja": "ninja-build", "gfortran": "gfortran", "swig": "swig",
    "pkg-config": "pkg-config", "git": "git", "cargo": "cargo", "rustc": "rustc",
    "mpicc": "libopenmpi-dev", "nvcc": "nvidia-cuda-toolkit", "pg_config": "libpq-dev",
    "gdal-config": "libgdal-dev", "llvm-config": "llvm-dev", "protoc": "protobuf-compiler",
    "lsndfile": "libsndfile1-dev", "lopenblas": "libopenblas-dev", "lz": "zlib1g-dev",
}  # fmt: skip
_ASK_FOR_ONE = re.compile(
    r"\b(cmake|ninja|cargo|rustc|gcc|swig|git)\b[^.]* (?:must be installed|is required|not found"
    r"|is not installed|executable)", re.IGNORECASE,
)  # fmt: skip
_NOISE = re.compile(
    r"^(?:File |Traceback|During handling|The above exception|compilation terminated|note:|hint:"
    r"|\[end of output\]|[\^~]+$|\d* ?\||raise |error: subprocess-exited)"
)
_ERROR = re.compile(r"\b(?:[A-Za-z.]*(?:Error|Exception)|error|fatal|FAILED)\b", re.IGNORECASE)


def build_failed(said: Said, asked: Asked) -> Cause | None:
    """What the build lacks, or its last meaningful line."""
    failed = _FAILED.search(said.error)
    if failed is None or "Git operation failed" in said.error:
        return None
    what = f"{_culprit(failed[1], said, asked)} has no wheel for Python {asked.python} here, "
    what += "and its build fails"
    missing, package = _missing(said, asked.python)
    other = f"choose a version of it with a wheel for Python {asked.python}"
    if missing and package:
        return Cause(f"{what}: {missing} is missing", f"apt install {package}, or {other}")
    if missing:
        return Cause(f"{what}: {missing} is missing", f"install it, or {other}")
    module = _module(said)
    if module:
        return Cause(
            f"{what}: it imports {module}, which it does not say it needs",
            f"{other}; an old package often builds with --as-of and the date it is from",
        )
    last = _last(said.build) or _needs(said, asked)
    return Cause(f"{what}: {last}" if last else what, f"{other}, or install what its build needs")


def _culprit(built: str, said: Said, asked: Asked) -> str:
    """The requirement, and the one that wants it if nobody wrote it."""
    told = asked.who(built)
    for hint in said.hints:
        chain = _INCLUDED.findall(hint)
        by = next((asked.who(who) for who, _ in chain if asked.about(who)), None)
        if by:
            return f"{told}, which {by} needs,"
    return told


def _missing(said: Said, python: str) -> tuple[str | None, str | None]:
    """The header, library or program that a build lacks, and the package that has it."""
    text = "\n".join(said.build)
    header = _HEADER.search(text)
    if header:
        name = header[1].removeprefix("./")
        return f"the header {name}", _package(name, python)
    library = _LIBRARY.search(text)
    if library:
        return f"the library lib{library[1]}", _DEBIAN.get(f"l{library[1]}")
    command = _COMMAND.search(text) or _ASK_FOR_ONE.search(text)
    if command:
        name = next(found for found in command.groups() if found)
        return f"the program {name}", _DEBIAN.get(name.lower())
    return None, None


def _package(header: str, python: str) -> str | None:
    if header.endswith("Python.h"):
        return f"python{'.'.join(python.split('.')[:2])}-dev"
    return _DEBIAN.get(header)


def _module(said: Said) -> str | None:
    found = [match for line in said.build if (match := _MODULE.search(line))]
    return f"`{found[-1][1]}`" if found else None


def _needs(said: Said, asked: Asked) -> str | None:
    """What the build itself would have had to install first."""
    cause = unsatisfied(said, asked)
    return cause.message if cause else None


def _last(build: tuple[str, ...]) -> str | None:
    lines = [line.strip() for line in build if line.strip()]
    told = [line for line in lines if not _NOISE.match(line)]
    errors = [line for line in told if _ERROR.search(line)]
    chosen = errors or told
    return quoted(chosen[-1]) if chosen else None
