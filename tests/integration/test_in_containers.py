"""What a job finds in its container, seen from inside; with a real daemon."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.cached import Cache
from runner.containers.daemon import Daemon
from runner.containers.giving import give
from runner.containers.values import ContainerSpec, PortBinding
from tests.conftest import PATIENCE_SECONDS, commands, until
from tests.servers.images import BASE, SMALL
from tests.servers.serving import below, free_port

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.servers.dockerd import Dockerd

pytestmark = [pytest.mark.integration, pytest.mark.docker]

SECRET = "open-sesame-12345"


def task(world: World, text: str, image: str = BASE) -> None:
    """A task of this name, and image, is the project's only one."""
    world.write(".dstack.yml", f"type: task\nname: one\nimage: {image}\n{text}")


def ran(world: World, text: str, image: str = BASE) -> str:
    """What it prints, in the end."""
    task(world, text, image)
    done = world.wf("run", "one", "-f", ".dstack.yml")
    assert done.code == 0, done.err + done.out
    return done.out


def owners(folder: Path) -> set[int]:
    """Who owns what in it."""
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


# --- who it is ------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["", "user: root\n", "user: daemon\n", "user: 4321:4321\n"])
def test_what_it_writes_belongs_to_the_caller(docked: World, user: str) -> None:
    said = ran(
        docked,
        f"""{user}commands:
- mkdir -p out/deep && echo model > out/deep/model && ln -s deep/model out/link
- echo kept > "$WF_ARTIFACTS/kept" && echo noted > "$WF_NOTES" && id -u
artifacts: [out]
""",
    )
    expected = {"": os.getuid(), "user: root\n": 0, "user: daemon\n": 1, "user: 4321:4321\n": 4321}
    assert int(said) == expected[user]
    folder = docked.folder(docked.runs()[-1])
    assert owners(folder) == {os.getuid()}
    assert (folder / "artifacts/out/deep/model").read_text() == "model\n"
    assert (folder / "artifacts/kept").read_text() == "kept\n"
    assert docked.record()["notes"] == ["noted"]


def test_it_has_a_home_that_is_gone_with_it(docked: World) -> None:
    docked.variables["LOGNAME"] = "me"
    said = ran(
        docked,
        """commands:
- |
  python3 -c 'import getpass, os; print(getpass.getuser(), os.path.expanduser("~"))'
- echo x > ~/.cache && ls -A ~
""",
    )
    assert said.split("\n")[:2] == ["me /home/wf", ".cache"]
    assert not (docked.folder(docked.runs()[-1]) / "home").exists()


def test_its_workflow_file_is_read_once_though_it_takes_no_packages(docked: World) -> None:
    docked.workflows(
        f"workflows:\n- {{name: job, provider: docker, image: '{SMALL}', commands: [':']}}\n"
    )
    cache = docked.home / "cache of its own"
    docked.variables["WF_CACHE"] = str(cache)
    for _ in range(3):
        assert docked.wf("run", "job").code == 0
    (kept,) = Cache(cache).workflows.iterdir()
    assert '"job"' in kept.read_text()
    assert cache.stat().st_mode & 0o777 == 0o700


def test_the_image_is_as_it_was_for_the_next(docked: World) -> None:
    assert ran(docked, "user: root\ncommands: [touch /etc/made && ls /etc/made]\n") == "/etc/made\n"
    assert ran(docked, "commands: [test ! -e /etc/made]\n") == ""


def test_the_project_is_where_it_is_and_where_the_file_wants_it(docked: World) -> None:
    docked.write("data.txt", "mine\n")
    said = ran(
        docked,
        'working_dir: /srv/code\ncommands: [pwd, cat data.txt, "cat /workflow/data.txt", '
        '"cat $DSTACK_REPO_DIR/data.txt"]\n',
    )
    assert said == "/srv/code\nmine\nmine\nmine\n"


