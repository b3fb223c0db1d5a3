"""The functions of the system's own library that Python has no name for. Imports nothing of wf."""

from __future__ import annotations


def call(name: str, *arguments: int | bytes | None) -> int | None:
    """What a function answers; ``None`` where there is none of that name."""
    try:
        # the package around it, `ctypes`, takes three times as long to load
        import _ctypes

        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type] # this very program
        function = _ctypes.dlsym(library, name)
    except (ImportError, OSError, AttributeError):
        return None
    answer: int = _ctypes.call_cdeclfunction(function, arguments)
    return answer
