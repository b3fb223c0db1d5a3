"""Which version of a package an environment will have, as far as that is certain without an index.

Certain are a pin, a lock and a lower bound. Where nothing holds a package back, the newest version
is taken, which is at least the release asked about. Whatever else a requirement file holds may
hold it back (an old package that wants an old NumPy): then nothing is said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.plan import requirements
from runner.plan.ageing.rules import PYTHON, Removal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.specifiers import SpecifierSet

    from runner.plan.ageing.rules import Release
    from runner.plan.environment import EnvironmentSpec

# what a top-level module comes from, where it is not called the same
_FROM = {
    "PIL": ("pillow",),
    "lightning": ("lightning",),
    "pytorch_lightning": ("pytorch-lightning", "lightning"),
    "sklearn": ("scikit-learn",),
    "tensorflow": ("tensorflow", "tensorflow-gpu", "tensorflow-cpu"),
}
# what needs another one, so that it is there without having been asked for
_BROUGHT = {
    "numpy": (
        "lightning", "matplotlib", "pandas", "pytorch-lightning", "scikit-learn", "scipy",
        "torchmetrics", "torchvision",
    ),
    "pillow": ("matplotlib", "torchvision"),
    "scipy": ("scikit-learn",),
    "torch": ("lightning", "pytorch-lightning", "torchmetrics", "torchvision"),
    "torchmetrics": ("lightning", "pytorch-lightning"),
}  # fmt: skip
# what asks for no upper bound of the packages of our tables, in any version
_FREE = frozenset(
    {
        "click", "einops", "fire", "gdown", "hydra-core", "jsonargparse", "loguru", "omegaconf",
        "packaging", "pip", "psutil", "python-dotenv", "pytorch-lightning", "pyyaml", "requests",
        "rich", "six", "torch", "tqdm", "typing-extensions", "wheel",
    }
)  # fmt: skip
_LOCKED = re.compile(r'^name = "([^"\n]+)"\nversion = "([^"\n]+)"', re.MULTILINE)
_UPPER = frozenset({"<", "<=", "==", "===", "~="})
# options that say nothing about versions
_HARMLESS = re.compile(
    r"--?(?:r|c|requirement|constraint|index-url|i|extra-index-url|find-links|f)\b"
)


class Expected(NamedTuple):
    """Why a package will be there without what was removed.

    ``package`` is how the project names it. ``held`` is true where the versions are the user's own
    choice, so that no earlier day changes them; ``said`` ends a sentence.
    """

    package: str
    held: bool
    said: str


class _Asked(NamedTuple):
    specifier: SpecifierSet
    where: str


class Versions:
    """What one environment asks for, read once for all packages."""

    def __init__(self, spec: EnvironmentSpec, *, installs: bool = False) -> None:
        """``installs``: the job's commands install packages, which nobody knows before."""
        self._spec = spec
        self._asked: dict[str, list[_Asked]] = {}
        self._unknown = installs or bool(spec.local)
        self._locked = _locked(spec)
        for text, where in _lines(spec):
            self._note(text, where)

    @property
    def named(self) -> frozenset[str]:
        """The packages that are named, by their normal names (PEP 503)."""
        return frozenset(self._asked if self._locked is None else self._locked)

    def expected(self, removal: Removal, root: str) -> Expected | None:
        """Why a script that imports ``root`` will not find what was removed, if it is certain."""
        release = removal.release
        if release.package == PYTHON:
            return self._python(release)
        candidates = _FROM.get(root, (release.package,))
        if self._locked is not None:
            return self._by_lock(removal, candidates)
        package = next((name for name in candidates if name in self._asked), candidates[0])
        return self._by_requirements(removal, package)

    def pinned(self, package: str) -> str | None:
        """The one version of a package that the project asks for."""
        if self._locked is not None:
            return None  # whoever locks both has tried them together
        return _pin(self._asked.get(package, []))

    def lack(self, release: Release) -> bool:
        """Whether there will certainly be no older version than a release, if any at all."""
        if self._locked is not None:
            return False
        removal = Removal(release, "name", "", None)
        asked = self._asked.get(release.package, [])
        version = _pin(asked)
        if version is not None:
            return _gone(removal, version)
        return _only_newer(asked, removal) or self._takes_newest(removal, release.package, asked)

    def holds(self, release: Release) -> bool:
        """Whether the project itself asks for that release or a newer one, whatever the day."""
        if self._locked is not None:
            return True
        removal = Removal(release, "name", "", None)
        asked = self._asked.get(release.package, [])
        version = _pin(asked)
        return _only_newer(asked, removal) if version is None else _gone(removal, version)

    def _python(self, release: Release) -> Expected | None:
        from packaging.version import InvalidVersion, Version

        try:
            known = Version(self._spec.python) >= Version(release.version)
        except InvalidVersion:
            return None
        said = f"this workflow runs on {self._spec.python}"
        return Expected("Python", held=True, said=said) if known else None

    def _by_lock(self, removal: Removal, candidates: tuple[str, ...]) -> Expected | None:
        assert self._locked is not None  # noqa: S101 - asked for by the caller
        for package in candidates:
            version = self._locked.get(package)
            if version is not None and _gone(removal, version):
                return Expected(package, held=True, said=f"the lock has {version}")
        return None

    def _by_requirements(self, removal: Removal, package: str) -> Expected | None:
        asked = self._asked.get(package, [])
        version = _pin(asked)
        if version is not None:
            if not _gone(removal, version):
                return None
            return Expected(package, held=True, said=f"{asked[0].where} asks for {version}")
        if asked and _only_newer(asked, removal):
            return Expected(package, held=True, said=f"{asked[0].where} asks for newer ones")
        if not self._takes_newest(removal, package, asked):
            return None
        said = f"{asked[0].where} takes the newest" if asked else self._brought(package)
        return Expected(package, held=False, said=said) if said else None

    def _brought(self, package: str) -> str | None:
        for name in _BROUGHT.get(package, ()):
            if name in self._asked:
                return f"{name} ({self._asked[name][0].where}) brings the newest"
        return None

    def _takes_newest(self, removal: Removal, package: str, asked: list[_Asked]) -> bool:
        from packaging.version import InvalidVersion, Version

        release, spec = removal.release, self._spec
        if self._unknown or (spec.as_of is not None and spec.as_of < release.day):
            return False
        try:
            if Version(spec.python) < Version(release.python):
                return False
        except InvalidVersion:
            return False
        if any(not _allows(one, release.version) for one in asked):
            return False
        if removal.back is not None and (
            not any(_bounded(one.specifier) for one in asked)
            or all(_allows(one, removal.back) for one in asked)
        ):
            return False
        return all(
            self._leaves_free(name, others, release)
            for name, others in self._asked.items()
            if name != package
        )

    def _leaves_free(self, name: str, asked: list[_Asked], release: Release) -> bool:
        """Whether another requirement cannot hold the release back."""
        if not any(_bounded(one.specifier) for one in asked):
            return True
        needed = dict(release.needs).get(name)
        if needed is not None:
            return all(_reaches(one.specifier, needed) for one in asked)
        if name == "torch" and release.package in {"torchvision", "torchtext"}:
            return False
        return name in _FREE

    def _note(self, text: str, where: str) -> None:
        from packaging.requirements import InvalidRequirement, Requirement

        if text.startswith("-"):
            self._unknown = self._unknown or not _HARMLESS.match(text)
            return
        try:
            read = Requirement(
                re.sub(r"\s--(hash|config-settings|global-option)[=\s].*$", "", text)
            )
        except (InvalidRequirement, RecursionError):
            self._unknown = True
            return
        if read.url is not None:
            self._unknown = True
        elif read.marker is None or self._applies(read):
            found = self._asked.setdefault(normal(read.name), [])
            found.append(_Asked(read.specifier, where))

    def _applies(self, read: object) -> bool:
        """Whether the marker of a requirement holds for the workflow's Python on this platform."""
        marker = getattr(read, "marker", None)
        version = self._spec.python
        environment = {"python_version": ".".join(version.split(".")[:2]), "extra": ""}
        environment["python_full_version"] = version if version.count(".") > 1 else f"{version}.0"
        try:
            return bool(marker is not None and marker.evaluate(environment))
        except Exception:  # noqa: BLE001 - packaging names no base class for what markers raise
            self._unknown = True
            return False


