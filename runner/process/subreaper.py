"""A job's orphans become our children, not init's: PR_SET_CHILD_SUBREAPER (prctl(2))."""

from __future__ import annotations

_PR_SET_CHILD_SUBREAPER = 36


def adopt(*, orphans: bool) -> bool:
    """Whether orphans below this process come to it from now on; whether that could be set.

    To be set before a job is started: a shell makes its first orphan within a millisecond.
    """
    try:
        # the package around it, `ctypes`, takes three times as long to load: 2.3 ms of every run
        import _ctypes

        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type] # this very program
        function = _ctypes.dlsym(library, "prctl")
        arguments = (_PR_SET_CHILD_SUBREAPER, int(orphans), 0, 0, 0)
        return bool(_ctypes.call_cdeclfunction(function, arguments) == 0)
    except (ImportError, OSError, AttributeError):  # no Linux
        return False
