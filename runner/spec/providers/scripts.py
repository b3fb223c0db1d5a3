"""Providers that start a script: python and torchrun (hosted, 2022)."""

from __future__ import annotations

from typing import ClassVar

from runner.spec.forms import Count, PathBelow, Words
from runner.spec.providers.base import PythonVersionForm
from runner.spec.workflow import Launch, PythonScript, TorchrunScript


class ScriptForm(PythonVersionForm):
    """``python_script`` until 2022-05, then ``script``, then ``file``."""

    spellings: ClassVar[dict[str, tuple[str, ...]]] = {
        **PythonVersionForm.spellings,
        "script": ("script", "file", "python_script"),
    }
    wanted: ClassVar[tuple[str, ...]] = ("script",)

    script: PathBelow | None = None
    file: PathBelow | None = None
    python_script: PathBelow | None = None
    args: Words = ()

    def path(self) -> str:
        """The script, in whatever spelling."""
        return self.script or self.file or self.python_script or ""


class PythonForm(ScriptForm):
    """``provider: python``."""

    def launch(self) -> Launch:
        """``python SCRIPT ARGS``."""
        return PythonScript(self.path(), self.args)


class TorchrunForm(ScriptForm):
    """``provider: torchrun`` (2022-06 and 2022-07)."""

    nodes: Count = 1

    def launch(self) -> Launch:
        """``torchrun SCRIPT ARGS``."""
        return TorchrunScript(self.path(), self.args)

    def node_count(self) -> int:
        """``nodes``, each with the resources asked for."""
        return self.nodes
