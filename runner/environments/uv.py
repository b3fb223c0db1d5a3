"""Virtual environments made by uv."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner import envvars
from runner.environments.installed import plain_lock
from runner.environments.interface import Build, Provisioned
from runner.environments.own import put_on_top
from runner.environments.pip_settings import NO_INDEX
from runner.errors import ENVIRONMENT, UNSATISFIABLE, WfError
from runner.events import PhaseProgress
from runner.process.helpers import capture, stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.environments.interface import Environment
    from runner.paths import EnvironmentPaths
    from runner.plan.plan import EnvironmentSpec, RequirementFile

# raised when what a build makes of the same inputs changes, so that old environments are left alone
_FORMAT = 1
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_DETAIL_LINES = 25
# docs.python.org, "What's New In Python 3.12": venv no longer installs setuptools
_LAST_WITH_SETUPTOOLS = 11
# variables of uv's that decide which versions are chosen, besides those that name indexes
_DECISIVE = frozenset(
    {"UV_NO_INDEX", "UV_PRERELEASE", "UV_RESOLUTION", "UV_EXCLUDE_NEWER", "UV_CONSTRAINT",
     "UV_OVERRIDE", "UV_TORCH_BACKEND", "UV_FORK_STRATEGY"}
)  # fmt: skip


class UvProvisioner:
    """Makes a virtual environment with ``uv venv`` and ``uv pip install``."""

    kind = "venv"

    def __init__(self, variables: Mapping[str, str], index: Mapping[str, str]) -> None:
        """``variables`` are the caller's; ``index`` what pip's configuration adds for uv."""
        dropped = envvars.INTERPRETER_VARIABLES | {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON"}
        self._variables = {k: v for k, v in variables.items() if k not in dropped} | dict(index)
        self._index = {
            key: value
            for key, value in sorted(self._variables.items())
            if key.startswith(("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS"))
            or key in _DECISIVE
        }
        self._configuration = _configuration(variables)

    def unavailable(self) -> str | None:
        """Whether there is a uv."""
        if _find_uv(self._variables) is None:
            return "uv, which builds environments, is not installed (pip install uv)"
        return None

    def fingerprint(self, spec: EnvironmentSpec) -> str:
        """Interpreter, platform, what the requirements say, and where packages come from."""
        from blake3 import blake3

        said = [
            f"format {_FORMAT}",
            f"python {spec.python}",
            f"platform {sys.platform} {os.uname().machine} {_libc()}",
            *(f"{key}={value}" for key, value in self._index.items()),
            self._configuration,
        ]
        for number, file in enumerate(spec.requirements):
            # an included file, or one that only constrains: where a line stands matters
            said += [f"file {number}", *(f"  {text}" for text in _texts(file))]
        said += [f"package {package}" for package in spec.packages]
        return str(blake3("\n".join(said).encode()).hexdigest()[:20])

    def provision(self, spec: EnvironmentSpec, build: Build) -> Provisioned:
        """``uv venv``, ``uv pip install`` where something is to be installed, and the lock."""
        uv = _find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        run = _Uv(uv, self._variables, build)
        run.venv(_interpreter(spec.python), spec.python)
        wanted = bool(spec.requirements or spec.packages)
        if wanted:
            for file in spec.requirements:
                _write(build.destination.requirements / file.path, file.text)
            run.install(spec)
        return Provisioned(run.version(), run.lock() if wanted else ())

    def own(self, shared: Environment, build: Build) -> Environment:
        """A virtual environment with pip and uv, on top of another."""
        uv = _find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        run = _Uv(uv, self._variables, build)
        run.venv(os.path.realpath(shared.executable), shared.python)
        run.install_pip()
        made = put_on_top(shared, build.destination)
        if not os.path.lexists(made.bin / "uv"):
            (made.bin / "uv").symlink_to(uv)  # today's images have it
        return made

    def installed(self, build: Build) -> tuple[str, ...]:
        """What lies in its own folder, and not what it sees of another."""
        uv = _find_uv(self._variables)
        if uv is None:
            raise WfError(ENVIRONMENT, str(self.unavailable()))
        return _Uv(uv, self._variables, build).lock()

    def health(self, paths: EnvironmentPaths) -> str | None:
        """Its interpreter may have been removed or upgraded away."""
        if paths.python.exists():
            return None
        return f"its interpreter {os.path.realpath(paths.python)} is gone"


class _Uv:
    """uv at work on one environment."""

    def __init__(self, uv: Path, variables: Mapping[str, str], build: Build) -> None:
        self._uv = uv
        self._variables = {**variables, "NO_COLOR": "1", "UV_NO_PROGRESS": "0"}
        self._build = build
        self._said = b""

    def venv(self, interpreter: str, version: str) -> None:
        """Make the bare environment."""
        self._build.observer.notify(PhaseProgress("env", f"python {version}: creating"))
        code = self._run("venv", "--no-project", "-q", "--python", interpreter,
                         str(self._build.destination.venv))  # fmt: skip
        if code:
            raise WfError(
                UNSATISFIABLE,
                f"there is no Python {version} on this machine, and none could be fetched",
                hint=f"install Python {version}, or choose another with --python",
                details=self._details(),
            )

    def install_pip(self) -> None:
        """What ``python -m venv`` installs: until 3.11, setuptools as well."""
        minor = int([*self.version().split("."), "0"][1])
        tools = ["pip"] if minor > _LAST_WITH_SETUPTOOLS else ["pip", "setuptools"]
        if self._pip_install(*tools):
            raise WfError(
                ENVIRONMENT,
                "cannot install pip, which the job's commands use",
                hint="name the packages in `requirements:` instead",
                details=self._details(),
            )

    def _pip_install(self, *words: str) -> int:
        own = ["--python", str(self._build.destination.python)]
        if self._variables.get(NO_INDEX):
            own.append("--no-index")  # uv knows no variable for it
        return self._run("pip", "install", *own, *words)

    def install(self, spec: EnvironmentSpec) -> None:
        """Install what the first file and the provider ask for."""
        words = list(spec.packages)
        for file in spec.requirements[:1]:
            words += ["-r", str(self._build.destination.requirements / file.path)]
        if self._pip_install(*words):
            details = self._details()
            culprit = _culprit(details, spec.requirements)
            entries = [file.path for file in spec.requirements[:1]] or spec.packages
            asked = f"what {entries[0]} asks for" if spec.requirements else ", ".join(entries)
            what = f"`{culprit[0]}` ({culprit[1]})" if culprit else asked
            raise WfError(
                ENVIRONMENT,
                f"cannot install {what}",
                hint="correct the requirement, or try again if the network was at fault",
                details=details,
            )

    def lock(self) -> tuple[str, ...]:
        """Every package with its version; uv is asked only for what it takes uv to tell."""
        plain = plain_lock(self._build.destination.venv)
        if plain is not None:
            return plain
        done = capture(
            [str(self._uv), "pip", "freeze", "--python", str(self._build.destination.python)],
            env=self._variables,
            cwd=self._build.destination.root,
        )
        if done is None or done.code:
            raise WfError(ENVIRONMENT, "uv could not list what it has installed")
        return tuple(done.stdout.decode().split("\n")[:-1])

    def version(self) -> str:
        """The interpreter's full version, from the environment's own description (PEP 405)."""
        described = (self._build.destination.venv / "pyvenv.cfg").read_text(encoding="utf-8")
        found = re.search(r"^version(?:_info)?\s*=\s*([0-9.]+)", described, re.MULTILINE)
        return found[1] if found else "unknown"

    def _run(self, *words: str) -> int:
        """Run uv with its output on the log and its last line shown as progress."""
        self._said = b""
        with open(self._build.log, "ab", opener=_private) as log:

            def take(chunk: bytes) -> None:
                log.write(chunk)
                self._said += chunk
                text = progress(self._said.decode(errors="replace"))
                if text:
                    self._build.observer.notify(PhaseProgress("env", text))

            # not in the project's folder: a uv.toml there must not turn the index
            return stream(
                [str(self._uv), *words],
                env=self._variables,
                cwd=self._build.destination.root,
                inherit=(self._build.lock,),
                on_output=take,
            )

    def _details(self) -> str:
        said = _ESCAPES.sub("", self._said.decode(errors="replace"))
        root = str(self._build.destination.requirements) + os.sep
        lines = said.replace(root, "").splitlines()
        told = [line for line in lines if line.strip() and not line.startswith("Using Python")]
        return "\n".join(told[-_DETAIL_LINES:])


def _private(path: str, flags: int) -> int:
    """What an installer says may hold addresses with passwords."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def progress(said: str) -> str:
    """What uv is doing, from all it has said so far without a terminal.

    It announces each large download, and its end; what comes after the last end is short.
    """
    lines = [_ESCAPES.sub("", line).strip() for line in said.splitlines()]
    begun = [line.removeprefix("Downloading ") for line in lines if line.startswith("Downloading ")]
    ended = {line.removeprefix("Downloaded ") for line in lines if line.startswith("Downloaded ")}
    going = [package for package in begun if package.split(" ")[0] not in ended]
    if going:
        return f"downloading, {len(ended)} of {len(begun)} done: {', '.join(going)}"
    told = [line for line in lines if line.startswith(("Resolved", "Prepared", "Installed"))]
    return told[-1].lower() if told else ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _texts(file: RequirementFile) -> list[str]:
    from runner.plan.requirements import lines

    return [line.text for line in lines(file.text)]


