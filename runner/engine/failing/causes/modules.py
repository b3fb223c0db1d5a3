"""Modules that cannot be imported."""

from __future__ import annotations

import posixpath
import re
import sys

from runner.engine.failing.causes.rule import Rule, Seen, rule
from runner.engine.failing.failure import Cause
from runner.plan.requirements.distributions import of_module

KIND = "missing_module"
_NORMALISED = re.compile(r"[-_.]+")


def _missing(seen: Seen) -> Cause | None:
    known, module = seen.known, seen["module"]
    top = module.partition(".")[0]
    own = _own(seen, top)
    if own is not None:
        return own
    package = of_module(module)
    if _NORMALISED.sub("-", package).lower() in known.packages:
        said = f"the installed version of {package} has no module `{module}`"
        where = known.requirements or "the requirements"
        return Cause(KIND, said, f"ask for another version of {package} in {where}")
    if top in sys.stdlib_module_names:
        said = f"this Python was built without its module `{top}`"
        return Cause(KIND, said, f"{known.again('--python')} with the version of another one")
    return Cause(KIND, f"the module `{module}` is not installed", known.add(package))


def _own(seen: Seen, top: str) -> Cause | None:
    """A module of the project that is not where Python looks."""
    known = seen.known
    beside = posixpath.dirname(known.script or "")
    for folder in dict.fromkeys(("", "src", beside)):
        stem = posixpath.join(folder, top)
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if known.copied(path):
                said = (
                    f"Python does not look for `{top}` where it lies, in {folder or 'the project'}"
                )
                return Cause(KIND, said, known.again(f"-e PYTHONPATH={folder or '.'}"))
            if known.in_project(path):
                said = f"{path} is not in the run's copy of the project, as git ignores it"
                return Cause(KIND, said, f"take {path} out of .gitignore, and run it again")
    return None


def _wanted(seen: Seen) -> Cause:
    package = seen["package"]
    return Cause(KIND, f"the package `{package}` is not installed", seen.known.add(package))


def _circle(seen: Seen) -> Cause:
    module, place = seen["module"], seen.reading.place
    said = f"`{module}` is imported while it is itself being imported"
    if place is not None and _imported_by_a_library(seen):
        hint = f"rename {place.path}: a package that `{module}` needs has the same name"
    else:
        hint = "let modules not import each other, and no file have the name of a package"
    return Cause("circular_import", said, hint)


def _imported_by_a_library(seen: Seen) -> bool:
    """Whether a package took the user's own file for one that it needs."""
    caller = seen.reading.caller
    return seen.known.below(caller) is None and caller != ""


RULES: tuple[Rule, ...] = (
    rule(r"No module named '?(?P<module>[\w.]{1,200}\w)'?", _missing),
    rule(r"partially initialized module '(?P<module>[\w.]{1,200})'", _circle),
    rule(r"Missing optional dependency '(?P<package>[\w.-]{1,100})'", _wanted),
    rule(r"Neither `(?P<package>[\w-]{1,100})` nor `[\w-]+` is available", _wanted),
    rule(
        r"^\w*(?:ImportError|ModuleNotFoundError|MisconfigurationException)\b[^\n]*\n?[^\n]*"
        r"pip install (?:-U |--upgrade )?[`'\"]?(?P<package>[a-zA-Z][\w.-]{0,100}(?:\[[\w,-]+\])?)",
        _wanted,
    ),
)
