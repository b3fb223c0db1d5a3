"""What a daemon says when something goes wrong, in the words and kinds of wf's own errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator


_SERVER_ERROR = 500

Why = Literal["absent", "denied", "closed", "silent", "elsewhere", "old", "unknown"]
"""Why a daemon cannot be used: there is no socket; it may not be opened; nobody listens; nobody
answers in time; it is another machine's; it is too old; or something else."""


class Unreachable(Exception):  # noqa: N818 - a state of the daemon, which may pass
    """The daemon does not answer; ``str`` says why, and ``why`` is the kind of that."""

    def __init__(self, said: str, why: Why = "unknown") -> None:
        super().__init__(said)
        self.why = why


class Gone(Exception):  # noqa: N818 - the same
    """There is no such container any more."""


class Refused(Exception):  # noqa: N818 - the same
    """The daemon answers, and will not; ``str`` is what it says."""


@contextmanager
def spoken(address: str) -> Iterator[None]:
    """Turn what the SDK raises into what this package's docstrings name."""
    from docker.errors import APIError, DockerException, NotFound
    from requests.exceptions import RequestException

    try:
        yield
    except NotFound as error:
        raise Gone(error.explanation or str(error)) from error
    except APIError as error:
        if (
            error.response is not None
            and error.response.status_code >= _SERVER_ERROR
            and not error.explanation
        ):
            raise Unreachable(str(error)) from error
        raise Refused(error.explanation or str(error)) from error
    except (DockerException, RequestException, OSError) as error:
        raise Unreachable(f"{address}: {error}") from error
