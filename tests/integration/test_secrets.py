"""A value that must not be seen, with a job that does all it can to show it."""

from __future__ import annotations

import base64
import functools
import json
import os
import shlex
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from runner.paths import RunPaths
from runner.records import supervision
from runner.secrets.system import KeyringError, SystemKeyring
from tests.conftest import World, until
from tests.integration.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Result

pytestmark = pytest.mark.integration

TOKEN = "hf_wOrD/sTh+AtNoBoDyKnOwS=\"'$x"
KEY = (
    "-----BEGIN A KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END A KEY-----"
)
# long enough for no chance; none of them is a part of a file that is not about these values
SHOWS = (TOKEN[3:20].encode(), b"MIIEvQIBADANBgkqhkiG9w0B", b"AQEFAASCBKcwggSjAgEAAoIB")

JOB = """\
import base64, json, os, shlex, subprocess, sys, time
from pathlib import Path
from urllib.parse import quote, quote_plus

meeting, node = Path(os.environ["MEETING"]), os.environ.get("DSTACK_NODE_RANK", "0")

def forms(value):
    data = value.encode()
    yield from (data, value.replace("\\n", " ").encode(), json.dumps(value).encode())
    yield from (quote(value).encode(), quote(value, safe="").encode(), quote_plus(value).encode())
    yield from (repr(value).encode(), repr(data).encode(), shlex.quote(value).encode())
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"x" * before + data + b"y")
    yield from value.encode().splitlines()

def put(data):
    while data:
        data = data[os.write(1, data):]

for name in ("TOKEN", "KEY"):
    value = os.environ[name]
    for form in forms(value):
        put(b"<" + form + b">\\n")
with open(os.environ["WF_NOTES"], "a") as notes:
    notes.write(f"node {node} noted {os.environ['TOKEN']}\\n")
# one value in three pieces, with a pause that somebody else ends between each
for at, piece in enumerate((os.environ["TOKEN"][:7], os.environ["TOKEN"][7:19])):
    put(piece.encode())
    (meeting / f"said-{node}-{at}").touch()
    while not (meeting / f"go-{at}").exists():
        time.sleep(0.01)
put(os.environ["TOKEN"][19:].encode() + b"\\n")
subprocess.run(["bash", "-c", 'set -x; : "$TOKEN" "$SHOUT" "$URL"; export -p; printf %s "$KEY" | base64'])
token = os.environ["TOKEN"]
if node != "0":
    time.sleep(60)  # it is ended when node 0 fails
raise KeyError({token: [os.environ["SHOUT"], os.environb[b"KEY"]]})
"""  # noqa: E501
# in the place of torch, which is no matter here
TORCHRUN = "import runpy, sys; sys.argv = sys.argv[-1:]; runpy.run_path(sys.argv[0])"
FILE = """\
workflows:
  - name: tell
    provider: python
    script: tell.py
    env:
      - URL=https://me:${{ secrets.TOKEN }}@localhost/
      - SHOUT=$TOKEN-$DSTACK_NODE_RANK
    artifacts: [out]
  - name: two-nodes
    provider: torchrun
    script: tell.py
    nodes: 2
    env:
      - URL=https://me:${{ secrets.TOKEN }}@localhost/
      - SHOUT=$TOKEN-$DSTACK_NODE_RANK
  - name: fine
    provider: bash
    commands: echo "$TOKEN ${{ secrets.TOKEN }}"
"""


class Watched(World):
    """A world in which whatever is printed is kept."""

    printed = b""

    def told(self, result: Result) -> Result:
        self.printed += f"{result.out}\n{result.err}".encode()
        return result

    def do(self, *words: str, given: str = "", **variables: str) -> Result:
        return self.told(self.wf(*words, timeout=120, given=given, **variables))

    def files(self) -> Iterator[Path]:
        """Everything below the home folder but what secrets are kept in."""
        for folder, folders, names in os.walk(self.home):
            if Path(folder) == self.safe:
                folders.clear()
                continue
            yield from (Path(folder, name) for name in names)

    @property
    def safe(self) -> Path:
        return self.home / ".config" / "wf" / "secrets"

    def hits(self) -> list[str]:
        """Where a value can be seen, but for what the job itself notes, until it is masked."""
        found = [
            f"{path}: {shown!r}"
            for path in self.files()
            if path.is_file() and not path.is_symlink() and path.name != "notes.unmasked"
            for shown in traces()
            if shown in path.read_bytes()
        ]
        return found + [f"printed: {shown!r}" for shown in traces() if shown in self.printed]


def traces() -> list[bytes]:
    """What must not be seen: pieces of the values, and of what they are when they are encoded."""
    found = [*SHOWS]
    for value in (TOKEN, KEY):
        found += [quote(value, safe="").encode(), quote_plus(value).encode()]
        found += [json.dumps(value).encode()[1:-1], shlex.quote(value).encode()]
        for before in range(3):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                whole = encode(b"x" * before + value.encode() + b"y")
                found.append(whole[4:-4])
    return found


