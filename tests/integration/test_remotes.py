"""``wf artifacts push`` and ``pull --from`` with real servers that end, refuse and do damage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.conftest import until
from tests.servers.places import PLACES, SECRET, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import World
    from tests.servers.serving import Server

pytestmark = pytest.mark.integration

# many pieces: so many that a server can be killed between two of them
MEGABYTES = 96
PIECES = MEGABYTES // 8
# who is to be struck in the middle may be faster, but not every time
TRIES = 20
WORKFLOW = """
workflows:
  - name: train
    provider: bash
    commands:
      - mkdir -p model/empty && head -c SIZE /dev/urandom > model/big
      - for i in 1 2 3 4 5; do echo $i > model/$i; done; ln -s big model/last; chmod 755 model/1
    artifacts:
      - path: model
"""


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, world: World) -> Iterator[Place]:
    home = tmp_path / "place"
    home.mkdir()
    found = PLACES[request.param](home)
    world.variables.update(found.variables)
    yield found
    found.close()


@pytest.fixture
def run(world: World) -> str:
    """A run that has left something behind, in three pieces."""
    return kept(world, 20)


def kept(world: World, megabytes: int) -> str:
    """The name of a run that keeps so much."""
    world.workflows(WORKFLOW.replace("SIZE", f"{megabytes}M"))
    assert world.wf("run", "train", "-t", "best").code == 0
    return str(world.wf("show", "last", "--json").json()["name"])


def pieces(place: Place) -> dict[Path, tuple[int, int]]:
    """The pieces that are complete, and which files they are."""
    found = [path for path in place.folder.glob("objects/*/*-[0-9]*") if path.name[0] != "."]
    stats = [(path, path.stat()) for path in found]
    return {path: (s.st_ino, s.st_mtime_ns) for path, s in stats if s.st_size == 8 << 20}


class Struck(NamedTuple):
    """A push that did not get to its end: of which run, its own end, the pieces of it there."""

    run: str
    code: int
    err: bytes
    there: dict[Path, tuple[int, int]]

    def now(self, place: Place) -> dict[Path, tuple[int, int]]:
        """Those pieces after another push, which has sent the others only."""
        found = pieces(place)
        assert {path: found[path] for path in self.there} == self.there
        return found


def struck(
    place: Place, world: World, strike: Callable[[subprocess.Popen[bytes]], None]
) -> Struck | None:
    """A push in the middle of which ``strike`` is called; ``None`` if it had sent all by then."""
    run, before = kept(world, MEGABYTES), pieces(place)
    pushing = world.start("artifacts", "push", run, "--to", place.url)
    until(lambda: pieces(place).keys() - before, "a piece is there")
    strike(pushing)
    _, err = pushing.communicate(timeout=120)
    there = {path: file for path, file in pieces(place).items() if path not in before}
    return Struck(run, pushing.returncode, err, there) if len(there) < PIECES else None


def same_trees(one: Path, other: Path) -> bool:
    """Whether two folders have the same in them."""

    return (
        subprocess.run(["diff", "-r", "--no-dereference", one, other], check=False).returncode == 0
    )


def test_there_and_back_again(place: Place, world: World, run: str) -> None:
    sent = world.wf("artifacts", "push", ":best", "--to", place.url)
    assert sent.code == 0, sent.err
    assert f"{run} is on {place.url}: 7 files" in sent.err
    assert sent.out == ""
    again = world.wf("artifacts", "push", run, WF_REMOTE=place.url)
    assert "7 files were there already" in again.err
    came = world.wf("artifacts", "pull", run, "--from", place.url, "-o", "got", "--json")
    assert came.code == 0, came.err
    assert came.json()["files"] == 7
    source = world.folder(run) / "artifacts"
    assert same_trees(world.project / "got", source)
    # elsewhere, where the run is not
    world.variables["WF_HOME"] = str(world.home / "other")
    one = world.wf("artifacts", "pull", f"{run}:model/3", "-o", "one", WF_REMOTE=place.url)
    assert one.code == 0, one.err
    assert (world.project / "one/model/3").read_text() == "3\n"
    assert os.listdir(world.project / "one/model") == ["3"]
    assert not any((world.home / "cache").glob("**/pulls/*"))


def test_a_server_that_ends_meanwhile(place: Place, world: World) -> None:
    server = place.server
    if server is None:
        pytest.skip("a folder has no server")
    for _ in range(TRIES):
        already = pieces(place)
        push = struck(place, world, lambda _: server.kill())
        if push is not None:
            break
        server.start()
    assert push is not None
    assert push.code == 69, push.err
    assert b"cannot be reached" in push.err
    assert b"Traceback" not in push.err
    assert push.there
    large = push.run
    assert not (place.file("runs") / large / "manifest.json").exists()
    server.start()
    sent = world.wf("artifacts", "push", large, "--to", place.url)
    assert sent.code == 0, sent.err
    assert len(push.now(place)) == len(already) + PIECES
    source = world.folder(large) / "artifacts"

    for _ in range(TRIES):
        code, err = _struck_pull(world, place.url, large, server)
        if code:
            break
        server.start()
        shutil.rmtree(world.project / "got")
    assert code == 69, err
    assert not (world.project / "got").exists()
    server.start()
    came = world.wf("artifacts", "pull", large, "--from", place.url, "-o", "got")
    assert came.code == 0, came.err
    assert same_trees(world.project / "got", source)


def _struck_pull(world: World, url: str, run: str, server: Server) -> tuple[int, bytes]:
    """The end of a pull whose server ends once a part has come."""
    pulling = world.start("artifacts", "pull", run, "--from", url, "-o", "got")
    until(lambda: _parts(world) or pulling.poll() is not None, "a part has come")
    server.kill()
    _, err = pulling.communicate(timeout=120)
    return pulling.returncode, err


def _parts(world: World) -> list[Path]:
    found = []
    for path in world.home.glob("**/pulls/*/contents/*.part"):
        with suppress(FileNotFoundError):  # it is whole by now
            if path.stat().st_size:
                found.append(path)
    return found


def test_an_interrupted_push_is_finished_by_another(place: Place, world: World) -> None:
    for _ in range(TRIES):
        push = struck(place, world, lambda pushing: pushing.send_signal(signal.SIGINT))
        if push is not None:
            break
    assert push is not None
    assert push.code == 130, push.err
    assert world.wf("artifacts", "push", push.run, "--to", place.url).code == 0
    push.now(place)


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_what_is_damaged_there_is_named(damage: str, place: Place, world: World, run: str) -> None:
    assert world.wf("artifacts", "push", run, "--to", place.url).code == 0
    victim = min(pieces(place))
    content = victim.read_bytes()
    with place.stopped():
        if damage == "flip":
            victim.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        elif damage == "cut":
            victim.write_bytes(content[:-1])
        else:
            victim.unlink()
    came = world.wf("artifacts", "pull", run, "--from", place.url, "-o", "got")
    assert came.code == 73
    assert "`model/big`" in came.err
    assert not (world.project / "got").exists()
    mending = f"wf artifacts push {run} --to {place.url} --force"
    assert mending in came.err
    assert world.wf(*mending.split()[1:]).code == 0
    came = world.wf("artifacts", "pull", run, "--from", place.url, "-o", "got")
    assert came.code == 0, came.err


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong-" + SECRET}, "does not let these keys in"),
        ({"AWS_ACCESS_KEY_ID": "wrong"}, "does not let these keys in"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"}, "keys"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "cannot be reached"),
        ({"AWS_ENDPOINT_URL": "http://nowhere.invalid"}, "cannot be reached"),
    ],
)
@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_s3_that_lets_nobody_in(
    variables: dict[str, str], said: str, place: Place, world: World, run: str
) -> None:
    world.variables.update(variables)
    for words in (("push", run, "--to"), ("pull", run, "--from")):
        done = world.wf("artifacts", *words, place.url)
        assert done.code == 69, done.err
        assert said in done.err
        assert "hint: " in done.err
        assert len(done.err.splitlines()) == 2
        assert SECRET not in done.err


@pytest.mark.parametrize("place", ["s3"], indirect=True)
@pytest.mark.usefixtures("place")
def test_a_bucket_that_is_not_there(world: World, run: str) -> None:
    for words in (("push", run, "--to"), ("pull", run, "--from")):
        done = world.wf("artifacts", *words, "s3://elsewhere/x")
        assert done.code == 69
        assert "there is no bucket `elsewhere`" in done.err


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_keys_from_a_profile(place: Place, world: World, run: str) -> None:
    keys = {name: world.variables.pop(name) for name in list(world.variables) if "KEY" in name}
    credentials = world.home / "credentials"
    credentials.write_text(
        f"[lab]\naws_access_key_id={keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\n"
    )
    world.variables["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
    world.variables["AWS_PROFILE"] = "lab"
    done = world.wf("artifacts", "push", run, "--to", place.url)
    assert done.code == 0, done.err


@pytest.mark.parametrize("place", ["sftp"], indirect=True)
def test_another_machine_that_lets_nobody_in(place: Place, world: World, run: str) -> None:
    (place.folder.parent / "user").unlink()
    done = world.wf("artifacts", "push", run, "--to", place.url)
    assert done.code == 69
    assert "Permission denied (publickey" in done.err
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize("place", ["sftp"], indirect=True)
def test_another_machine_that_is_not_the_one_known(place: Place, world: World, run: str) -> None:
    known = place.folder.parent / "known_hosts"
    key = (place.folder.parent / "user.pub").read_text()
    known.write_text(f"{known.read_text().split()[0]} {key}")
    done = world.wf("artifacts", "push", run, "--to", place.url)
    assert done.code == 69
    assert "Host key verification failed" in done.err


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_without_a_terminal_nothing_moves(place: Place, world: World, run: str) -> None:
    sent = world.wf("artifacts", "push", run, "--to", place.url)
    assert "\r" not in sent.err
    assert "\x1b" not in sent.err
    assert len(sent.err.splitlines()) == 1


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_a_run_that_goes_on_is_not_pushed(place: Place, world: World) -> None:
    world.workflows("workflows:\n  - name: long\n    provider: bash\n    commands: [sleep 1000]\n")
    world.start("run", "long")
    done = world.wf("artifacts", "push", world.running(), "--to", place.url)
    assert done.code == 64
    assert "has not kept anything as yet" in done.err


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_a_folder_that_may_not_be_written(place: Place, world: World, run: str) -> None:
    place.folder.parent.joinpath("remote").write_text("a file")
    done = world.wf("artifacts", "push", run, "--to", place.url)
    assert done.code == 69
    assert "cannot be written: Not a directory" in done.err or "File exists" in done.err
