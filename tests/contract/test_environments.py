"""What every provisioner keeps to under the cache, and the fake one with it.

Every bench has an environment that can be built, and whose build waits for a gate; the gate is
open unless a test closes it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from runner.cached import Cache, EnvironmentPaths
from runner.containers.daemon import Daemon
from runner.environments.cache import EnvironmentCache
from runner.environments.finishing.mark import mark
from runner.environments.inside.workshop import workshop
from runner.environments.interface import Asker, Build
from runner.environments.shelf.shelf import Shelf
from runner.environments.store import locks
from runner.environments.uv.find import find_uv
from runner.environments.uv.pip.layer import LayerProvisioner, Order, real
from runner.environments.uv.provisioner import UvProvisioner
from runner.errors import ENVIRONMENT, STORAGE, USAGE, WfError
from runner.events import PhaseFinished, PhaseProgress, PhaseStarted, Warned
from runner.plan.environment import EnvironmentSpec, LocalRequirement, LockedRun, RequirementFile
from tests.conftest import PATIENCE_SECONDS, ROOT, require, until
from tests.fakes import packages
from tests.fakes.finisher import FakeFinisher
from tests.fakes.observer import RecordingObserver
from tests.fakes.package_index import PackageIndex
from tests.fakes.provisioner import REFUSED, FakeProvisioner
from tests.servers.images import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.environments.interface import Environment, Provisioner
    from runner.environments.uv.workshop import Workshop

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def requiring(*lines: str, file: str = "requirements.txt", python: str = OWN) -> EnvironmentSpec:
    """An environment for these requirements."""
    text = "".join(f"{line}\n" for line in lines)
    return EnvironmentSpec(python, (RequirementFile(file, text),))


class Bench(Protocol):
    """A kind of environment, and the means to look into its builds."""

    spec: EnvironmentSpec
    gate: Path
    began: Path

    def provisioner(self) -> Provisioner: ...


class UvBench:
    """Real virtual environments with a package that builds itself."""

    spec = requiring("held==1.0")

    def __init__(self, folder: Path) -> None:
        self.gate, self.began = folder / "gate", folder / "began"
        links = folder / "links"
        self._variables = {"PATH": os.environ["PATH"], "HOME": str(folder), **packages.index(links)}
        if not links.exists():
            packages.pip(links)
            packages.slow_source(links, "held", self.gate, self.began)

    def provisioner(self) -> UvProvisioner:
        return UvProvisioner(self._variables, {})


class FakeBench:
    """Nothing but files."""

    spec = requiring("held==1.0")

    def __init__(self, folder: Path) -> None:
        self.gate, self.began = folder / "gate", folder / "began"

    def provisioner(self) -> FakeProvisioner:
        return FakeProvisioner(self._hold)

    def _hold(self, _build: Build) -> None:
        with self.began.open("a", encoding="ascii") as began:
            began.write(f"{os.getpid()}\n")
        until(self.gate.exists, "an open gate")


class LayerBench(UvBench):
    """What `pip install` among a job's commands adds, whatever lies below."""

    spec = EnvironmentSpec(OWN)

    def provisioner(self) -> LayerProvisioner:
        uv = find_uv(self._variables)
        assert uv is not None
        order = Order(
            lambda python: [str(uv), "pip", "install", "--python", str(python), "held==1.0"],
            real(Path(sys.executable)),
            ("held==1.0",),
        )
        return LayerProvisioner(order, self._variables, {})


class InsideBench(UvBench):
    """Virtual environments made inside an image, with a package that is built already."""

    spec = replace(requiring("held==1.0"), image=BASE, any_python=True)
    variables: Mapping[str, str] = MappingProxyType({})
    started = 0

    def __init__(self, folder: Path) -> None:
        self.gate, self.began = folder / "gate", folder / "began"
        links = folder / "links"
        packages.wheel(links, "held")
        self._variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **packages.index(links),
            **self.variables,
        }

    def provisioner(self) -> UvProvisioner:
        return UvProvisioner(self._variables, {}, None, self._inside)

    def _inside(self, image: str, spec: EnvironmentSpec | None, texts: Sequence[str]) -> Workshop:
        self.started += 1
        return workshop(Daemon(self._variables), image, spec, texts)


BENCHES: dict[str, type[UvBench | FakeBench]] = {
    "uv": UvBench,
    "fake": FakeBench,
    "layer": LayerBench,
    "inside": InsideBench,
}
# what holds whatever a provisioner makes of a spec
EVERY = pytest.mark.parametrize("kind", ["uv", "fake", "layer"])
_INSIDE = pytest.param("inside", marks=[pytest.mark.integration, pytest.mark.docker])
# what is to be seen of each, where a build takes seconds
INSIDE_TOO = pytest.mark.parametrize("kind", ["uv", "fake", _INSIDE])
EVERYWHERE = pytest.mark.parametrize("kind", ["uv", "fake", "layer", _INSIDE])
INSIDE = pytest.mark.parametrize("kind", [_INSIDE])


