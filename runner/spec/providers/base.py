"""What all providers share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from runner.spec.forms import PythonVersion, WorkflowForm

if TYPE_CHECKING:
    from runner.spec.workflow import Container, Launch, Service


class ProviderForm(WorkflowForm):
    """A workflow of one provider: some keys are spelled differently from era to era."""

    # neutral part -> its spellings; at most one of them may be written
    spellings: ClassVar[dict[str, tuple[str, ...]]] = {
        "variables": ("environment", "env"),
        "before": ("setup", "before_run"),
    }
    # parts that must be written, in one spelling or another
    wanted: ClassVar[tuple[str, ...]] = ()
    # a person works with it on the project's files
    edits: ClassVar[bool] = False

    @abstractmethod
    def launch(self) -> Launch:
        """How the job's process is started."""

    def python_version(self) -> str | None:
        """The Python that was asked for."""
        return self.python

    def container(self) -> Container | None:
        """The container it runs in, where it asks for one."""
        return None

    def packages(self) -> tuple[str, ...]:
        """Requirements that the provider itself has."""
        return ()

    def service(self) -> Service | None:
        """What it serves to a browser."""
        return None

    def node_count(self) -> int:
        """On how many nodes it runs."""
        return 1


class PythonVersionForm(ProviderForm):
    """A provider for which ``version`` is another spelling of ``python`` (2022)."""

    spellings: ClassVar[dict[str, tuple[str, ...]]] = {
        **ProviderForm.spellings,
        "python": ("python", "version"),
    }

    version: PythonVersion | None = None

    def python_version(self) -> str | None:
        """Either spelling."""
        return self.python or self.version