def command_lines() -> list[str]:
    """The command lines of all processes in which a value can be seen."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (folder / "cmdline").read_bytes()
            found += [f"{folder.name}: {said!r}" for shown in traces() if shown in said]
    return found


@pytest.fixture
def watched(world: World) -> Watched:
    made = Watched(world.home, world.project, world.variables, world.started)
    made.write("tell.py", JOB)
    made.write("torch/distributed/run.py", TORCHRUN)
    made.workflows(FILE)
    meeting = world.home.parent / "meeting"
    meeting.mkdir()
    made.variables["MEETING"] = str(meeting)
    for name, value in (("TOKEN", TOKEN), ("KEY", KEY)):
        added = made.do("secrets", "add", name, given=value + "\n")
        assert added.code == 0, added.err
    return made


def _all_there(paths: list[Path]) -> bool:
    return all(path.exists() for path in paths)


def meet(watched: Watched, nodes: int) -> None:
    """Wait for the job at each of its pauses, look around, and let it go on."""
    meeting = Path(watched.variables["MEETING"])
    for at in range(2):
        said = [meeting / f"said-{node}-{at}" for node in range(nodes)]
        until(functools.partial(_all_there, said), f"pause {at} of the job")
        assert command_lines() == []
        assert watched.hits() == []
        watched.do("show", "last")
        watched.do("show", "last", "--json")
        watched.do("logs", "last")
        (meeting / f"go-{at}").touch()


@pytest.mark.parametrize(("workflow", "nodes"), [("tell", 1), ("two-nodes", 2)])
def test_a_job_that_tells_everything(watched: Watched, workflow: str, nodes: int) -> None:
    watched.do("plan", workflow)
    watched.do("plan", workflow, "--json")
    running = watched.start("run", workflow, out=subprocess.PIPE)
    meet(watched, nodes)
    out, err = running.communicate()
    watched.printed += out + err
    assert running.returncode == 1
    # what is masked is not simply missing
    assert out.count(b"<***>\n") == 14 * nodes
    assert b"\n***\n" in out
    assert b"KeyError: {" in out
    for words in (("show", "last"), ("logs", "last"), ("ps", "-a"), ("secrets", "list")):
        watched.do(*words)
        watched.do(*words, "--json")
    record = watched.record()
    assert record["secrets"] == ["KEY", "TOKEN"]
    assert sorted(note for note in record["notes"] if "noted" in note) == [
        f"node {node} noted ***" for node in range(nodes)
    ]
    assert watched.hits() == []
    assert not list(watched.home.rglob("notes.unmasked"))


def test_on_a_terminal(watched: Watched) -> None:
    with Screen(watched, "run", "tell") as screen:
        meet(watched, 1)
        screen.end()
        watched.printed += screen.shown
    assert screen.shown.count(b"<***>\r\n") == 14
    assert watched.hits() == []


def test_who_carries_it_out_is_killed(watched: Watched) -> None:
    running = watched.start("run", "tell", out=subprocess.PIPE)
    until(Path(watched.variables["MEETING"], "said-0-0").exists, "the first pause of the job")
    [run] = watched.runs()
    paths = RunPaths(watched.folder(run))
    assert paths.unmasked_notes.exists()
    os.kill(until(lambda: supervision.supervisor(paths), "a supervisor"), signal.SIGKILL)
    out, err = running.communicate()
    watched.printed += out + err
    watched.do("ps", "-a")
    watched.do("show", run)
    assert watched.record(run)["status"] == "lost"
    assert watched.hits() == []
    assert not paths.unmasked_notes.exists()


# wf itself goes wrong in the worst of places, and says what it has in its hands
BUG = """\
import sys
if "run" in sys.argv:
    from runner.executors.local import LocalExecutor
    def start(self, command, log, relief=None):
        try:
            raise KeyError(command.env["TOKEN"])
        except KeyError as error:
            raise ValueError(f"cannot start with {dict(command.env)!r}") from error
    LocalExecutor.start = start
"""


def test_a_bug_in_wf(watched: Watched) -> None:
    hooks = watched.home.parent / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(BUG)
    path = os.pathsep.join([str(hooks), str(Path(__file__).parents[2])])
    done = watched.do("run", "fine", PYTHONPATH=path)
    assert done.code == 70
    [report] = (watched.home / "state" / "crashes").iterdir()
    assert "ValueError: cannot start with" in report.read_text()
    assert "***" in report.read_text()
    watched.do("show", "last")
    assert watched.hits() == []


def test_a_value_on_the_command_line(watched: Watched) -> None:
    done = watched.do("secrets", "add", "OTHER", TOKEN)
    assert done.code == 64
    assert "wf secrets add OTHER" in done.err
    assert watched.hits() == []


def test_a_snapshot_of_the_home_folder_leaves_secrets_out(watched: Watched) -> None:
    watched.project = watched.home
    watched.workflows(
        "workflows: [{name: look, provider: bash, commands: 'find . -name \"*.json\"; ls -a'}]"
    )
    watched.do("secrets", "add", "TOKEN", given=TOKEN)
    assert len(list(watched.safe.iterdir())) == 2
    done = watched.do("run", "look")
    assert done.code == 0
    assert "./.config/wf/secrets" not in done.out
    assert ".dstack" in done.out


def test_what_is_typed_is_not_shown(world: World) -> None:
    world.workflows(FILE)
    with Screen(world, "secrets", "add", "TOKEN") as screen:
        screen.wait_for(b"TOKEN: ")
        screen.press(TOKEN.encode() + b"\r")
        screen.end()
    assert screen.process.returncode == 0
    assert TOKEN[3:20].encode() not in screen.shown
    assert world.wf("secrets", "list", "--json").json()[0]["name"] == "TOKEN"


# a keyring in a file, with the names of the real library
KEYRING = """\
import json, os, sys, time
from pathlib import Path

