"""Looking at a project for what could be run there: files are read, nothing is executed."""

from __future__ import annotations

import os
import posixpath
import re
import sys
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from runner.plan.environment import RequirementFile
from runner.plan.requirements import read
from runner.plan.requirements.distributions import of_module
from runner.plan.sources.paths import included
from runner.spec.starter import Requirements, Script, Survey
from runner.workspace.script import FRAMEWORKS, Facts, facts
from runner.workspace.snapshot import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MAX_NAMES = 200_000
_MAX_FILES = 2000
_MAX_BYTES = 1 << 20
_MAX_SCRIPTS = 10
_TRAINS = re.compile(r"(pre)?(train|fit|fine_?tune)(er|ing)?([_-].*)?|.*[_-](train|fit|finetune)")
_STARTS = frozenset({"main", "run", "__main__"})
# files that are run by something else
_OTHERS = re.compile(
    r"(.*/)?(tests?|docs?|\..*)/.*|(.*/)?(test_.*|.*_test|conftest|setup|noxfile|tasks)\.py"
)
_PREFERRED = ("requirements.txt", "base.txt", "main.txt", "train.txt")
_FOR_OTHERS = re.compile(r"dev|test|doc|lint|build", re.IGNORECASE)
_DEPENDENCIES = re.compile(r"^\s*(dependencies\s*=|\[tool\.poetry\.dependencies\])", re.MULTILINE)


def survey(root: Path, listed: list[str] | None, chosen: tuple[str, ...] = ()) -> Survey:
    """What can be run in the project at ``root``.

    ``listed`` is what git knows of it, or ``None``; ``chosen`` names the scripts, instead of those
    that look like training.
    """
    files = _python_files(root, listed)
    for path in chosen:
        files.setdefault(path, _read(root / path))
    known = {path: found for path, text in files.items() if (found := facts(text)) is not None}
    scripts = chosen or tuple(_training(known))[:_MAX_SCRIPTS]
    return Survey(tuple(_script(root, path, known) for path in scripts), _declared(root))


def _python_files(root: Path, listed: list[str] | None) -> dict[str, str]:
    there: list[str] = []
    with suppress(OSError):  # a folder that cannot be listed: what was found before it will do
        for name in islice(names(root, listed, ()), _MAX_NAMES):
            if name.endswith(".py"):
                there.append(name)  # noqa: PERF401 - what was found must outlive the error
    there.sort(key=lambda name: (name.count("/"), name))
    return {name: _read(root / name) for name in there[:_MAX_FILES]}


def _read(path: Path) -> str:
    """The text of a file as Python reads it; nothing for what is no small file."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
    except OSError:
        return ""


# --- which files are scripts ----------------------------------------------------------------------


def _training(known: Mapping[str, Facts]) -> list[str]:
    """The files that look like training, else those that look like the way in."""
    runnable = [path for path, found in known.items() if found.acts and not _OTHERS.fullmatch(path)]
    stems = {path: posixpath.splitext(posixpath.basename(path))[0] for path in runnable}
    training = [
        path
        for path in runnable
        if _TRAINS.fullmatch(stems[path])
        or (_uses(path, known) and (known[path].guarded or stems[path] in _STARTS))
    ]
    if training:
        return training
    return [path for path in runnable if stems[path] in _STARTS or known[path].guarded]


def _uses(path: str, known: Mapping[str, Facts]) -> bool:
    """Whether a script trains with something, itself or in the modules it imports."""
    return not FRAMEWORKS.isdisjoint(
        name.partition(".")[0] for own in _closure(path, known) for name in known[own].imports
    )


# --- a script with the modules of the project that it imports -------------------------------------


def _closure(path: str, known: Mapping[str, Facts]) -> list[str]:
    found = [path]
    for current in found:  # grows while it is gone through
        for name in known[current].imports:
            found += [own for own in _modules(name, current, path, known) if own not in found]
    return found


def _modules(name: str, importer: str, script: str, known: Mapping[str, Facts]) -> Iterator[str]:
    """The files of the project that a dotted name stands for, as Python would look for them."""
    plain = name.lstrip(".")
    dots = len(name) - len(plain)
    folder = posixpath.dirname(importer if dots else script)
    for _ in range(dots - 1):
        folder = posixpath.dirname(folder)
    # a script's own folder comes first; a package that is worked on often lies at the top
    for base in (folder,) if dots else (folder, "", "src"):
        module = posixpath.join(base, *plain.split("."))
        for file in (f"{module}.py", posixpath.join(module, "__init__.py")):
            if file in known:
                yield file
                return


def _script(root: Path, path: str, known: Mapping[str, Facts]) -> Script:
    if path not in known:  # it was named, and is no Python that can be read
        return Script(path, requirements=_requirements(root, path))
    own = [known[module] for module in _closure(path, known)]
    return Script(
        path=path,
        requirements=_requirements(root, path),
        packages=tuple(_packages(path, known)),
        options=known[path].options,
        outputs=tuple(dict.fromkeys(output for found in own for output in found.outputs)),
        uses_gpu=any(found.uses_gpu for found in own),
        needs_gpu=any(found.needs_gpu for found in own),
    )


def _packages(path: str, known: Mapping[str, Facts]) -> Iterator[str]:
    """What is imported that is neither of the project nor of Python."""
    said = set()
    for module in _closure(path, known):
        for name in known[module].imports:
            top = name.partition(".")[0]
            if not top or top in said or top in sys.stdlib_module_names:
                continue
            said.add(top)
            if not any(_modules(top, module, path, known)) and not _is_folder(top, path, known):
                yield of_module(top)


def _is_folder(top: str, script: str, known: Mapping[str, Facts]) -> bool:
    """A package without an ``__init__.py``."""
    folders = {posixpath.join(posixpath.dirname(script), top), top}
    return any(path.startswith(tuple(f"{folder}/" for folder in folders)) for path in known)


# --- what it needs --------------------------------------------------------------------------------


def _requirements(root: Path, script: str) -> Requirements | None:
    """The nearest requirements file, from the script's folder upwards."""
    folder = posixpath.dirname(script)
    while True:
        for path in _candidates(root, folder):
            return Requirements(path, _problem(root, path))
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _candidates(root: Path, folder: str) -> list[str]:
    """Requirement files of a folder and its folder ``requirements``, the likeliest first."""
    found = []
    for place in (folder, posixpath.join(folder, "requirements")):
        try:
            there = sorted(os.listdir(root / place))
        except OSError:
            continue
        is_own = posixpath.basename(place) == "requirements"
        found += [
            posixpath.join(place, name)
            for name in there
            if name.endswith(".txt") and (is_own or name.startswith("requirements"))
            and (root / place / name).is_file()
        ]  # fmt: skip
    return sorted(found, key=_likelihood)


def _likelihood(path: str) -> tuple[bool, bool, str]:
    name = posixpath.basename(path)
    return (bool(_FOR_OTHERS.search(name)), name not in _PREFERRED, path)


def _problem(root: Path, path: str) -> str | None:
    """Why nothing can be installed from a file, and the files it includes."""
    waiting = [path]
    for current in waiting:  # grows while it is gone through
        if not (root / current).is_file():
            return f"{path} includes {current}, which is not there"
        known = read(RequirementFile(current, _read(root / current)))
        for problem in known.problems:
            line = problem.place.line if problem.place else 1
            return f"{current}:{line}: {problem.message}"
        others = (included(current, one) for one in known.includes)
        waiting += [other for other in others if other not in waiting]
    return None


def _declared(root: Path) -> bool:
    return bool(_DEPENDENCIES.search(_read(root / "pyproject.toml")))