def test_folders_of_the_machine_are_those_that_the_file_names(
    docked: World, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    said = ran(
        docked,
        f"""volumes:
- {tmp_path}/data:/mnt/data
- {{instance_path: {tmp_path}/no, path: /mnt/no, optional: true}}
commands: [ls /mnt, echo x > /mnt/data/made]
""",
    )
    assert said == "data\n"
    assert (tmp_path / "data/made").read_text() == "x\n"
    missing = f"volumes: ['{tmp_path}/no:/mnt/no']\ncommands: [ls]\n"
    task(docked, missing)
    done = docked.wf("run", "one", "-f", ".dstack.yml")
    assert done.code != 0
    assert f"{tmp_path}/no" in done.err
    assert not (tmp_path / "no").exists()


HOMES = "volumes: [{{instance_path: THERE{}, path: /root, optional: true}}]\n"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("working_dir: ~/\n", "/home/wf\nmine\n"),
        ("working_dir: /root\nhome_dir: /root/\n", "/root\nmine\n"),
        ("home_dir: /workflow\nworking_dir: /workflow\n", "/workflow\nmine\n"),
        (f"home_dir: /root\nworking_dir: /srv\n{HOMES.format('')}", "/srv\nmine\n"),
        (f"home_dir: /root\nworking_dir: /srv\n{HOMES.format('/no')}", "/srv\nmine\n"),
        ("home_dir: /\nworking_dir: /srv\n", "/srv\nmine\n"),
    ],
)
def test_nothing_else_is_where_the_file_wants_something(
    docked: World, tmp_path: Path, keys: str, said: str
) -> None:
    (tmp_path / "there").mkdir()
    docked.write("data.txt", "mine\n")
    asked = keys.replace("THERE", str(tmp_path / "there"))
    task(docked, f"{asked}commands: [pwd, cat data.txt, echo x > ~/made]\n", SMALL)
    done = docked.wf("run", "one", "-f", ".dstack.yml")
    assert (done.code, done.out) == (0, said), done.err
    assert (tmp_path / "there" / "made").exists() == ("THERE," in keys)


def test_what_it_wrote_is_the_callers_though_all_of_wf_was_killed(docked: World) -> None:
    task(
        docked,
        "user: daemon\ncommands: [mkdir -p out && chmod 700 out, echo x > out/f && echo written, "
        "sleep 1000]\n"
        "artifacts: [out]\n",
    )
    process = docked.start("run", "one", "-f", ".dstack.yml")
    run = docked.running()
    until(lambda: (docked.folder(run) / "log").read_text() == "written\n", "what the job prints")
    assert owners(docked.folder(run) / "artifacts") == {1}
    for pid in (*below(process.pid), process.pid):
        os.kill(pid, signal.SIGKILL)
    process.wait(PATIENCE_SECONDS)
    assert docked.record(run)["status"] == "lost"
    assert owners(docked.folder(run)) == {os.getuid()}
    assert (docked.folder(run) / "artifacts/out/f").read_text() == "x\n"


@pytest.mark.parametrize("image", [BASE, SMALL])
def test_files_change_hands_where_only_the_image_knows_who_it_is(
    dockerd: Dockerd, tmp_path: Path, image: str
) -> None:
    daemon = Daemon(dockerd.variables)
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True, mode=0o700)
    (folder / "deep" / "link").symlink_to("/etc/passwd")
    before = owners(Path("/etc/passwd"))
    assert give(daemon, image, "4321:4321", [folder, tmp_path / "missing"]) is None
    assert owners(folder) == {4321}
    assert give(daemon, image, "root", [folder]) is None
    assert owners(folder) == {0}
    assert owners(Path("/etc/passwd")) == before
    why = give(daemon, image, "nobody-knows", [folder]) or ""
    assert re.match("chown in the image ended with 1: .*nobody-knows", why)


# --- what it may do -------------------------------------------------------------------------------

STATUS = "commands: ['grep -E \"^(CapEff|CapBnd|NoNewPrivs)\" /proc/self/status']\n"


def test_it_gains_no_privileges(docked: World) -> None:
    told = dict(line.split(":\t") for line in ran(docked, f"user: daemon\n{STATUS}").splitlines())
    assert told == {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}
    told = dict(line.split(":\t") for line in ran(docked, f"user: root\n{STATUS}").splitlines())
    # CHOWN to SETUID: the first eight of capabilities(7), without DAC_READ_SEARCH
    assert (told["CapBnd"], told["NoNewPrivs"]) == ("00000000000000fb", "1")


