"""Tools: what is installed, what is served, and that no value of the file is ever executed.

The commands are run by the real bash, with programs on PATH that write down what they were given.
"""

from __future__ import annotations

import os
import shlex
import shutil
import string
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.document.document import Scalar
from runner.spec.providers import tools
from runner.spec.providers.registry import PROVIDERS
from runner.spec.workflow import NO_PORTS, Ports, Service, ShellCommands

if TYPE_CHECKING:
    from pathlib import Path

    from runner.spec.providers.base import ProviderForm

HOST = "127.0.0.1"
PORT = "4001"
TOKEN = "secret-token"
# writes its name and words, and the variables that tools are given, behind each other
STUB = """\
#!/bin/sh
printf '%s\\0' "${{0##*/}}" "$@" "=$GRADIO_SERVER_NAME:$GRADIO_SERVER_PORT" >> {told}
printf '\\n\\0' >> {told}
"""
PROGRAMS = ("streamlit", "python", "tensorboard", "curl", "jupyter")
# what a shell would make something of
NASTY = [
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "a b",
    "*",
    "'",
    '"',
    "\\",
    "~",
    "#",
]
TEXTS = st.sampled_from(NASTY) | st.text(st.sampled_from(string.printable) | st.characters())
WORDS = TEXTS.filter(lambda text: "\0" not in text and text.strip() and _encodable(text))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which no file holds
        return False
    return True


