"""Every file that wf keeps, named in one place. Builds paths, touches none.

Named tuples and not data classes: what every command imports must not import ``inspect``, which
``dataclasses`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


ABSOLUTE = "@root"
"""The folder among a run's artifacts that stands for the root of the file system."""


class RunPaths(NamedTuple):
    """The files of one run.

    All but ``workspace``, ``layer``, ``copied``, ``fetched``, ``fetching``, ``inside``,
    ``own_environment``, ``home``, ``variables``, ``waiting``, ``progress``, ``reserve``,
    ``unmasked_notes`` and the locks stay until ``wf rm``.
    """

    root: Path

    @property
    def submitted(self) -> Path:
        """What was asked: workflow, plan, source, time. Written once."""
        return self.root / "submitted.json"

    @property
    def state(self) -> Path:
        """Every transition so far, replaced atomically at each."""
        return self.root / "state.json"

    @property
    def environment(self) -> Path:
        """The environment the job ran in, with its lock. Written once."""
        return self.root / "environment.json"

    @property
    def pylock(self) -> Path:
        """Every package of that environment with its hashes (PEP 751); replaced atomically."""
        return self.root / "pylock.toml"

    @property
    def waiting(self) -> Path:
        """What it waits for; only there while it does."""
        return self.root / "waiting.json"

    @property
    def progress(self) -> Path:
        """How far it is, as it says; replaced as it goes on, and only there while it does."""
        return self.root / "progress.json"

    @property
    def events(self) -> Path:
        """What happened to it, one JSON document a line; grows while it goes on."""
        return self.root / "events.jsonl"

    @property
    def asked(self) -> Path:
        """That somebody asked for its end, and how; replaced when asked again."""
        return self.root / "asked.json"

    @property
    def verdict(self) -> Path:
        """What its job came to, written the moment it ended: the end of the run, if wf dies now."""
        return self.root / "verdict.json"

    @property
    def reserve(self) -> Path:
        """Room for saying how it ended, should the disk be full by then; gone when it has."""
        return self.root / "reserve"

    @property
    def attempts(self) -> Path:
        """The attempts at its job, once there is more than one; replaced at each."""
        return self.root / "attempts.json"

    @property
    def failure(self) -> Path:
        """What went wrong in a job that failed, as far as that can be read. Written once."""
        return self.root / "failure.json"

    @property
    def window(self) -> Path:
        """The size of the terminal that shows it; replaced when that changes."""
        return self.root / "window"

    @property
    def restored(self) -> Path:
        """What it goes on from, once that is in its workspace; only there if it was resumed."""
        return self.root / "restored.json"

    @property
    def granted(self) -> Path:
        """The devices leased. Written once."""
        return self.root / "granted.json"

    @property
    def enforced(self) -> Path:
        """What holds the job to what it was granted; replaced when it is held better."""
        return self.root / "enforced.json"

    @property
    def manifest(self) -> Path:
        """The artifacts that were collected, each with its size and digest. Written once."""
        return self.root / "manifest.json"

    @property
    def lists(self) -> Path:
        """One file per artifact with a line for each of its files. Written before the manifest."""
        return self.root / "manifest"

    @property
    def usage(self) -> Path:
        """What the job used of the machine. Written once."""
        return self.root / "usage.json"

    @property
    def samples(self) -> Path:
        """What it used in the course of time; grows while it runs, and is at times replaced."""
        return self.root / "samples.csv"

    @property
    def log(self) -> Path:
        """Every byte the job wrote to stdout and stderr, in order."""
        return self.root / "log"

    @property
    def log_times(self) -> Path:
        """Which byte of the log was written when; grows with it."""
        return self.root / "log.times"

    @property
    def environment_log(self) -> Path:
        """What the installer said; only there when it had something to do."""
        return self.root / "environment.log"

    @property
    def diff(self) -> Path:
        """The uncommitted changes to tracked files, as ``git apply`` takes them."""
        return self.root / "source.diff"

    @property
    def code(self) -> Path:
        """A digest of every file of the code; not there if it changed while it was copied."""
        return self.root / "code.json"

    @property
    def notes(self) -> Path:
        """Lines that the job wrote for the record."""
        return self.root / "notes"

    @property
    def unmasked_notes(self) -> Path:
        """The same as a job with secrets writes them; gone once they are masked."""
        return self.root / "notes.unmasked"

    @property
    def served(self) -> Path:
        """The job's ports and the address of its service; only there when it has some."""
        return self.root / "served.json"

    @property
    def mpi_hostfile(self) -> Path:
        """The job's nodes, as ``mpirun`` reads them; only there when there are several."""
        return self.root / "hostfile"

    @property
    def trackers(self) -> Path:
        """What experiment trackers have written; only there when they did."""
        return self.root / "trackers"

    @property
    def artifacts(self) -> Path:
        """The collected files, at the paths they had in the workspace; read-only once collected."""
        return self.root / "artifacts"

    @property
    def copied(self) -> Path:
        """What is being copied among the artifacts; gone when it is there."""
        return self.root / "copied"

    @property
    def fetched(self) -> Path:
        """What lay at absolute paths of a container, until it is among the artifacts."""
        return self.root / "fetched"

    @property
    def fetching(self) -> Path:
        """The same until all of it is there."""
        return self.root / "fetching"

    @property
    def inside(self) -> Path:
        """What other runs left at absolute paths, for the job's container; gone after the run."""
        return self.root / "inside"

    @property
    def container(self) -> Path:
        """The container of its job: which one, of which image, and of whose. Written once."""
        return self.root / "container.json"

    @property
    def handed_on(self) -> Path:
        """How much of its container's output is in the log; gone after the run."""
        return self.root / "handed.on"

    @property
    def workspace(self) -> Path:
        """The project folder the job sees; gone after the run."""
        return self.root / "workspace"

    @property
    def layer(self) -> Path:
        """What the workspace is laid over, where large inputs are not copied; gone after the run.

        Below it ``lower`` has their files, and ``upper`` is the workspace itself meanwhile.
        """
        return self.root / "layer"

    @property
    def layer_digests(self) -> Path:
        """What is in the files of the layer; written before the workspace is laid over it."""
        return self.layer / "digests"

    @property
    def own_environment(self) -> Path:
        """What the job installed itself; gone after the run."""
        return self.root / "environment"

    @property
    def home(self) -> Path:
        """The home folder of a job in a container; gone after the run."""
        return self.root / "home"

    @property
    def variables(self) -> Path:
        """Variables of a job in a container that its daemon is not to know; gone after the run."""
        return self.root / "variables"

    @property
    def lock(self) -> Path:
        """Locked as long as anything of the run lives."""
        return self.root / "lock"

    @property
    def supervisor(self) -> Path:
        """Locked as long as the process that carries it out lives; says which one that is."""
        return self.root / "supervisor"


