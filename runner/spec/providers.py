"""The providers a workflow can name, each with the keys it takes and what they mean.

A new provider is a form here and a line in :data:`PROVIDERS`.
"""

from __future__ import annotations

from abc import abstractmethod
from types import MappingProxyType
from typing import ClassVar

from runner.spec.forms import Lines, PathBelow, Words, WorkflowForm
from runner.spec.workflow import Launch, PythonScript, ShellCommands


class ProviderForm(WorkflowForm):
    """What all providers share: some keys are spelled differently from era to era."""

    # neutral part -> its spellings; at most one of them may be written
    spellings: ClassVar[dict[str, tuple[str, ...]]] = {
        "python": ("python", "version"),
        "variables": ("environment", "env"),
    }
    # parts that must be written, in one spelling or another
    wanted: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def launch(self) -> Launch:
        """How the job's process is started."""


class PythonForm(ProviderForm):
    """``provider: python``. ``python_script`` until 2022-05, then ``script``, then ``file``."""

    spellings: ClassVar[dict[str, tuple[str, ...]]] = {
        **ProviderForm.spellings,
        "script": ("script", "file", "python_script"),
    }
    wanted: ClassVar[tuple[str, ...]] = ("script",)

    script: PathBelow | None = None
    file: PathBelow | None = None
    python_script: PathBelow | None = None
    args: Words = ()

    def launch(self) -> Launch:
        """``python SCRIPT ARGS``."""
        return PythonScript(self.script or self.file or self.python_script or "", self.args)


class BashForm(ProviderForm):
    """``provider: bash`` (from 2022-07)."""

    wanted: ClassVar[tuple[str, ...]] = ("commands",)

    commands: Lines | None = None

    def launch(self) -> Launch:
        """The commands of one bash."""
        return ShellCommands(self.commands or ())


PROVIDERS = MappingProxyType[str, type[ProviderForm]]({"python": PythonForm, "bash": BashForm})