def _culprit(said: str, files: tuple[RequirementFile, ...]) -> tuple[str, str] | None:
    """The first requirement that uv's message names, with its file and line."""
    from runner.plan.requirements import lines

    words = {_normal(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*", said)}
    for file in files:
        for line in lines(file.text):
            name = re.match(r"[A-Za-z0-9][\w.-]*", line.text)
            if name and _normal(name[0]) in words:
                return line.text, f"{file.path}:{line.number}"
    return None


def _normal(name: str) -> str:
    """A package's name as uv prints it (PEP 503), without the full stop of a sentence."""
    return re.sub(r"[-_.]+", "-", name).strip("-").lower()


def _interpreter(version: str) -> str:
    """The interpreter of wf itself where it fits: it is here, and need not be looked for."""
    own = sys.version_info
    if version in {f"{own.major}.{own.minor}", f"{own.major}.{own.minor}.{own.micro}"}:
        base = Path(getattr(sys, "_base_executable", sys.executable) or sys.executable)
        return str(base)
    return version


def _configuration(variables: Mapping[str, str]) -> str:
    """What uv's own configuration says, the machine's and the user's: it may name indexes."""
    home = Path(variables.get("HOME") or "~").expanduser()
    user = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    named = variables.get("UV_CONFIG_FILE")
    said = []
    for path in [Path(named)] if named else [Path("/etc/uv/uv.toml"), user / "uv" / "uv.toml"]:
        with suppress(OSError, UnicodeDecodeError):
            said.append(path.read_text(encoding="utf-8"))
    return "\n".join(said)


def _libc() -> str:
    """The C library, which wheels are chosen by (PEP 600, PEP 656)."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return "" if sys.platform == "darwin" else "not glibc"


def _find_uv(variables: Mapping[str, str]) -> Path | None:
    """The uv that came with wf, else the first on ``PATH`` that is not in a relative folder."""
    beside = Path(sys.prefix) / "bin" / "uv"
    if os.access(beside, os.X_OK):
        return beside
    try:
        import uv

        return Path(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    folders = [part for part in variables.get("PATH", "").split(":") if part.startswith("/")]
    found = (Path(folder) / "uv" for folder in folders)
    return next((path for path in found if os.access(path, os.X_OK)), None)
