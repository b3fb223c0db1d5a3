"""Python's own standard library (docs.python.org, "What's New", the sections "Removed")."""

from __future__ import annotations

from runner.plan.ageing.rules import PYTHON, Release, Removal, names

_PY_3_8 = Release(PYTHON, "3.8", "2019-10-14")
_PY_3_9 = Release(PYTHON, "3.9", "2020-10-05")
_PY_3_10 = Release(PYTHON, "3.10", "2021-10-04")
_PY_3_11 = Release(PYTHON, "3.11", "2022-10-24")
_PY_3_12 = Release(PYTHON, "3.12", "2023-10-02")
_PY_3_13 = Release(PYTHON, "3.13", "2024-10-07")

_ABSTRACT = (
    "Callable", "Container", "Generator", "Hashable", "Iterable", "Iterator", "Mapping",
    "MappingView", "MutableMapping", "MutableSequence", "MutableSet", "Sequence", "Set", "Sized",
)  # fmt: skip

ROWS: tuple[Removal, ...] = (
    *names(
        _PY_3_8,
        {
            "time.clock": "time.perf_counter",
            "cgi.escape": "html.escape",
            "platform.linux_distribution": "platform.freedesktop_os_release",
        },
    ),
    *names(
        _PY_3_9,
        {
            "fractions.gcd": "math.gcd",
            "base64.encodestring": "base64.encodebytes",
            "base64.decodestring": "base64.decodebytes",
        },
    ),
    *names(_PY_3_10, {f"collections.{name}": f"collections.abc.{name}" for name in _ABSTRACT}),
    *names(
        _PY_3_11,
        {
            "asyncio.coroutine": "async def",
            "inspect.getargspec": "inspect.getfullargspec",
        },
    ),
    *names(
        _PY_3_12,
        {
            "imp": "importlib",
            "asyncore": "asyncio",
            "smtpd": None,
            "configparser.SafeConfigParser": "configparser.ConfigParser",
            "ssl.wrap_socket": "ssl.create_default_context().wrap_socket",
        },
    ),
    *names(
        _PY_3_13,
        {
            "cgi": None,
            "crypt": None,
            "imghdr": None,
            "pipes": "shlex.quote",
            "sndhdr": None,
            "telnetlib": None,
            "xdrlib": None,
        },
    ),
)
"""All of it."""
