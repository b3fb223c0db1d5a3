"""Whether somebody listens at an address, who that is, and what to say of it when nobody does.

One question (``/_ping``) tells whether there is a daemon, which versions of the API it speaks and
whether it is Podman's, in a millisecond: before the SDK is asked for anything, as that would wait
for a minute and say in the words of its libraries what went wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner import envvars
from runner.containers.address import others
from runner.containers.faults import Unreachable
from runner.containers.wire import Question, exchange
from runner.errors import UNSATISFIABLE, WfError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.containers.address import Endpoint
    from runner.containers.faults import Why

# a daemon answers this at once however busy it is: it takes no lock of its own. Who plans a run
# asks it, and who carries it out once more: both together within five seconds
AT_ONCE_SECONDS = 2.5
_OK = 200
# Docker 19.03, the first with device requests; newest that the SDK was made for (docker 7.1)
_OLDEST = (1, 40)
_NEWEST = (1, 44)
_OTHERWISE = "--executor local runs it without a container"


class Greeting(NamedTuple):
    """What a daemon says of itself at once. ``api`` is the version to be spoken to it."""

    api: str
    podman: bool


def greet(endpoint: Endpoint) -> Greeting:
    """Ask a daemon who it is; it takes some seconds at most.

    Raises:
        Unreachable: it cannot be asked, or is none that wf can use.
    """
    if not endpoint.is_here:
        raise Unreachable(f"{endpoint.address} is on another machine", "elsewhere")
    answer = exchange(endpoint, Question("GET", "/_ping"), AT_ONCE_SECONDS).head
    if answer.status != _OK:
        raise Unreachable(f"{endpoint.address}: {answer.status} {answer.reason}")
    spoken = _version(answer.headers.get("api-version", ""))
    if spoken < _OLDEST:
        raise Unreachable(f"{endpoint.address}: it speaks version {spoken} of the API", "old")
    api = ".".join(map(str, min(spoken, _NEWEST)))
    return Greeting(api, "libpod-api-version" in answer.headers)


def _version(written: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in written.split("."))
    except ValueError:
        return ()


def no_daemon(endpoint: Endpoint, error: Unreachable, variables: Mapping[str, str]) -> WfError:
    """There is nobody to ask: why, and what helps."""
    said, help_ = _words(endpoint, error.why, variables)
    return WfError(
        UNSATISFIABLE,
        f"no container can be started: {said}",
        hint=f"{help_}; {_OTHERWISE}",
        details=str(error) if error.why == "unknown" else None,
    )


def _words(endpoint: Endpoint, why: Why, variables: Mapping[str, str]) -> tuple[str, str]:
    where = endpoint.socket or endpoint.address
    where += f" ({endpoint.said_by})" if endpoint.said_by else ""
    words: dict[Why, tuple[str, str]] = {
        "absent": (f"no daemon listens at {where}", _instead(endpoint, variables)),
        "denied": (
            f"you may not use the daemon at {where}",
            "`sudo usermod -aG docker $USER` lets you, from your next login on",
        ),
        "closed": (f"the daemon at {where} is not running", _start(endpoint)),
        "silent": (
            f"the daemon at {where} does not answer",
            "look whether `docker info` comes back, and start the daemon anew if not",
        ),
        "elsewhere": (
            f"{where} is another machine, which cannot see the folders of this one",
            f"{_undo(endpoint)}, or run wf on that machine",
        ),
        "old": (f"the daemon at {where} is too old", "wf needs Docker 19.03 or newer"),
        "unknown": (f"the daemon at {where} does not answer as one", _start(endpoint)),
    }
    return words[why]


def _instead(endpoint: Endpoint, variables: Mapping[str, str]) -> str:
    found = [address for address in others(variables) if address != endpoint.address]
    if found:
        return f"`export DOCKER_HOST={found[0]}` takes one that is here"
    return _start(endpoint)


def _start(endpoint: Endpoint) -> str:
    if endpoint.said_by:
        return f"start it, or {_undo(endpoint)}"
    return "install Docker, or start it: `sudo systemctl start docker`"


def _undo(endpoint: Endpoint) -> str:
    if endpoint.said_by == envvars.DOCKER_HOST:
        return "`unset DOCKER_HOST`"
    return "`docker context use default`"