class _Ring:
    priority = 5
    def _all(self):
        path = Path(os.environ["RING"])
        return json.loads(path.read_text()) if path.exists() else {}
    def _keep(self, entries):
        Path(os.environ["RING"]).write_text(json.dumps(entries))
    def get_password(self, service, name):
        print("a backend that talks")
        return self._all().get(f"{service}/{name}")
    def set_password(self, service, name, value):
        if "RAISES" in os.environ:
            raise RuntimeError(f"cannot keep {value}")
        if "HANGS" in os.environ:
            time.sleep(600)
        if os.getsid(0) != os.getpid():
            raise RuntimeError("somebody could be asked")
        self._keep({**self._all(), f"{service}/{name}": value})
    def delete_password(self, service, name):
        entries = self._all()
        del entries[f"{service}/{name}"]
        self._keep(entries)

def get_keyring():
    return _Ring()
"""


@pytest.fixture
def desktop(world: World) -> Watched:
    """A machine that has a keyring."""
    made = Watched(world.home, world.project, world.variables, world.started)
    library = world.home.parent / "library"
    library.mkdir()
    (library / "keyring.py").write_text(KEYRING)
    made.variables["PYTHONPATH"] = os.pathsep.join([str(library), str(Path(__file__).parents[2])])
    made.variables["RING"] = str(world.home.parent / "ring.json")
    made.workflows(FILE)
    return made


def test_a_keyring(desktop: Watched) -> None:
    added = desktop.do("secrets", "add", "TOKEN", given=TOKEN)
    assert (added.code, added.err) == (0, "added the secret `TOKEN`; it is kept in the keyring\n")
    [kept] = desktop.safe.iterdir()
    assert TOKEN[3:20] not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    done = desktop.do("run", "fine")
    assert (done.code, done.out) == (0, "*** ***\n")
    assert desktop.do("secrets", "delete", "TOKEN").code == 0
    assert Path(desktop.variables["RING"]).read_text() == "{}"
    assert desktop.hits() == []


def test_a_keyring_that_fails_is_passed_over_and_said(desktop: Watched) -> None:
    added = desktop.do("secrets", "add", "TOKEN", given=TOKEN, RAISES="1")
    assert added.code == 0
    assert "a file that only you can read (RuntimeError: cannot keep ***)" in added.err
    assert desktop.do("run", "fine").out == "*** ***\n"
    assert desktop.hits() == []


def test_a_keyring_that_never_answers(desktop: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    library = desktop.variables["PYTHONPATH"].split(os.pathsep)[0]
    monkeypatch.syspath_prepend(library)
    keyring = SystemKeyring({**desktop.variables, "HANGS": "1"}, limit=2.0)
    with pytest.raises(KeyringError, match="did not answer within 2 seconds"):
        keyring.put("wf here", "TOKEN", TOKEN)
    assert not asking(desktop)


def test_a_project_cannot_put_itself_in_the_place_of_the_library(watched: Watched) -> None:
    watched.write("keyring.py", "raise SystemExit('found in the project')\n")
    added = watched.do("secrets", "update", "TOKEN", given=TOKEN)
    assert added.code == 0
    assert "project" not in added.err


def test_ctrl_c_while_it_waits_for_a_keyring(desktop: Watched) -> None:
    with Screen(desktop, "secrets", "add", "TOKEN", HANGS="1") as screen:
        screen.wait_for(b"TOKEN: ")
        screen.press(TOKEN.encode() + b"\r")
        until(lambda: asking(desktop) or None, "the question to the keyring")
        screen.process.send_signal(signal.SIGINT)
        screen.end()
    assert screen.process.returncode == 130
    assert not asking(desktop)


def asking(world: World) -> list[str]:
    """The processes of this world that ask a keyring."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (folder / "cmdline").read_bytes()
            own = os.fsencode(world.variables["RING"]) in (folder / "environ").read_bytes()
            if own and b"ask_keyring.py" in said:
                found.append(folder.name)
    return found


def test_stdin_that_is_closed(world: World) -> None:
    world.workflows(FILE)
    words = shlex.join(world.argv("secrets", "add", "TOKEN"))
    done = subprocess.run(
        ["bash", "-c", f"{words} <&-"],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 64
    assert b"the value is empty" in done.stderr


def test_endless_stdin(world: World) -> None:
    world.workflows(FILE)
    words = shlex.join(world.argv("secrets", "add", "TOKEN"))
    done = subprocess.run(
        ["bash", "-c", f"yes | {words}"],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 64
    assert b"longer than 65,536 bytes" in done.stderr
