"""Every file of the cache and of environments, named in one place. Builds paths, touches none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class EnvironmentPaths(NamedTuple):
    """The files of one cached environment."""

    root: Path

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / "venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def bin(self) -> Path:
        """Its commands."""
        return self.venv / "bin"

    @property
    def ready(self) -> Path:
        """There only when the environment is complete; says what is in it."""
        return self.root / "ready.json"

    @property
    def pylock(self) -> Path:
        """Every package with its hashes (PEP 751); appears by one rename, after ``ready``."""
        return self.root / "pylock.toml"

    @property
    def finished(self) -> Path:
        """There only when nothing is left to be done to it; says what was."""
        return self.root / "finished.json"

    @property
    def finishing(self) -> Path:
        """Locked by who finishes it; holds that one's process id."""
        return self.root / "finishing"

    @property
    def finishing_log(self) -> Path:
        """Why it could not be finished; only there when that is so."""
        return self.root / "finishing.log"

    @property
    def seal(self) -> Path:
        """What the virtual environment was when it became ready."""
        return self.root / "seal"

    @property
    def damaged(self) -> Path:
        """There only when a thorough look found something; says what."""
        return self.root / "damaged.json"

    @property
    def requirements(self) -> Path:
        """The requirement files it is built from, under their own relative names."""
        return self.root / "requirements"


class OwnPaths(NamedTuple):
    """The files of a run's own environment; gone after the run."""

    root: Path

    @property
    def environment(self) -> EnvironmentPaths:
        """The virtual environment that the job is started with."""
        return EnvironmentPaths(self.root)

    @property
    def installing(self) -> Path:
        """What the commands that install are told of the run."""
        return self.root / "installing.json"

    @property
    def layers(self) -> Path:
        """What lies on what, replaced atomically at each installation."""
        return self.root / "layers.json"

    @property
    def layers_lock(self) -> Path:
        """Held while the layers change."""
        return self.root / "layers.lock"

    @property
    def parts(self) -> Path:
        """Layers that no other run can use."""
        return self.root / "layers"

    @property
    def conda(self) -> Path:
        """The run's own conda environments, and what puts them in reach."""
        return self.root / "conda"


class Cache(NamedTuple):
    """The cache folder."""

    root: Path

    @property
    def environments(self) -> Path:
        """One folder per environment, named by its fingerprint."""
        return self.root / "environments"

    @property
    def pytorch_index(self) -> Path:
        """Whether PyTorch's index answered, and when it was asked."""
        return self.root / "pytorch-index.json"

    @property
    def workflows(self) -> Path:
        """One file per project and what is asked of it: its workflows as they were last read."""
        return self.root / "known-workflows"

    @property
    def pulls(self) -> Path:
        """One folder per run that is pulled from a remote store, with what has come of it."""
        return self.root / "pulls"

    def pull(self, digest: str) -> Path:
        """That of one run, by a digest of where from and which."""
        return self.pulls / digest

    def environment(self, fingerprint: str) -> EnvironmentPaths:
        """The files of the environment with this fingerprint."""
        return EnvironmentPaths(self.environments / fingerprint)

    def environment_lock(self, fingerprint: str) -> Path:
        """Held while that environment is built."""
        return self.environments / f"{fingerprint}.lock"

    def environment_use(self, fingerprint: str) -> Path:
        """Held by every run that uses that environment; changed when one begins and ends to."""
        return self.environments / f"{fingerprint}.use"
