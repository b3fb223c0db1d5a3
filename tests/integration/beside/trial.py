"""A workflow's script, run in this process: what is imported once serves several trainings."""

from __future__ import annotations

import importlib
import io
import os
import runpy
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from types import ModuleType


def run(script: Path, folder: Path, *words: str | Path, **variables: str) -> str:
    """What ``python SCRIPT WORDS`` prints, with more variables, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    before, said = os.getcwd(), io.StringIO()
    os.chdir(folder)
    forget_modules(script.parents[1])
    try:
        with (
            mock.patch.object(sys, "argv", [str(script), *map(str, words)]),
            mock.patch.object(sys, "path", [str(script.parent), *sys.path]),
            mock.patch.dict(os.environ, variables),
            redirect_stdout(said),
        ):
            runpy.run_path(str(script), run_name="__main__")
    finally:
        os.chdir(before)
    return said.getvalue()


def resume(script: Path, folder: Path, *words: str | Path) -> str:
    """The same for what a folder has, moved to one called ``on``, as `wf resume` has it done."""
    on = folder.with_name("on")
    shutil.copytree(folder, on)
    shutil.rmtree(folder / "model" / "checkpoints")
    last = str(on / "model" / "checkpoints" / "last.ckpt")
    return run(script, on, *words, WF_RESUME_CKPT=last, WF_RESUMED_FROM="it")


def modules(folder: Path, *names: str) -> list[ModuleType]:
    """Modules of a workflow's folder, whichever of the same names there were before."""
    forget_modules(folder.parent)
    with mock.patch.object(sys, "path", [str(folder), *sys.path]):
        return [importlib.import_module(name) for name in names]


def forget_modules(workflows: Path) -> None:
    """Each workflow has a ``data`` and a ``model`` of its own."""
    for name, module in list(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or "/")
        if path.parent.parent == workflows and path.parent.name != "common":
            del sys.modules[name]