class Home(NamedTuple):
    """The state folder: all runs and their index."""

    root: Path

    @property
    def runs(self) -> Path:
        """One folder per run, named as the run."""
        return self.root / "runs"

    @property
    def database(self) -> Path:
        """The SQLite index; can be deleted at any time."""
        return self.root / "index.sqlite"

    @property
    def tags(self) -> Path:
        """One file per tag, named as the tag."""
        return self.root / "tags"

    @property
    def objects(self) -> Path:
        """Hard links to the files of all artifacts, named by digest, to find equal ones by."""
        return self.root / "objects"

    @property
    def unshared(self) -> Path:
        """One file per run of which many files are still to be made one with their equals."""
        return self.root / "unshared"

    @property
    def submissions(self) -> Path:
        """Copies of projects that several runs at once are made from, while they go on."""
        return self.root / "submissions"

    @property
    def starting(self) -> Path:
        """Folders of runs that are being made, until they appear among the others."""
        return self.root / "starting"

    @property
    def removed(self) -> Path:
        """Folders of runs that are being removed."""
        return self.root / "removed"

    @property
    def behind(self) -> Path:
        """One empty file for each run that the index could not take, named as the run."""
        return self.root / "behind"

    @property
    def crash_reports(self) -> Path:
        """Reports of wf's own bugs."""
        return self.root / "crashes"

    def own(self) -> tuple[Path, ...]:
        """All of it: the folder, and what is in it, for one that is a project folder as well."""
        database = self.database
        mirrored = (database.with_name(f"{database.name}{end}") for end in ("", "-wal", "-shm"))
        lasting = (self.runs, self.tags, self.objects, self.crash_reports)
        passing = (self.submissions, self.starting, self.removed, self.behind)
        return (self.root, *lasting, *passing, *mirrored)

    def run(self, name: str) -> RunPaths:
        """The files of the run called ``name``."""
        return RunPaths(self.runs / name)

    def tag(self, name: str) -> Path:
        """The file of the tag called ``name``."""
        return self.tags / f"{name}.json"


class Safe(NamedTuple):
    """The folder of secrets, which only its user can reach."""

    root: Path

    def project(self, digest: str) -> Path:
        """The secrets of the project with this digest of its path."""
        return self.root / f"{digest}.json"