@pytest.fixture(params=["uv", "fake"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def bench(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    if kind == "inside":
        variables = request.getfixturevalue("dockerd").variables
        monkeypatch.setattr(InsideBench, "variables", variables)
    made: Bench = BENCHES[kind](tmp_path)
    require(kind, made.provisioner().unavailable())
    made.gate.touch()
    return made


class Rig:
    """A cache of environments below a folder, and all that can be asked of it."""

    def __init__(self, kind: str, bench: Bench, folder: Path) -> None:
        self.kind = kind
        self.bench = bench
        self.folder = folder
        self.log = folder / "log"
        self.observer = RecordingObserver()
        self.cache = EnvironmentCache(bench.provisioner(), Cache(folder / "cache"))
        self.builders: list[subprocess.Popen[str]] = []

    def use(self, spec: EnvironmentSpec | None = None) -> Environment:
        return self.cache.obtain(
            spec or self.bench.spec, self.observer, self.log, Asker("wet-mango-1")
        )

    def obtain(self, spec: EnvironmentSpec | None = None) -> Environment:
        """Use it for a moment."""
        used = self.use(spec)
        self.cache.release(used)
        return used

    def home(self, spec: EnvironmentSpec | None = None) -> Path:
        """The folder of an environment, there or not."""
        fingerprint = self.cache.fingerprint(spec or self.bench.spec)
        return Cache(self.folder / "cache").environment(fingerprint).root

    def shelf(self) -> Shelf:
        return Shelf(self.bench.provisioner(), Cache(self.folder / "cache"))

    def how(self) -> str:
        """How the last environment was come by."""
        return self.observer.of(PhaseFinished)[-1].text.rpartition("· ")[2]

    def builds(self) -> int:
        """How many builds have begun."""
        began = self.bench.began
        return len(began.read_text().splitlines()) if began.exists() else 0

    def wait_for_build(self, number: int = 1) -> None:
        """Until so many builds have got as far as the gate."""

        def there() -> bool:
            failed = [builder for builder in self.builders if builder.poll() not in {None, -9}]
            assert not failed, "a builder has ended"
            return self.builds() == number

        until(there, "the middle of a build")

    def start_builder(self) -> subprocess.Popen[str]:
        """Obtain the environment in another process."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.builder", self.kind, str(self.folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.builders.append(process)
        return process

    def close(self) -> None:
        self.bench.gate.touch()
        for process in self.builders:
            process.kill()
            process.communicate()


@pytest.fixture
def rig(kind: str, bench: Bench, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(kind, bench, tmp_path)
    yield made
    made.close()


def test_a_fingerprint_is_the_same_every_time(bench: Bench) -> None:
    first = bench.provisioner().fingerprint(bench.spec)
    assert bench.provisioner().fingerprint(bench.spec) == first
    assert first.isalnum()


def test_a_fingerprint_does_not_depend_on_comments_and_names(bench: Bench) -> None:
    fingerprint = bench.provisioner().fingerprint
    plain = fingerprint(requiring("held==1.0", file="a.txt"))
    assert fingerprint(requiring("# why", "", "held==1.0  # pinned", file="b.txt")) == plain


@pytest.mark.parametrize(
    "other",
    [
        requiring("held==1.1"),
        requiring("held==1.0", "six"),
        requiring("held==1.0", python="3.6"),
        EnvironmentSpec(OWN),
    ],
    ids=["version", "more", "python", "none"],
)
def test_what_differs_has_another_fingerprint(bench: Bench, other: EnvironmentSpec) -> None:
    fingerprint = bench.provisioner().fingerprint
    assert fingerprint(other) != fingerprint(bench.spec)


def test_there_is_no_environment_before_it_is_built(rig: Rig) -> None:
    assert rig.cache.ready(rig.bench.spec) is None
    assert rig.builds() == 0
    assert not rig.home().exists()


@EVERY
def test_an_environment_is_built_and_then_found(rig: Rig) -> None:
    built = rig.obtain()
    assert rig.how() == "built"
    assert built.executable.exists()
    assert built.bin == built.executable.parent
    assert built.lock == ("held==1.0",)
    assert built.python.startswith(OWN)
    assert rig.cache.ready(rig.bench.spec) == built
    assert rig.obtain() == built
    assert rig.how() == "cached"
    assert rig.builds() == 1


def test_who_watches_is_told_of_the_beginning_and_the_end(rig: Rig) -> None:
    rig.obtain()
    assert isinstance(rig.observer.events[0], PhaseStarted)
    assert isinstance(rig.observer.events[-1], PhaseFinished)


def test_an_environment_is_nobody_elses(rig: Rig) -> None:
    before = os.umask(0)
    try:
        rig.obtain()
    finally:
        os.umask(before)
    assert rig.home().stat().st_mode & 0o777 == 0o700


def test_no_requirements_give_the_bare_interpreter(rig: Rig) -> None:
    bare = rig.obtain(EnvironmentSpec(OWN))
    assert bare.lock == ()
    assert bare.executable.exists()


@INSIDE_TOO
def test_what_cannot_be_installed_leaves_nothing_behind(rig: Rig) -> None:
    spec = replace(
        rig.bench.spec, requirements=requiring("held==1.0", f"{REFUSED}==1.0").requirements
    )
    with pytest.raises(WfError) as caught:
        rig.obtain(spec)
    assert caught.value.kind == ENVIRONMENT
    assert caught.value.details
    assert REFUSED in caught.value.message
    assert not rig.home(spec).exists()
    assert rig.cache.ready(spec) is None
    assert rig.log.read_text()


def test_a_failure_stands_in_nobodys_way(rig: Rig) -> None:
    with pytest.raises(WfError):
        rig.obtain(requiring(REFUSED))
    with pytest.raises(WfError):
        rig.obtain(requiring(REFUSED))
    assert rig.obtain().lock == ("held==1.0",)


@INSIDE
def test_an_environment_inside_an_image_is_used_without_its_daemon(rig: Rig) -> None:
    assert isinstance(rig.bench, InsideBench)
    built = rig.obtain()
    assert (built.image, built.lock) == (BASE, ("held==1.0",))
    rig.bench.started = 0
    assert rig.obtain() == built
    assert (rig.how(), rig.bench.started) == ("cached", 0)


@EVERY
def test_it_is_not_ready_while_it_is_being_built(rig: Rig) -> None:
    rig.bench.gate.unlink()
    thread = threading.Thread(target=rig.obtain)
    thread.start()
    try:
        rig.wait_for_build()
        assert rig.home().exists()
        assert rig.cache.ready(rig.bench.spec) is None
    finally:
        rig.bench.gate.touch()
        thread.join(PATIENCE_SECONDS)
    assert rig.cache.ready(rig.bench.spec) is not None


@EVERYWHERE
def test_half_an_environment_is_not_trusted(rig: Rig) -> None:
    """As a power cut leaves it: everything but the mark."""
    rig.obtain()
    (rig.home() / "ready.json").unlink()
    (rig.home() / "stale").touch()
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert rig.how() == "built"
    assert not (rig.home() / "stale").exists()


@pytest.mark.parametrize("mark", [b"", b"{", b"[]", b'{"kind": "venv"}', b"\xff\x00"])
def test_half_a_mark_is_not_trusted(rig: Rig, mark: bytes) -> None:
    rig.obtain()
    (rig.home() / "ready.json").write_bytes(mark)
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert rig.how() == "built"


@EVERY
def test_an_environment_without_its_interpreter_is_built_anew_and_that_is_said(rig: Rig) -> None:
    environment = rig.obtain()
    environment.executable.unlink()
    assert rig.cache.ready(rig.bench.spec) is None
    assert rig.obtain().executable.exists()
    assert "interpreter" in rig.observer.of(Warned)[0].text


@EVERY
def test_an_environment_that_was_removed_by_hand_is_built_anew(rig: Rig) -> None:
    rig.obtain()
    shutil.rmtree(rig.home())
    assert rig.obtain().executable.exists()


def test_a_cache_that_cannot_be_written_is_said(rig: Rig) -> None:
    (rig.folder / "cache").write_text("a file")
    with pytest.raises(WfError) as caught:
        rig.obtain()
    assert caught.value.kind == ENVIRONMENT
    assert "WF_CACHE" in str(caught.value.hint)


@EVERY
def test_builders_that_come_together_build_once(rig: Rig) -> None:
    rig.bench.gate.unlink()
    builders = [rig.start_builder() for _ in range(4)]
    rig.wait_for_build()
    rig.bench.gate.touch()
    said = sorted(builder.communicate(timeout=PATIENCE_SECONDS)[0].strip() for builder in builders)
    assert said.count("built") == 1
    assert set(said) <= {"built", "built by another run", "cached"}
    assert [builder.returncode for builder in builders] == [0] * 4
    assert rig.builds() == 1


@EVERY
def test_what_a_killed_builder_leaves_is_not_trusted_and_not_in_the_way(rig: Rig) -> None:
    rig.bench.gate.unlink()
    builder = rig.start_builder()
    rig.wait_for_build()
    builder.kill()
    builder.wait(PATIENCE_SECONDS)
    assert rig.home().exists()
    assert rig.cache.ready(rig.bench.spec) is None
    # an installer that is still at work ends now; the next build waits for it
    rig.bench.gate.touch()
    assert rig.obtain().lock == ("held==1.0",)
    assert rig.how() == "built"
    assert rig.builds() == 2
    assert rig.cache.ready(rig.bench.spec) is not None


@EVERY
def test_another_builder_takes_over_from_a_killed_one(rig: Rig) -> None:
    rig.bench.gate.unlink()
    killed = rig.start_builder()
    rig.wait_for_build()
    second = rig.start_builder()
    killed.kill()
    killed.wait(PATIENCE_SECONDS)
    rig.bench.gate.touch()
    assert second.communicate(timeout=PATIENCE_SECONDS)[0].strip() == "built"
    assert rig.cache.ready(rig.bench.spec) is not None


# --- the lock, and an environment made from one --------------------------------------------------


def locked_to(rig: Rig, built: Environment, **other: Any) -> EnvironmentSpec:
    """An environment like one that was built, as a later run asks for it."""
    text = rig.cache.pylock(built, rig.bench.spec).read_text()
    run = LockedRun("wet-mango-1", built.python, built.lock, text, built.fingerprint)
    return EnvironmentSpec(OWN).taken_from(replace(run, **other))


def test_the_lock_names_every_package_and_is_made_once(rig: Rig) -> None:
    built = rig.obtain()
    path = rig.cache.pylock(built, rig.bench.spec)
    assert path == rig.home() / "pylock.toml"
    assert path.read_text().startswith("lock-version")
    assert 'name = "held"\nversion = "1.0"\n' in path.read_text()
    before = path.stat()
    assert rig.cache.pylock(built, rig.bench.spec) == path
    assert path.stat().st_ino == before.st_ino
    # nothing else is left behind
    assert [found.name for found in rig.home().iterdir() if found.name.startswith(".py")] == []


def test_a_lock_that_cannot_be_made_is_not_there(rig: Rig, tmp_path: Path) -> None:
    built = replace(rig.obtain(), lock=(f"{REFUSED}==1.0",))
    with pytest.raises(WfError) as caught:
        rig.cache.write_pylock(built, rig.bench.spec, tmp_path / "pylock.toml")
    assert caught.value.kind == ENVIRONMENT
    assert REFUSED in str(caught.value.details)
    assert not (tmp_path / "pylock.toml").exists()


def test_what_could_not_be_locked_is_not_tried_with_every_run(rig: Rig) -> None:
    built = rig.obtain()
    mark(EnvironmentPaths(rig.home()), 0, 0, "held has no hash")
    with pytest.raises(WfError) as caught:
        rig.cache.pylock(built, rig.bench.spec)
    assert caught.value.details == "held has no hash"
    assert not (rig.home() / "pylock.toml").exists()


def test_an_environment_that_was_removed_is_made_again_from_its_lock(rig: Rig) -> None:
    built = rig.obtain()
    spec = locked_to(rig, built)
    shutil.rmtree(rig.home())
    assert rig.cache.ready(spec) is None
    again = rig.obtain(spec)
    assert rig.how() == "built"
    assert (again.python, again.lock) == (built.python, built.lock)
    assert again.fingerprint == rig.cache.fingerprint(spec)
    # the next one finds it
    assert rig.obtain(spec) == again
    assert rig.how() == "cached"


def test_the_environment_of_the_run_itself_is_found(rig: Rig) -> None:
    built = rig.obtain()
    spec = locked_to(rig, built)
    assert rig.cache.ready(spec) == built
    assert rig.obtain(spec) == built
    assert rig.how() == "cached"


@pytest.mark.parametrize("other", [{"lock": ("held==2.0",)}, {"python": "3.6.1"}])
def test_an_environment_that_is_another_than_the_runs_is_not_taken_for_it(
    rig: Rig, other: dict[str, Any]
) -> None:
    assert rig.cache.ready(locked_to(rig, rig.obtain(), **other)) is None


def test_what_is_locked_has_a_fingerprint_of_its_own(bench: Bench) -> None:
    fingerprint = bench.provisioner().fingerprint
    run = LockedRun("wet-mango-1", "3.11.7", ("held==1.0",), "lock", "abc")
    others = [
        replace(run, python="3.11.8"),
        replace(run, lock=("held==1.1",)),
        replace(run, pylock="other"),
        replace(run, pylock=None),
    ]
    bare = EnvironmentSpec("3.11.7")
    named = {fingerprint(bare.taken_from(one)) for one in (run, *others)}
    assert len(named | {fingerprint(bare)}) == len(others) + 2
    # two runs with the same packages have the same environment
    same = replace(run, run="dry-mango-2", fingerprint="def")
    assert fingerprint(bare.taken_from(same)) == fingerprint(bare.taken_from(run))


def test_what_cannot_be_had_again_leaves_nothing_behind(rig: Rig) -> None:
    run = LockedRun("wet-mango-1", rig.obtain().python, (f"{REFUSED}==1.0",), None)
    spec = EnvironmentSpec(OWN).taken_from(run)
    with pytest.raises(WfError) as caught:
        rig.obtain(spec)
    assert caught.value.kind == ENVIRONMENT
    assert f"{REFUSED}==1.0" in caught.value.message
    assert not rig.home(spec).exists()


def test_a_project_has_what_its_lock_says(rig: Rig) -> None:
    links = rig.folder / "links"
    packages.wheel(links, "leaf", "1.0")
    packages.wheel(links, "leaf", "2.0")
    project = packages.locked_project(links, "leaf", locked=(("leaf", "1.0"),))
    spec = EnvironmentSpec(OWN, project=project)
    assert rig.obtain(spec).lock == ("leaf==1.0",)
    assert rig.obtain(spec).lock == ("leaf==1.0",)
    assert rig.how() == "cached"
    other = packages.locked_project(links, "leaf", locked=(("leaf", "2.0"),))
    assert rig.obtain(EnvironmentSpec(OWN, project=other)).lock == ("leaf==2.0",)


# --- use and damage -----------------------------------------------------------------------------


def module(rig: Rig) -> Path:
    """A file of code in the environment of the bench."""
    root = rig.home() / "venv"
    return next(path for path in root.rglob("*.py") if path.name in {"held.py", "code.py"})


def flip(path: Path) -> bytes:
    """Change one byte in place, as a bad disk or a careless editor does; what was there before."""
    before = path.read_bytes()
    with path.open("r+b") as file:
        file.write(bytes([before[0] ^ 1]))
    return before


@EVERY
def test_an_environment_that_is_used_is_held(rig: Rig) -> None:
    used = rig.use()
    assert used.held is not None
    os.fstat(used.held)
    rig.cache.release(used)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(used.held)


@EVERY
def test_looking_holds_nothing(rig: Rig) -> None:
    rig.obtain()
    before = len(os.listdir("/proc/self/fd"))
    found = rig.cache.ready(rig.bench.spec)
    assert found is not None
    assert found.held is None
    for _ in range(3):
        rig.obtain()
    assert len(os.listdir("/proc/self/fd")) == before


@EVERY
def test_the_last_use_is_known(rig: Rig) -> None:
    rig.obtain()
    use = rig.home().with_suffix(".use")
    os.utime(use, (1, 1))
    rig.obtain()
    assert use.stat().st_mtime > 1


@EVERYWHERE
def test_a_changed_byte_is_found_and_said_and_put_right(rig: Rig) -> None:
    rig.obtain()
    before = flip(module(rig))
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert rig.how() == "built"
    assert module(rig).read_bytes() == before
    (warned,) = rig.observer.of(Warned)
    assert f"{module(rig).name}` was changed" in warned.text
    rig.obtain()
    assert rig.how() == "cached"


@EVERY
def test_a_deleted_file_is_found_and_said(rig: Rig) -> None:
    rig.obtain()
    gone = module(rig)
    gone.unlink()
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert module(rig) == gone
    assert f"{gone.name}` is gone" in rig.observer.of(Warned)[0].text


@EVERY
def test_a_file_that_somebody_adds_is_found_and_said(rig: Rig) -> None:
    rig.obtain()
    added = module(rig).with_name("added.py")
    added.touch()
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert not added.exists()
    assert "added.py` was added" in rig.observer.of(Warned)[0].text


@EVERY
def test_bytecode_is_no_damage(rig: Rig) -> None:
    rig.obtain()
    bytecode = module(rig).parent / "__pycache__"
    bytecode.mkdir()
    (bytecode / "held.pyc").touch()
    rig.obtain()
    assert rig.how() == "cached"
    assert rig.observer.of(Warned) == []


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\x00", b"[]\n"])
def test_an_environment_without_its_seal_is_not_trusted(rig: Rig, content: bytes | None) -> None:
    rig.obtain()
    seal = rig.home() / "seal"
    seal.unlink() if content is None else seal.write_bytes(content)
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert rig.how() == "built"


def test_damage_leaves_other_environments_alone(rig: Rig) -> None:
    rig.obtain()
    bare = EnvironmentSpec(OWN)
    rig.obtain(bare)
    module(rig).unlink()
    assert rig.cache.ready(bare) is not None


def test_what_is_damaged_and_used_is_left_to_who_uses_it(rig: Rig) -> None:
    used = rig.use()
    flip(module(rig))
    folder = Cache(rig.folder / "cache")
    other = EnvironmentCache(rig.bench.provisioner(), folder, patience=0.0)
    with pytest.raises(WfError) as caught:
        other.obtain(rig.bench.spec, rig.observer, rig.log)
    assert caught.value.kind == ENVIRONMENT
    assert "another run uses it" in caught.value.message
    assert module(rig).name in caught.value.message
    assert "wf env list" in str(caught.value.hint)
    assert used.executable.exists()
    rig.cache.release(used)
    rig.obtain()
    assert rig.how() == "built"


def test_what_is_changed_is_not_taken_again(rig: Rig) -> None:
    """Whatever the provisioner keeps, and whether it has brought the file or not."""
    rig.obtain()
    paths = EnvironmentPaths(rig.home())
    changed = (str(module(rig).relative_to(paths.venv)), "pyvenv.cfg", "never/there.py")
    lock = os.open(os.devnull, os.O_RDONLY)
    try:
        build = Build(paths, rig.log, lock, rig.observer)
        rig.bench.provisioner().discard(changed, build)
        rig.bench.provisioner().discard((), build)
    finally:
        os.close(lock)
    assert rig.cache.ready(rig.bench.spec) is not None


@INSIDE_TOO
def test_what_is_used_is_not_removed(rig: Rig) -> None:
    used = rig.use()
    (kept,) = rig.shelf().all()
    assert (kept.fingerprint, kept.ready, kept.in_use) == (used.fingerprint, True, True)
    assert (kept.python, kept.lock) == (used.python, used.lock)
    assert not rig.shelf().remove(kept.fingerprint)
    assert rig.cache.ready(rig.bench.spec) == used
    rig.cache.release(used)
    assert not rig.shelf().all()[0].in_use
    assert rig.shelf().remove(kept.fingerprint)
    assert rig.cache.ready(rig.bench.spec) is None
    assert list(rig.home().parent.iterdir()) == []
    rig.obtain()
    assert rig.how() == "built"


def test_what_is_being_built_is_not_removed(rig: Rig) -> None:
    rig.bench.gate.unlink()
    builder = rig.start_builder()
    rig.wait_for_build()
    (kept,) = rig.shelf().all()
    assert (kept.ready, kept.in_use) == (False, True)
    assert not rig.shelf().remove(kept.fingerprint)
    rig.bench.gate.touch()
    assert builder.communicate(timeout=PATIENCE_SECONDS)[0].strip() == "built"


def test_an_environment_is_found_by_the_first_letters_of_its_fingerprint(rig: Rig) -> None:
    used = rig.obtain()
    found = rig.shelf().find(used.fingerprint[:5])
    assert found is not None
    assert found.fingerprint == used.fingerprint
    assert rig.shelf().unfit(found) is None
    assert rig.shelf().find("none-such") is None
    rig.home().with_name(used.fingerprint[:5]).mkdir()
    with pytest.raises(WfError) as caught:
        rig.shelf().find(used.fingerprint[:4])
    assert caught.value.kind == USAGE


def test_what_a_thorough_look_finds_is_not_used_again(rig: Rig) -> None:
    rig.obtain()
    (kept,) = rig.shelf().all()
    assert rig.shelf().verify(kept) is None
    site_packages = rig.home() / "venv" / "lib" / "python3.11" / "site-packages"
    record = site_packages / "some-1.0.dist-info" / "RECORD"
    record.parent.mkdir(parents=True)
    record.write_text("some.py,sha256=none,1\n")
    found = rig.shelf().verify(kept)
    assert found is not None
    assert found.missing == ("lib/python3.11/site-packages/some.py",)
    assert "some.py` is gone" in str(rig.shelf().unfit(kept))
    assert rig.cache.ready(rig.bench.spec) is None
    rig.obtain()
    assert rig.how() == "built"


@EVERY
def test_who_waits_is_told_who_builds(rig: Rig) -> None:
    rig.bench.gate.unlink()
    rig.start_builder()
    rig.wait_for_build()
    thread = threading.Thread(target=rig.obtain)
    thread.start()
    try:
        until(lambda: rig.observer.of(PhaseProgress), "somebody who waits")
    finally:
        rig.bench.gate.touch()
        thread.join(PATIENCE_SECONDS)
    assert "red-fox-1 is building it" in rig.observer.of(PhaseProgress)[0].text
    assert rig.how() == "built by another run"


# --- what is left to be done when it is ready ------------------------------------------------


def with_finisher(rig: Rig, *, broken: bool = False) -> FakeFinisher:
    """Have the rig's cache finish environments from now on."""
    finisher = FakeFinisher(broken=broken)
    folder = Cache(rig.folder / "cache")
    rig.cache = EnvironmentCache(rig.bench.provisioner(), folder, finisher)
    return finisher


def finish(rig: Rig) -> EnvironmentPaths:
    """Do what a finisher does; the paths of the environment."""
    fingerprint = rig.cache.fingerprint(rig.bench.spec)
    rig.cache.finish(rig.bench.spec, fingerprint, os.environ)
    return EnvironmentPaths(rig.home())


def test_whoever_finds_it_unfinished_has_it_finished(rig: Rig) -> None:
    finisher = with_finisher(rig)
    built = rig.obtain()
    rig.obtain()
    assert finisher.begun == [built.fingerprint] * 2
    paths = finish(rig)
    assert paths.finished.exists()
    rig.obtain()
    assert rig.how() == "cached"
    assert finisher.begun == [built.fingerprint] * 2


def test_nobody_else_begins_while_somebody_is_at_it(rig: Rig) -> None:
    finisher = with_finisher(rig)
    rig.obtain()
    held = locks.alone(EnvironmentPaths(rig.home()).finishing)
    assert held is not None
    try:
        rig.obtain()
        assert not finish(rig).finished.exists()
    finally:
        os.close(held)
    assert len(finisher.begun) == 1


def test_a_finisher_that_cannot_be_started_fails_no_run(rig: Rig) -> None:
    finisher = with_finisher(rig, broken=True)
    assert rig.obtain().executable.exists()
    assert finisher.begun


def test_the_bare_interpreter_is_finished_at_once(rig: Rig) -> None:
    finisher = with_finisher(rig)
    bare = EnvironmentSpec(OWN)
    rig.obtain(bare)
    assert EnvironmentPaths(rig.home(bare)).finished.exists()
    assert finisher.begun == []


def test_finishing_writes_the_lock_and_makes_folders_read_only(rig: Rig) -> None:
    built = rig.obtain()
    paths = finish(rig)
    assert 'name = "held"' in paths.pylock.read_text()
    folders = [path for path in (built.root, *built.root.rglob("*")) if _is_folder(path)]
    assert all(not folder.stat().st_mode & 0o222 for folder in folders)
    assert rig.cache.ready(rig.bench.spec) is not None
    assert not paths.finishing_log.exists()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


@EVERY
def test_a_finished_one_is_built_anew_where_it_is_damaged(rig: Rig) -> None:
    rig.obtain()
    finish(rig)
    rig.obtain().executable.unlink()
    assert rig.obtain().executable.exists()
    assert rig.how() == "built"
    assert not EnvironmentPaths(rig.home()).finished.exists()


def test_what_is_damaged_is_not_finished(rig: Rig) -> None:
    built = rig.obtain()
    (built.bin / "stray").touch()
    paths = finish(rig)
    assert not paths.finished.exists()
    assert "stray" in paths.finishing_log.read_text()


def test_an_environment_that_is_not_there_is_not_finished(rig: Rig) -> None:
    paths = finish(rig)
    assert not paths.root.exists()


def test_an_environment_that_is_being_removed_is_not_finished(rig: Rig) -> None:
    built = rig.obtain()
    held = locks.alone(Cache(rig.folder / "cache").environment_use(built.fingerprint))
    assert held is not None
    try:
        assert not finish(rig).finished.exists()
    finally:
        os.close(held)


def test_a_run_of_its_own_goes_on_top_of_a_finished_one(rig: Rig, tmp_path: Path) -> None:
    rig.obtain()
    finish(rig)
    assert own(rig, tmp_path / "own").executable.exists()


# --- an environment of a run's own ---------------------------------------------------------------


def own(rig: Rig, folder: Path) -> Environment:
    """An environment on top of that of the bench."""
    lock = os.open(os.devnull, os.O_RDONLY)
    try:
        build = Build(EnvironmentPaths(folder), rig.log, lock, rig.observer)
        return rig.cache.own(rig.bench.spec, rig.obtain(), build)
    finally:
        os.close(lock)


def test_a_run_of_its_own_leaves_the_shared_one_alone(rig: Rig, tmp_path: Path) -> None:
    shared = rig.obtain()
    before = sorted(path for path in shared.root.rglob("*") if "__pycache__" not in path.parts)
    made = own(rig, tmp_path / "own")
    assert made.executable.exists()
    assert made.root.is_relative_to(tmp_path / "own")
    assert made.bin.is_relative_to(made.root)
    assert made.lock == shared.lock
    after = sorted(path for path in shared.root.rglob("*") if "__pycache__" not in path.parts)
    assert after == before
    assert rig.cache.ready(rig.bench.spec) is not None


def with_local(rig: Rig, folder: Path, *paths: str) -> Environment:
    """An environment on top of that of the bench, with what lies at some paths of a project."""
    local = tuple(
        LocalRequirement(path, (), editable=False, file="requirements.txt", line=1)
        for path in paths
    )
    spec = replace(rig.bench.spec, local=local)
    lock = os.open(os.devnull, os.O_RDONLY)
    try:
        build = Build(EnvironmentPaths(folder / "own"), rig.log, lock, rig.observer, folder)
        made = rig.cache.own(spec, rig.obtain(spec), build, quiet=True)
        return rig.cache.add_local(spec, made, build)
    finally:
        os.close(lock)


def test_what_lies_in_the_project_is_the_runs_own(rig: Rig, tmp_path: Path) -> None:
    packages.project(tmp_path / "library", "library")
    shared = rig.obtain()
    made = with_local(rig, tmp_path, "library")
    assert made.lock == ("held==1.0", "library @ file:library")
    assert made.root.is_relative_to(tmp_path / "own")
    assert rig.obtain().lock == shared.lock
    assert rig.builds() == 1


def test_what_does_not_lie_in_the_project_cannot_be_installed(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(WfError) as caught:
        with_local(rig, tmp_path, "library")
    assert caught.value.kind == ENVIRONMENT
    assert "library" in caught.value.message


def test_where_a_run_of_its_own_cannot_be_made_is_said(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "own").touch()
    with pytest.raises(WfError) as caught:
        own(rig, tmp_path / "own")
    assert caught.value.kind == STORAGE


# --- as of a day ----------------------------------------------------------------------------------


DAY, LATER = "2022-05-20", "2022-05-21"


@pytest.fixture
def dated(kind: str, tmp_path: Path) -> Iterator[EnvironmentCache]:
    """A cache of environments where `leaf` 2.0 came the moment after the first of two days."""
    files = tmp_path / "files"
    came = ("2022-05-20T23:59:59.999999Z", "2022-05-21T00:00:00.000000Z")
    made = (packages.wheel(files, "leaf"), packages.wheel(files, "leaf", "2.0"))
    dates = {path.name: at for path, at in zip(made, came, strict=True)}
    with PackageIndex(files, dates=dates) as index:
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **from_index(index)}
        # a day is one of UTC, wherever one is
        uv = UvProvisioner({**variables, "TZ": "Asia/Tokyo", "UV_EXCLUDE_NEWER": "2010-01-01"}, {})
        provisioner: Provisioner = FakeProvisioner() if kind == "fake" else uv
        require(kind, provisioner.unavailable())
        yield EnvironmentCache(provisioner, Cache(tmp_path / "cache"))


def from_index(index: PackageIndex) -> dict[str, str]:
    """What makes uv install from there alone, keeping nothing."""
    return {"UV_DEFAULT_INDEX": index.url, "UV_NO_CACHE": "1"}


def as_of(day: str | None) -> EnvironmentSpec:
    """An environment of that day, with whatever `leaf` there was."""
    return replace(requiring("leaf"), as_of=day)


def obtained(cache: EnvironmentCache, spec: EnvironmentSpec, folder: Path) -> Environment:
    return cache.obtain(spec, RecordingObserver(), folder / "log")


def test_another_day_has_another_fingerprint(bench: Bench) -> None:
    fingerprint = bench.provisioner().fingerprint
    specs = [bench.spec, *(replace(bench.spec, as_of=day) for day in (DAY, LATER))]
    specs.append(replace(bench.spec, as_of=DAY, going_on=True))
    assert len({fingerprint(spec) for spec in specs}) == len(specs)


def test_why_it_is_so_makes_no_other_environment(bench: Bench) -> None:
    spec = replace(bench.spec, as_of=DAY)
    told = replace(spec, python_reason="so was it then", as_of_reason="the last commit")
    fingerprint = bench.provisioner().fingerprint
    assert fingerprint(told) == fingerprint(spec)


def test_an_environment_knows_its_day(dated: EnvironmentCache, tmp_path: Path) -> None:
    spec = replace(as_of(DAY), python_reason="so was it then", as_of_reason="the last commit")
    for made in (obtained(dated, spec, tmp_path), obtained(dated, spec, tmp_path)):
        document = made.document()
        assert document["as_of"] == DAY
        assert document["python_reason"] == "so was it then"
        assert document["as_of_reason"] == "the last commit"
    found = dated.ready(as_of(DAY))
    assert found is not None
    assert (found.as_of, found.python_reason) == (DAY, None)


def test_one_of_another_day_is_never_used(dated: EnvironmentCache, tmp_path: Path) -> None:
    first = obtained(dated, as_of(DAY), tmp_path)
    assert dated.ready(as_of(LATER)) is None
    second = obtained(dated, as_of(LATER), tmp_path)
    assert first.root != second.root
    assert dated.ready(as_of(DAY)) == first
    assert dated.ready(as_of(LATER)) == second
    # nor one of a day that went on, when it is over
    assert dated.ready(replace(as_of(DAY), going_on=True)) is None


def test_an_environment_of_before_there_were_days_is_still_used(
    dated: EnvironmentCache, kind: str, tmp_path: Path
) -> None:
    spec = EnvironmentSpec(OWN)
    made = obtained(dated, spec, tmp_path)
    mark = Cache(tmp_path / "cache").environment(made.fingerprint).ready
    said = json.loads(mark.read_bytes())
    del said["as_of"]
    mark.write_text(json.dumps(said))
    assert dated.ready(spec) == made, kind


def test_interpreters_are_told_newest_first(bench: Bench) -> None:
    found = [tuple(map(int, version.split("."))) for version in bench.provisioner().interpreters()]
    assert found
    assert all(len(version) == 3 for version in found)
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("kind", ["uv"])
def test_a_day_ends_at_midnight_of_utc(dated: EnvironmentCache, kind: str, tmp_path: Path) -> None:
    assert obtained(dated, as_of(DAY), tmp_path).lock == ("leaf==1.0",), kind
    assert obtained(dated, as_of(LATER), tmp_path).lock == ("leaf==2.0",)
    with pytest.raises(WfError) as caught:
        obtained(dated, as_of("2022-05-19"), tmp_path)
    assert "2.0 came on 2022-05-21" in caught.value.message


# --- what only a scripted build can show ------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, MemoryError])
def test_whatever_ends_a_build_leaves_nothing_behind(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def during(_build: Build) -> None:
        raise error

    cache = EnvironmentCache(FakeProvisioner(during), Cache(tmp_path / "cache"))
    with pytest.raises(error):
        cache.obtain(FakeBench.spec, RecordingObserver(), tmp_path / "log")
    left = sorted(path.name for path in (tmp_path / "cache" / "environments").iterdir())
    assert left == [f"{cache.fingerprint(FakeBench.spec)}.lock"]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    def during(build: Build) -> None:
        with open("/dev/full", "w", encoding="ascii") as full:
            full.write(str(build.log))

    cache = EnvironmentCache(FakeProvisioner(during), Cache(tmp_path / "cache"))
    with pytest.raises(WfError) as caught:
        cache.obtain(FakeBench.spec, RecordingObserver(), tmp_path / "log")
    assert caught.value.kind == ENVIRONMENT
    assert "no space left on" in caught.value.message
    assert "wf env prune" in str(caught.value.hint)
    assert cache.ready(FakeBench.spec) is None


def test_a_provisioner_that_cannot_be_used_is_not_asked(tmp_path: Path) -> None:
    provisioner = FakeProvisioner(reason="it is broken")
    cache = EnvironmentCache(provisioner, Cache(tmp_path / "cache"))
    with pytest.raises(WfError) as caught:
        cache.obtain(FakeBench.spec, RecordingObserver(), tmp_path / "log")
    assert caught.value.kind == ENVIRONMENT
    assert caught.value.message == "it is broken"
    assert provisioner.builds == 0
