"""Providers that start a tool: editors, notebooks, apps, and a download.

Each becomes commands of one shell. The tool is installed into the job's environment and listens, on
this machine alone, on a port that wf picks. Values of the file reach the shell quoted.
"""

from __future__ import annotations

import shlex
from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from runner.spec import text
from runner.spec.forms import PathBelow, Text, Words
from runner.spec.providers.base import ProviderForm
from runner.spec.providers.editor import START_EDITOR
from runner.spec.workflow import Launch, Ports, Service, ShellCommands

_HOST = "127.0.0.1"
# set by the first command
_PORT = '"$port"'

ToolVersion = Annotated[str, BeforeValidator(text.tool_version)]


class ToolForm(ProviderForm):
    """A tool that listens on a port. ``version`` is the tool's, not Python's."""

    package: ClassVar[str]
    # name, path, and the variable that takes the token
    served: ClassVar[tuple[str, str, str | None]]

    version: ToolVersion | None = None

    def packages(self) -> tuple[str, ...]:
        """The tool, in the version asked for."""
        return (f"{self.package}=={self.version}" if self.version else self.package,)

    def launch(self) -> Launch:
        """One command, which takes the place of the shell."""
        return ShellCommands((self.choose_port(), f"exec {self.command()}"))

    def choose_port(self) -> str:
        """The command that gives the tool its port: the one behind those of the workflow."""
        return f'port="$PORT_{self.ports.count}"'

    def requested_ports(self) -> Ports:
        """Those of the workflow, and the tool's."""
        return replace(self.ports, free=self.ports.free + 1)

    def service(self) -> Service:
        """What it serves."""
        name, path, variable = self.served
        return Service(name, path, variable, self.ports.count)

    @abstractmethod
    def command(self) -> str:
        """The command, for a shell."""


class JupyterForm(ToolForm):
    """Jupyter takes its token from ``JUPYTER_TOKEN``, where no list of processes shows it."""

    application: ClassVar[str]
    edits: ClassVar[bool] = True

    def command(self) -> str:
        """Jupyter, with no browser."""
        options = f"--no-browser --allow-root --ip={_HOST} --port={_PORT}"
        return f"jupyter {self.application} {options}"


class LabForm(JupyterForm):
    """``provider: lab``."""

    served: ClassVar[tuple[str, str, str | None]] = (
        "JupyterLab",
        "/lab?token={token}",
        "JUPYTER_TOKEN",
    )
    package: ClassVar[str] = "jupyterlab"
    application: ClassVar[str] = "lab"


class NotebookForm(JupyterForm):
    """``provider: notebook``."""

    served: ClassVar[tuple[str, str, str | None]] = (
        "Jupyter Notebook",
        "/tree?token={token}",
        "JUPYTER_TOKEN",
    )
    package: ClassVar[str] = "notebook"
    application: ClassVar[str] = "notebook"


class CodeForm(ToolForm):
    """``provider: code``: Visual Studio Code in a browser."""

    edits: ClassVar[bool] = True
    served: ClassVar[tuple[str, str, str | None]] = (
        "Visual Studio Code",
        "/?tkn={token}",
        "CONNECTION_TOKEN",
    )

    def packages(self) -> tuple[str, ...]:
        """None: it is no Python package."""
        return ()

    def launch(self) -> Launch:
        """The editor that is installed here, else the one that dstack fetched."""
        wanted = f"wanted={shlex.quote(self.version or '')}"
        return ShellCommands((self.choose_port(), wanted, START_EDITOR))

    def command(self) -> str:
        """All of it."""
        return START_EDITOR


class StreamlitForm(ToolForm):
    """``provider: streamlit``."""

    served: ClassVar[tuple[str, str, str | None]] = ("Streamlit", "/", None)
    package: ClassVar[str] = "streamlit"
    wanted: ClassVar[tuple[str, ...]] = ("target",)

    target: Text | None = None
    args: Words = ()

    def command(self) -> str:
        """Streamlit, with no browser and no question."""
        options = f"--server.address {_HOST} --server.port {_PORT} --server.headless true"
        quiet = "--browser.gatherUsageStats false"
        words = shlex.join([self.target or "", *self.args])
        return f"streamlit run {options} {quiet} {words}"


class GradioForm(ToolForm):
    """``provider: gradio``. The app takes address and port from Gradio's own variables."""

    served: ClassVar[tuple[str, str, str | None]] = ("Gradio", "/", None)
    package: ClassVar[str] = "gradio"
    wanted: ClassVar[tuple[str, ...]] = ("file",)

    file: PathBelow | None = None
    args: Words = ()

    def command(self) -> str:
        """The app."""
        where = f"GRADIO_SERVER_NAME={_HOST} GRADIO_SERVER_PORT={_PORT}"
        words = shlex.join([self.file or "", *self.args])
        return f"env {where} GRADIO_ANALYTICS_ENABLED=False python {words}"


class FastapiForm(ToolForm):
    """``provider: fastapi``: an app such as ``main:app``, served by uvicorn."""

    served: ClassVar[tuple[str, str, str | None]] = ("FastAPI", "/docs", None)
    package: ClassVar[str] = "fastapi"
    wanted: ClassVar[tuple[str, ...]] = ("app",)

    app: Text | None = None
    args: Words = ()
    uvicorn: Any = None

    def packages(self) -> tuple[str, ...]:
        """FastAPI, and the server."""
        return (*super().packages(), "uvicorn")

    def command(self) -> str:
        """Uvicorn."""
        words = shlex.join([self.app or "", *self.args])
        return f"python -m uvicorn --host {_HOST} --port {_PORT} {words}"


class TensorboardForm(ToolForm):
    """``provider: tensorboard``. ``runs`` named runs of the hosted service."""

    served: ClassVar[tuple[str, str, str | None]] = ("TensorBoard", "/", None)
    package: ClassVar[str] = "tensorboard"

    runs: Any = None
    logdir: PathBelow = "."

    def command(self) -> str:
        """TensorBoard."""
        return f"tensorboard --host {_HOST} --port {_PORT} --logdir {shlex.quote(self.logdir)}"


class CurlForm(ProviderForm):
    """``provider: curl``: a download."""

    wanted: ClassVar[tuple[str, ...]] = ("url", "output")

    url: Text | None = None
    output: PathBelow | None = None

    def launch(self) -> Launch:
        """curl, which fails where the server does."""
        words = shlex.join(["--output", self.output or "", "--url", self.url or ""])
        return ShellCommands((f"curl --location --fail --show-error --create-dirs {words}",))