class Shell:
    """A bash with programs that tell what they were given."""

    def __init__(self, folder: Path, *programs: str) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.work = folder / "work"
        self.work.mkdir()
        self.told = folder / "told"
        for name in programs:
            self.program(name, STUB.format(told=shlex.quote(str(self.told))))

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run(self, *commands: str, only: bool = False, **variables: str) -> int:
        bash = shutil.which("bash")
        assert bash is not None
        path = str(self.bin) if only else f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [bash, "-c", "\n".join(commands)],
            cwd=self.work,
            env={"PATH": path, "HOME": str(self.work), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
        return done.returncode

    def calls(self) -> list[list[str]]:
        """The words of each program, in the order of the calls; then they are forgotten."""
        told = self.told.read_bytes().decode() if self.told.exists() else ""
        self.told.unlink(missing_ok=True)
        return [call.split("\0")[:-1] for call in told.split("\n\0")[:-1]]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"), *PROGRAMS)


def form(provider: str, **keys: Any) -> ProviderForm:
    written = {"name": Scalar("a"), "provider": Scalar(provider), **keys}
    return PROVIDERS[provider].model_validate(written)


def commands(provider: str, **keys: Any) -> tuple[str, ...]:
    launch = form(provider, **keys).launch()
    assert isinstance(launch, ShellCommands)
    return launch.commands


def scalars(words: list[str]) -> list[Scalar]:
    return [Scalar(word) for word in words]


# --- what a shell makes of the commands -----------------------------------------------------------

STREAMLIT = [
    *("streamlit", "run", "--server.address", HOST, "--server.port", PORT),
    *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
]


def test_each_tool_is_started_with_its_port(shell: Shell) -> None:
    expected = {
        "lab": ["jupyter", "lab", "--no-browser", "--allow-root", f"--ip={HOST}", f"--port={PORT}"],
        "notebook": [
            *("jupyter", "notebook", "--no-browser", "--allow-root"),
            *(f"--ip={HOST}", f"--port={PORT}"),
        ],
        "streamlit": [*STREAMLIT, "app.py", "--theme", "dark"],
        "gradio": ["python", "app.py", "--theme", "dark"],
        "fastapi": [
            *("python", "-m", "uvicorn", "--host", HOST, "--port", PORT),
            *("main:app", "--workers", "2"),
        ],
        "tensorboard": ["tensorboard", "--host", HOST, "--port", PORT, "--logdir", "."],
    }
    keys: dict[str, dict[str, Scalar]] = {
        "streamlit": {"target": Scalar("app.py"), "args": Scalar("--theme dark")},
        "gradio": {"file": Scalar("app.py"), "args": Scalar("--theme dark")},
        "fastapi": {"app": Scalar("main:app"), "args": Scalar("--workers 2")},
    }
    for provider, words in expected.items():
        assert shell.run(*commands(provider, **keys.get(provider, {})), PORT_0=PORT) == 0
        ((*call, address),) = shell.calls()
        assert call == words
        assert address == (f"={HOST}:{PORT}" if provider == "gradio" else "=:")


def test_the_port_is_the_one_behind_those_of_the_workflow(shell: Shell) -> None:
    asked = form("tensorboard", ports=[Scalar("8080", "int"), Scalar("3000", "int")])
    assert asked.requested_ports() == Ports((8080, 3000), 1)
    service = asked.service()
    assert service is not None
    assert service.port == 2
    launch = asked.launch()
    assert isinstance(launch, ShellCommands)
    shell.run(*launch.commands, PORT_0="1", PORT_2=PORT)
    assert shell.calls()[0][4] == PORT


def test_curl_fails_where_the_server_does(shell: Shell) -> None:
    keys = {"url": Scalar("https://example.org/a b"), "output": Scalar("data/a b")}
    assert form("curl", **keys).requested_ports() == NO_PORTS
    assert shell.run(*commands("curl", **keys)) == 0
    ((*call, _),) = shell.calls()
    assert call == [
        *("curl", "--location", "--fail", "--show-error", "--create-dirs"),
        *("--output", "data/a b", "--url", "https://example.org/a b"),
    ]


# each example starts a bash, and five programs for each value in it
@settings(max_examples=15)
@given(st.lists(st.tuples(WORDS, st.lists(WORDS, max_size=3)), min_size=1, max_size=5))
def test_no_value_is_ever_executed(shell: Shell, values: list[tuple[str, list[str]]]) -> None:
    """All in one bash, each in a subshell of its own, as the tools take the shell's place."""
    wanted: list[list[str]] = []
    made: list[tuple[str, ...]] = []
    for text, args in values:
        given_args = scalars(args)
        made.append(commands("streamlit", target=Scalar(text), args=given_args))
        wanted.append([*STREAMLIT, text, *args])
        made.append(commands("fastapi", app=Scalar(text), args=given_args))
        wanted.append(["python", "-m", "uvicorn", "--host", HOST, "--port", PORT, text, *args])
        path = "x/" + text.replace("/", "_")
        made.append(commands("gradio", file=Scalar(path), args=given_args))
        wanted.append(["python", path, *args])
        made.append(commands("tensorboard", logdir=Scalar(path)))
        wanted.append(["tensorboard", "--host", HOST, "--port", PORT, "--logdir", path])
        made.append(commands("curl", url=Scalar(text), output=Scalar(path)))
        wanted.append(
            [
                *("curl", "--location", "--fail", "--show-error", "--create-dirs"),
                *("--output", path, "--url", text),
            ]
        )
    script = ["(\n" + "\n".join(one) + "\n)" for one in made]
    assert shell.run(*script, PORT_0=PORT) == 0
    assert [call[:-1] for call in shell.calls()] == wanted
    assert list(shell.work.iterdir()) == []


# --- Visual Studio Code ---------------------------------------------------------------------------

NEEDED = ("mktemp", "uname")


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """A shell that finds nothing but what is needed."""
    made = Shell(tmp_path)
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (made.bin / name).symlink_to(found)
    return made


def editor(shell: Shell, name: str) -> None:
    told = shlex.quote(str(shell.told))
    shell.program(name, f'#!/bin/sh\nprintf "%s\\0" {name} "$@" >> {told}\n')


def edit(shell: Shell, **keys: Scalar) -> tuple[int, list[str]]:
    code = shell.run(*commands("code", **keys), only=True, PORT_0=PORT, CONNECTION_TOKEN=TOKEN)
    told = shell.told.read_bytes().decode() if shell.told.exists() else ""
    return code, told.split("\0")[:-1]


def test_an_editor_that_is_installed_is_taken(bare: Shell) -> None:
    editor(bare, "openvscode-server")
    editor(bare, "code")
    code, words = edit(bare, version=Scalar("1.67.2"))
    assert code == 0
    *words, file = words
    assert words == ["openvscode-server", "--host", HOST, "--port", PORT, "--connection-token-file"]
    with open(file, encoding="utf-8") as token:
        assert token.read() == TOKEN
    assert os.stat(file).st_mode & 0o077 == 0
    os.unlink(file)


def test_code_is_taken_where_no_version_is_asked_for(bare: Shell) -> None:
    editor(bare, "code")
    code, words = edit(bare)
    assert code == 0
    assert words[:3] == ["code", "serve-web", "--accept-server-license-terms"]
    assert TOKEN not in words
    os.unlink(words[-1])


@pytest.mark.parametrize(
    ("machine", "version", "release"),
    [
        ("x86_64", "1.67.2", "openvscode-server-v1.67.2/openvscode-server-v1.67.2-linux-x64"),
        ("aarch64", None, "openvscode-server-v1.78.1/openvscode-server-v1.78.1-linux-arm64"),
    ],
)
def test_else_it_is_fetched(bare: Shell, machine: str, version: str | None, release: str) -> None:
    if version:
        editor(bare, "code")  # any version will not do
    editor(bare, "curl")
    (bare.bin / "uname").unlink()
    bare.program("uname", f"#!/bin/sh\necho {machine}\n")
    # tar -xzf FILE -C FOLDER
    bare.program(
        "tar",
        '#!/bin/sh\n/bin/mkdir "$4/bin" && /bin/ln -s "$FETCHED" "$4/bin/openvscode-server"\n',
    )
    editor(bare, "fetched")
    keys = {"version": Scalar(version)} if version else {}
    code = bare.run(
        *commands("code", **keys),
        only=True,
        PORT_0=PORT,
        CONNECTION_TOKEN=TOKEN,
        FETCHED=str(bare.bin / "fetched"),
        TMPDIR=str(bare.folder),
    )
    assert code == 0
    words = bare.told.read_bytes().decode().split("\0")
    url = f"https://github.com/gitpod-io/openvscode-server/releases/download/{release}.tar.gz"
    assert url in words
    assert words[words.index("fetched") + 1 : -2] == [
        *("--host", HOST, "--port", PORT, "--connection-token-file")
    ]


def test_a_download_that_fails_ends_the_job(bare: Shell) -> None:
    bare.program("curl", "#!/bin/sh\nexit 22\n")
    editor(bare, "tar")
    code, words = edit(bare)
    assert (code, words) == (22, [])


# --- what is installed and served -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "keys", "packages"),
    [
        ("lab", {}, ("jupyterlab",)),
        ("notebook", {}, ("notebook",)),
        ("streamlit", {"target": "a.py"}, ("streamlit",)),
        ("gradio", {"file": "a.py"}, ("gradio",)),
        ("fastapi", {"app": "a:b"}, ("fastapi", "uvicorn")),
        ("tensorboard", {}, ("tensorboard",)),
    ],
)
def test_the_tool_is_installed_in_the_version_asked_for(
    provider: str, keys: dict[str, str], packages: tuple[str, ...]
) -> None:
    written = {key: Scalar(value) for key, value in keys.items()}
    assert form(provider, **written).packages() == packages
    first, *more = packages
    versioned = form(provider, **written, version=Scalar("1.2", "float"))
    assert versioned.packages() == (f"{first}==1.2", *more)
    assert versioned.python_version() is None


def test_curl_and_code_install_nothing() -> None:
    assert form("code", version=Scalar("1.67.2")).packages() == ()
    assert form("curl", url=Scalar("a"), output=Scalar("b")).packages() == ()


@pytest.mark.parametrize(
    ("provider", "service"),
    [
        ("code", Service("Visual Studio Code", "/?tkn={token}", "CONNECTION_TOKEN")),
        ("lab", Service("JupyterLab", "/lab?token={token}", "JUPYTER_TOKEN")),
        ("notebook", Service("Jupyter Notebook", "/tree?token={token}", "JUPYTER_TOKEN")),
        ("tensorboard", Service("TensorBoard")),
    ],
)
def test_what_is_served(provider: str, service: Service) -> None:
    assert form(provider).service() == service


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_a_version_is_digits_and_dots_or_refused(written: str) -> None:
    """It becomes part of a requirement and of an address."""
    try:
        found = tools.LabForm.model_validate(
            {"name": Scalar("a"), "provider": Scalar("lab"), "version": Scalar(written)}
        )
    except ValueError:
        return
    assert set(str(found.version)) <= set(string.ascii_lowercase + string.digits + ".")