def test_what_is_wfs_own_is_not_inside(docked: World) -> None:
    said = ran(docked, "commands: ['ls -A $DSTACK_REPO_DIR/..']\n")
    assert said.split() == ["artifacts", "notes", "workspace"]
    said = ran(docked, "commands: [find / -xdev -name docker.sock]\n")
    assert said == ""


# --- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("image", [BASE, SMALL])
def test_the_daemon_does_not_know_a_secret(docked: World, dockerd: Dockerd, image: str) -> None:
    task(
        docked,
        """commands:
- printf '%s' "$TOKEN" | wc -c
- printf '%s' "$ADDRESS" | wc -c
- while [ ! -e go ]; do sleep 0.05; done
env:
  ADDRESS: https://${{ secrets.TOKEN }}@host
""",
        image,
    )
    added = docked.wf("secrets", "add", "TOKEN", "-f", ".dstack.yml", given=SECRET)
    assert added.code == 0, added.err
    process = docked.start("run", "one", "-f", ".dstack.yml")
    run = docked.running()
    log = docked.folder(run) / "log"
    until(lambda: log.read_text().count("\n") == 2, "what the job prints")
    (container,) = dockerd.containers(docked.home)
    shown = dockerd.client.inspect_container(container["Id"])
    assert SECRET not in json.dumps(shown)
    below = [path for path in docked.folder(run).rglob("*") if path.is_file()]
    assert not [path for path in below if SECRET.encode() in content(path)]
    assert not [words for _, words in commands() if SECRET.encode() in b" ".join(words)]
    (docked.folder(run) / "workspace" / "go").touch()
    assert process.wait(PATIENCE_SECONDS) == 0
    lengths = [int(line) for line in log.read_text().split()]
    assert lengths == [len(SECRET), len(f"https://{SECRET}@host")]


def test_the_daemon_does_not_know_the_password_of_a_proxy(docked: World, dockerd: Dockerd) -> None:
    config = docked.home / ".docker" / "config.json"
    config.parent.mkdir()
    proxy = f"http://me:{SECRET}@proxy:1"
    proxies = {"default": {"httpsProxy": proxy, "noProxy": "localhost"}}
    config.write_text(json.dumps({"proxies": proxies}))
    task(
        docked,
        """commands:
- echo $https_proxy $HTTPS_PROXY $no_proxy
- while [ ! -e go ]; do sleep 0.05; done
""",
        SMALL,
    )
    process = docked.start("run", "one", "-f", ".dstack.yml")
    run = docked.running()
    log = docked.folder(run) / "log"
    until(lambda: log.read_text() == f"{proxy} {proxy} localhost\n", "what the job prints")
    (container,) = dockerd.containers(docked.home)
    shown = json.dumps(dockerd.client.inspect_container(container["Id"]))
    assert (SECRET in shown, "no_proxy=localhost" in shown) == (False, True)
    (docked.folder(run) / "workspace" / "go").touch()
    assert process.wait(PATIENCE_SECONDS) == 0


def content(path: Path) -> bytes:
    """What is in a file; nothing, if it has got another name meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


# --- what it is held to ---------------------------------------------------------------------------

LIMITED = """\
import json, os
def first(*paths):
    for path in paths:
        if os.path.exists(path):
            return open(path).read().split()