def normal(name: str) -> str:
    """A package's normal name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(spec: EnvironmentSpec) -> Iterator[tuple[str, str]]:
    for file in spec.requirements:
        for line in requirements.lines(file.text):
            yield line.text, f"{file.path}:{line.number}"
    for package in spec.packages:
        yield package, "the workflow"


def _locked(spec: EnvironmentSpec) -> Mapping[str, str] | None:
    """Every package with its version, where that is settled."""
    if spec.locked is not None:
        pairs = (line.partition("==") for line in spec.locked.lock)
        return {normal(name): version for name, sign, version in pairs if sign}
    if spec.project is not None and spec.project.lock:
        return {normal(name): version for name, version in _LOCKED.findall(spec.project.lock)}
    return None


def _gone(removal: Removal, version: str) -> bool:
    """Whether a version lacks it."""
    from packaging.version import InvalidVersion, Version

    try:
        found = Version(version)
    except InvalidVersion:
        return False
    back = removal.back
    return found >= Version(removal.release.version) and (back is None or found < Version(back))


def _pin(asked: list[_Asked]) -> str | None:
    """The one version that is asked for."""
    for one in asked:
        for part in one.specifier:
            if part.operator in {"==", "==="} and not part.version.endswith(".*"):
                return part.version
    return None


def _only_newer(asked: list[_Asked], removal: Removal) -> bool:
    """Whether a lower bound leaves only versions without it."""
    if removal.back is not None:
        return False
    return any(
        part.operator in {">=", ">", "~=", "=="} and _gone(removal, part.version.removesuffix(".*"))
        for one in asked
        for part in one.specifier
    )


def _bounded(specifier: SpecifierSet) -> bool:
    return any(part.operator in _UPPER for part in specifier)


def _allows(one: _Asked, version: str) -> bool:
    """Whether a version is allowed, or an exclusion (``!=``) alone forbids it."""
    return all(
        part.operator == "!=" or part.contains(version, prereleases=True) for part in one.specifier
    )


def _reaches(specifier: SpecifierSet, needed: str) -> bool:
    """Whether a version of at least ``needed`` is allowed, or is the only one."""
    from packaging.version import InvalidVersion, Version

    try:
        pins = [
            Version(part.version.removesuffix(".*"))
            for part in specifier
            if part.operator in {"==", "===", "~="}
        ]
        if pins:
            return all(pin >= Version(needed) for pin in pins)
    except InvalidVersion:
        return False
    return specifier.contains(needed, prereleases=True)
