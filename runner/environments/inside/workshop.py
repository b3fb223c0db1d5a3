"""uv at work inside an image: in a container that is there for one command.

The interpreter is the image's, and so is the C library that wheels are chosen by; uv itself, its
cache and the environment's folder are those of this machine, at the paths that they have here.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from runner.containers.errands import errand
from runner.containers.faults import Gone, Refused, Unreachable
from runner.containers.values import BUILD_LABEL, ContainerSpec, Mount
from runner.environments.inside.named import named
from runner.environments.inside.sights import Caches, mounts, settings, uv_cache
from runner.environments.inside.told import given, split, written
from runner.environments.places import places
from runner.errors import ENVIRONMENT, UNSATISFIABLE, WfError
from runner.plan.requirements import numbered
from runner.plan.requirements.variables import PROJECT, names
from runner.process.helpers import Completed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.containers.daemon import Daemon
    from runner.environments.interface import Build
    from runner.plan.environment import EnvironmentSpec
    from runner.terminal import WindowSize

_HOME = "/tmp"  # noqa: S108 - in a container that is gone in a moment
_HIDDEN = "/run/wf-variables"
# reads what must not be seen from outside, and becomes the program
_READER = ("/bin/sh", "-c", '. "$0"; exec "$@"', _HIDDEN)
_NOT_STARTED = (126, 127)


class _Way(NamedTuple):
    """How a command is run: in a ``folder`` that it writes to, as it does to ``more``.

    ``terminal`` is the size of its own, if it has one. By ``labels`` its container is found again.
    """

    folder: Path
    more: tuple[Path, ...] = ()
    terminal: tuple[int, int] | None = None
    labels: Mapping[str, str] = MappingProxyType({})


class Inside:
    """An image, by its id."""

    # what the image has is what a job in it expects to find
    venv_words: Sequence[str] = ("--system-site-packages",)

    def __init__(
        self,
        daemon: Daemon,
        image: str,
        *,
        texts: tuple[str, ...] = (),
        names: frozenset[str] = frozenset(),
        own_python: bool = False,
    ) -> None:
        """``texts`` may name places to install from, and refer to the variables ``names``.

        With ``own_python`` the image's interpreter is taken, whatever version it is.
        """
        self._daemon = daemon
        self._image = image
        self._texts = texts
        self._names = names
        self._own_python = own_python

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        build: Build,
        on_output: Callable[[bytes], None],
        terminal: WindowSize,
    ) -> int:
        """In a container of its own, after that of a wf that was killed has ended."""
        root = build.destination.root
        self._end_former(root)
        more = () if build.project is None else (build.project,)
        size = (terminal.rows, terminal.columns)
        said = bytearray()

        def take(chunk: bytes, _stderr: bool) -> None:  # noqa: FBT001 - as an errand calls it
            said[:] = (said + chunk)[-1000:]
            on_output(chunk)

        code = self._errand(_Way(root, more, size, {BUILD_LABEL: str(root)}), argv, env, take)
        if code in _NOT_STARTED and b"exec " in said:
            raise self._does_not_run(bytes(said).decode(errors="replace"))
        return code

    def capture(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float | None
    ) -> Completed | None:
        """It cannot be told to take no longer than ``timeout``; uv has limits of its own."""
        del timeout
        streams = (bytearray(), bytearray())

        def take(chunk: bytes, stderr: bool) -> None:  # noqa: FBT001 - as an errand calls it
            streams[stderr].extend(chunk)

        try:
            code = self._errand(_Way(cwd), argv, env, take)
        except WfError:
            return None
        return Completed(code, bytes(streams[0]), bytes(streams[1]))

    def interpreter(self, version: str) -> str:
        """The version; or whatever the image calls ``python3``."""
        return "python3" if self._own_python else version

    def having(self, version: str) -> str:
        """Only another image has it."""
        return f"choose an image that has Python {version}"

    def base(self, python: Path) -> str:
        """Behind the environment's own link: further ones are not this machine's."""
        return os.readlink(python)

    def searching(self, variables: Mapping[str, str]) -> Mapping[str, str]:
        """Version managers of this machine have nothing in an image."""
        return variables

    def no_venv(
        self, version: str, uv: Path, variables: Mapping[str, str], said: str, log: Path
    ) -> WfError:
        """The image has no such Python."""
        del uv, variables
        what = "no Python" if self._own_python else f"no Python {version}"
        return WfError(
            UNSATISFIABLE,
            f"the image has {what}, which its packages are to be installed for",
            hint="choose an image that has it, or a version that it has: `python:`, --python",
            details=f"{said}\nthe whole log: {log}",
        )

    def _end_former(self, folder: Path) -> None:
        """The lock of a build does not reach into a container: one may write there still."""
        try:
            for container in self._daemon.labelled({BUILD_LABEL: str(folder)}):
                with suppress(Refused):  # it is being removed already
                    container.remove()
        except (Unreachable, Refused) as error:
            raise self._daemon.missing(error) from error

    @cached_property
    def _user(self) -> str:
        return self._daemon.caller()

    def _errand(
        self,
        way: _Way,
        argv: Sequence[str],
        env: Mapping[str, str],
        on_output: Callable[[bytes, bool], None],
    ) -> int:
        caches = Caches(uv_cache(env), way.folder)
        caches.uv.mkdir(parents=True, exist_ok=True)
        told = given({**self._daemon.proxies, **env}, self._names)
        shown, hidden = split(told, self._names)
        seen = [
            *mounts(caches, way.more, [Path(argv[0]), *places(env, self._texts)]),
            *settings(env, _HOME),
        ]
        with ExitStack() as stack:
            start: tuple[str, ...] = ()
            if hidden:
                file = stack.enter_context(NamedTemporaryFile(dir=way.folder, prefix=".variables-"))
                file.write(written(hidden))
                file.flush()
                seen.append(Mount(file.name, _HIDDEN))
                start = _READER
            words = (*start, *argv)
            spec = ContainerSpec(
                name="",
                image=self._image,
                entrypoint=words[:1],
                command=words[1:],
                variables={
                    **shown,
                    "HOME": _HOME,
                    "UV_CACHE_DIR": str(caches.uv),
                    "UV_PYTHON_DOWNLOADS": "never",
                    "UV_PYTHON_PREFERENCE": "only-system",
                    **({} if caches.linked else {"UV_LINK_MODE": "copy"}),
                },
                working_dir=str(way.folder),
                user=self._user,
                mounts=tuple(seen),
                network="host",
                labels=way.labels,
                terminal=way.terminal,
            )
            try:
                return errand(self._daemon, spec, on_output)
            except Unreachable as error:
                raise self._daemon.missing(error) from error
            except Refused as error:
                raise self._does_not_run(str(error)) from error
            except Gone as error:
                raise WfError(
                    ENVIRONMENT,
                    "the container that the environment was built in was removed meanwhile",
                    hint="run it again",
                    details=str(error),
                ) from error

    def _does_not_run(self, said: str) -> WfError:
        return WfError(
            ENVIRONMENT,
            "packages cannot be installed inside the image: uv does not start there",
            hint="it takes a Linux with glibc, such as Debian and its `-slim` images; or install "
            "the packages in the image itself, and leave out `requirements`",
            details=said.strip(),
        )


def workshop(
    daemon: Daemon, image: str, spec: EnvironmentSpec | None, texts: Sequence[str]
) -> Inside:
    """Where the environment of ``spec`` is built; ``texts`` name more that uv has to see."""
    if spec is None:
        return Inside(daemon, image, texts=tuple(texts))
    lines = [line.text for file in spec.requirements for line in numbered(file)]
    locked = spec.locked and spec.locked.pylock
    sources = () if spec.project is None else named(spec.project)
    said = (*texts, *lines, *spec.packages, locked or "", *sources)
    asked = frozenset(name for line in lines for name in names(line.replace(PROJECT, "")))
    return Inside(daemon, image, texts=said, names=asked, own_python=spec.any_python)