v1, v2 = "/sys/fs/cgroup/%s/%s", "/sys/fs/cgroup/%s"
print(json.dumps({
    "cores": sorted(os.sched_getaffinity(0)),
    "quota": first(v1 % ("cpu", "cpu.cfs_quota_us"), v2 % "cpu.max")[0],
    "memory": first(v1 % ("memory", "memory.limit_in_bytes"), v2 % "memory.max")[0],
    "swap": first(v1 % ("memory", "memory.memsw.limit_in_bytes"), v2 % "memory.swap.max")[0],
    "pids": first(v1 % ("pids", "pids.max"), v2 % "pids.max")[0],
    "shm": (lambda s: s.f_frsize * s.f_blocks)(os.statvfs("/dev/shm")),
}))
"""


def limits(world: World, resources: str) -> dict[str, Any]:
    """What a job of these resources is held to, as it sees it."""
    world.write("limited.py", LIMITED)
    found = ran(world, f"commands: [python3 limited.py]\nresources: {resources}\n")
    told: dict[str, Any] = json.loads(found)
    return told


def test_limits_are_those_of_the_lease(docked: World) -> None:
    told = limits(docked, "{cpu: 1, memory: 256MB, shm_size: 64MB}")
    memory = 256 << 20
    # version 2 of control groups counts swap by itself
    assert int(told["swap"]) in {memory, 0}
    assert int(told["memory"]) == memory
    assert told["quota"] == "100000"
    assert told["pids"] == "32768"
    assert told["shm"] == 64 << 20
    resources = docked.record()["resources"]
    assert told["cores"] == resources["cpus"]
    assert len(told["cores"]) == 1
    assert resources["enforced"]["cpus"] == "cpuset"
    assert resources["enforced"]["memory"] == "container"


def test_shared_memory_is_as_large_as_without_a_container(docked: World) -> None:
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    assert limits(docked, "{}")["shm"] == -(-half // 4096) * 4096
    assert limits(docked, "{memory: 256MB}")["shm"] == 256 << 20


# --- commands -------------------------------------------------------------------------------------


def test_commands_are_those_of_one_shell(docked: World) -> None:
    task(docked, "commands: [cd /usr, export A=1, sleep 1000 &, 'pwd; echo $A', 'exit 7', ls]\n")
    done = docked.wf("run", "one", "-f", ".dstack.yml")
    assert (done.code, done.out) == (7, "/usr\n1\n")


def test_an_image_without_bash_has_sh(docked: World) -> None:
    docked.workflows(
        f"workflows:\n- name: one\n  provider: docker\n  image: {SMALL}\n"
        "  commands: [cd /usr, 'echo $PWD ${BASH_VERSION-sh}']\n"
    )
    done = docked.wf("run", "one")
    assert (done.code, done.out) == (0, "/usr sh\n"), done.err


def test_an_entrypoint_is_given_the_commands(docked: World) -> None:
    said = ran(docked, "entrypoint: /bin/echo -n\ncommands: [a b, c]\n", SMALL)
    assert said == "a b c"


def test_a_shell_of_the_image_is_used(docked: World) -> None:
    said = ran(docked, "shell: bash\ncommands: ['[[ a = a ]] && echo $BASH_VERSION']\n")
    assert said[0].isdigit()


def test_nodes_run_side_by_side(docked: World) -> None:
    said = ran(docked, "nodes: 2\ncommands: ['echo $DSTACK_NODE_RANK of $DSTACK_NODES_NUM']\n")
    assert sorted(said.splitlines()) == ["0 of 2", "1 of 2"]


def test_ports_can_be_reached(docked: World) -> None:
    docked.write("index.html", "hello from inside")
    docked.workflows(
        f"workflows:\n- name: one\n  provider: docker\n  image: {BASE}\n  ports: 1\n"
        "  commands: ['exec python3 -m http.server $PORT_0']\n"
    )
    process = docked.start("run", "one")
    run = docked.running()
    (port,) = json.loads((docked.folder(run) / "served.json").read_text())["ports"]
    until(lambda: answered(port) == b"hello from inside", "an answer from the container")
    assert docked.wf("stop", run).code == 0
    process.wait(PATIENCE_SECONDS)


def answered(port: int) -> bytes | None:
    """What is served there, if something is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=5) as got:
            return bytes(got.read())
    except OSError:
        return None


def test_ports_of_a_network_of_its_own_can_be_reached(dockerd: Dockerd) -> None:
    """As they are published where a container cannot have the machine's network."""
    daemon, port = Daemon(dockerd.variables), free_port()
    image = daemon.image(SMALL)
    assert image is not None
    serve = ("sh", "-c", "cd /tmp && echo apart >index.html && exec httpd -f -p 8000")
    ports = (PortBinding(8000, port),)
    container = daemon.create(ContainerSpec("", image.id, serve, (), ports=ports))
    try:
        container.start()
        until(lambda: answered(port) == b"apart\n", "an answer from the container")
    finally:
        container.remove()
        daemon.forget()
