"""The variables of a job in a container, and which of them its daemon is not to know. Pure."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner import envvars
from runner.environments.interface import IMAGE
from runner.executors.docker.words import node
from runner.executors.nodes import told
from runner.executors.surroundings import variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job

# where an image says nothing (moby, `pkg/system/path_unix.go`)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
# what a shell can export
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# user information in an address (RFC 3986, 3.2.1): that of a proxy, or of an index of packages
_LOGIN = re.compile(r"://[^/?#\s]*@")


class Told(NamedTuple):
    """``public`` stand in what a daemon shows of a container, ``private`` do not."""

    public: Mapping[str, str]
    private: Mapping[str, str]

    def text(self) -> bytes:
        """The private ones, for a shell to read."""
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in self.private.items())
        return os.fsencode("".join(lines))


def told_inside(
    job: Job, environment: Environment, lease: Lease, context: Context, home: str | None
) -> Told:
    """All that a job is told; ``home`` is its home folder, ``None`` for the image's own.

    What the image sets takes the place of what the caller has.
    """
    set_there = dict(context.image.variables) if context.image else {}
    there = {**_of_image(job, context, set_there, home), **dict(environment.variables)}
    if environment.kind == IMAGE and job.installs and home is not None:
        # where pip puts commands for who may not write into the system
        there["PATH"] = f"{posixpath.join(home, '.local/bin')}:{there['PATH']}"
    own = replace(context, variables=there)
    seen = _as_inside(lease)
    nodes = [variables(job, environment, seen, own, rank) for rank in range(job.nodes)]
    given = dict(nodes[0])
    if job.nodes > 1:
        words = node(job, environment, context) or ()
        given |= told(words, nodes, job, seen, context.notes)
    # tini passes signals on to all that the job has started, as they reach all of a local job
    given[envvars.TINI_GROUP] = "1"
    private = _private(given, job, context)
    public = {
        name: value
        for name, value in given.items()
        if name not in private and set_there.get(name) != value
    }
    return Told(public, {name: given[name] for name in sorted(private)})


def _of_image(
    job: Job, context: Context, set_there: Mapping[str, str], home: str | None
) -> dict[str, str]:
    caller = context.variables
    names = (name for lower in _PROXIES for name in (lower, lower.upper()))
    own = {name: caller[name] for name in names if name in caller}
    login = {"USER": context.login, "LOGNAME": context.login} if context.login else {}
    return {
        **own,
        "PATH": _PATH,
        **set_there,
        # as with `docker run`, they go before the image's
        **{name: value for name, value in context.proxies.items() if name not in own},
        **({} if home is None else {"HOME": home}),
        **login,
        **{name: caller[name] for name in job.passed if name in caller},
    }


def _private(given: Mapping[str, str], job: Job, context: Context) -> set[str]:
    """Those that hold a secret, or what stands nowhere else either."""
    token = job.service and job.service.token_variable
    hidden = {*context.secrets, *job.passed, *([token] if token else [])}
    secrets = [value for value in context.secrets.values() if value]
    found = {
        name
        for name, value in given.items()
        if name in hidden or any(secret in value for secret in secrets) or _LOGIN.search(value)
    }
    if found:
        # it has variables of the other nodes in it
        found |= {envvars.NODES} & given.keys()
    return {name for name in found if _NAME.fullmatch(name)}


def _as_inside(lease: Lease) -> Lease:
    """A container counts the GPUs that it sees, in the order of the PCI bus."""
    order = sorted(range(len(lease.gpus)), key=lambda place: lease.gpus[place].index)
    places = {place: number for number, place in enumerate(order)}
    gpus = tuple(replace(gpu, index=places[place]) for place, gpu in enumerate(lease.gpus))
    return replace(lease, gpus=gpus)
