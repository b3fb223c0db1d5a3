"""What a user is told when packages cannot be installed: the faults are real, and so is uv."""

from __future__ import annotations

import io
import os
import re
import ssl
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from runner.cached import Cache
from runner.environments.cache import EnvironmentCache
from runner.environments.uv.provisioner import UvProvisioner
from runner.errors import ENVIRONMENT, WfError
from runner.plan.environment import EnvironmentSpec, RequirementFile
from tests.conftest import program, require
from tests.fakes import packages
from tests.fakes.observer import RecordingObserver
from tests.fakes.package_index import PackageIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
SECRET = "s3cr3t-w0rd"
ZEROS = "0" * 64
_PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "1.0"
"""
# what the builds of sources say before they end
BUILDS = {
    "bad-header": 'sys.exit("x.c:1:10: fatal error: sndfile.h: No such file or directory\\n"'
    " \"compilation terminated.\\nerror: command 'gcc' failed with exit code 1\")",
    "bad-python-h": "sys.exit('src/a.c:4:10: fatal error: Python.h: No such file or directory')",
    "bad-tool": 'subprocess.check_call(["a-tool-that-is-not-here", "-c"])',
    "bad-compiler": "sys.exit(\"error: command 'gcc' failed: No such file or directory\")",
    "bad-cmake": 'raise RuntimeError("CMake must be installed to build this")',
    "bad-script": 'raise RuntimeError("the license has run out")',
    "bad-import": "import pkg_resources_of_old",
}


def source(folder: Path, name: str, build: str) -> None:
    """A source distribution whose build runs these lines."""
    module = f"import subprocess, sys\ndef build_wheel(*words, **named):\n    {build}\n"
    top = f"{name.replace('-', '_')}-1.0"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n",
        "pyproject.toml": _PROJECT.format(name=name),
        "backend.py": module,
    }
    with tarfile.open(folder / f"{top}.tar.gz", "w:gz") as archive:
        for member, text in files.items():
            described = tarfile.TarInfo(f"{top}/{member}")
            described.size = len(text)
            archive.addfile(described, io.BytesIO(text.encode()))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the index has."""
    folder = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "2.0"):
        packages.wheel(folder, "leaf", version)
    packages.wheel(folder, "Left_Twig", requires=("leaf<2",))
    packages.wheel(folder, "right", requires=("leaf>=2",))
    packages.wheel(folder, "old", tag="cp36-cp36m-manylinux1_x86_64")
    packages.wheel(folder, "old", tag="cp37-cp37m-manylinux1_x86_64")
    packages.wheel(folder, "windows", tag="py3-none-win_amd64")
    packages.wheel(folder, "new", python=">=3.99")
    packages.wheel(folder, "package")
    packages.wheel(folder, "via_missing", requires=("not-there>=1",))
    packages.wheel(folder, "via_old", requires=("old",))
    packages.wheel(folder, "via_version", requires=("leaf>=9",))
    packages.wheel(folder, "via_build", requires=("bad-script",))
    for name, build in BUILDS.items():
        source(folder, name, build)
    (folder / "damaged-1.0-py3-none-any.whl").write_bytes(
        (folder / "leaf-1.0-py3-none-any.whl").read_bytes()[:200]
    )
    return folder


@pytest.fixture(scope="module")
def index(wheels: Path) -> Iterator[PackageIndex]:
    with PackageIndex(wheels) as made:
        yield made


class Machine:
    """Somebody who builds an environment, and is told why there is none."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "UV_CACHE_DIR": str(folder / "uv"),
            "UV_DEFAULT_INDEX": url,
            "UV_HTTP_RETRIES": "0",
        }
        self.log = folder / "log"

    def fails(self, *lines: str, as_of: str | None = None, **files: str) -> WfError:
        """Why these requirements cannot be installed."""
        text = "".join(f"{line}\n" for line in lines)
        more = (RequirementFile(f"{name}.txt", text) for name, text in files.items())
        spec = EnvironmentSpec(OWN, (RequirementFile("requirements.txt", text), *more), as_of=as_of)
        cache = EnvironmentCache(UvProvisioner(self.variables, {}), Cache(self.folder / "cache"))
        with pytest.raises(WfError) as raised:
            cache.obtain(spec, RecordingObserver(), self.log)
        assert not list((self.folder / "cache").glob("environments/*/"))
        return raised.value


@pytest.fixture
def machine(tmp_path: Path, index: PackageIndex) -> Machine:
    return Machine(tmp_path, index.url_for("user", SECRET))


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        (
            ("# all", "left.twig", "right"),
            (
                "the requirements exclude each other: `right` (requirements.txt:3) needs leaf>=2, "
                "but `left.twig` (requirements.txt:2) needs leaf<2"
            ),
            "loosen one of them",
        ),
        (
            ("left-twig", "leaf>=2  # new"),
            (
                "the requirements exclude each other: `left-twig` (requirements.txt:1) needs "
                "leaf<2, but `leaf>=2` (requirements.txt:2) is asked for"
            ),
            "loosen",
        ),
        (
            ("leaf==1.0", "leaf == 2.0"),
            (
                "the requirements exclude each other: `leaf==1.0` (requirements.txt:1) and "
                "`leaf == 2.0` (requirements.txt:2)"
            ),
            "loosen",
        ),
        (
            ("leaf", "Not_There==1"),
            "there is no package `Not_There==1` (requirements.txt:2) in the package registry",
            "correct its name",
        ),
        (
            ("via-missing",),
            (
                "there is no package `not-there`, which `via-missing` (requirements.txt:1) needs, "
                "in the package registry"
            ),
            "correct its name",
        ),
        (("leaf==3.0",), "there is no version for `leaf==3.0` (requirements.txt:1)", "choose"),
        (
            ("leaf>=5",),
            "there is no version for `leaf>=5` (requirements.txt:1); there is leaf<=2.0",
            "choose a version",
        ),
        (
            ("via-version",),
            (
                "there is no version for `leaf>=9`, which `via-version` (requirements.txt:1) needs"
                "; there is leaf<=2.0"
            ),
            "choose a version",
        ),
        (
            ("old",),
            f"`old` (requirements.txt:1) has no wheel for Python {OWN}, but for 3.6 and 3.7",
            "run it with --python 3.7",
        ),
        (
            ("via-old",),
            (
                "`old==1.0`, which `via-old` (requirements.txt:1) needs, "
                f"has no wheel for Python {OWN}, but for 3.6 and 3.7"
            ),
            "run it with --python 3.7",
        ),
        (
            ("windows",),
            "`windows` (requirements.txt:1) has no wheel for this machine, but for win_amd64",
            "marker",
        ),
        (
            ("new",),
            f"`new` (requirements.txt:1) does not run on Python {OWN}: it needs >=3.99",
            "--python",
        ),
        (
            ("leaf", f"package==1.0 --hash=sha256:{ZEROS}", "leaf==1.0 --hash=sha256:" + ZEROS),
            (
                "the file of `package==1.0` (requirements.txt:2) does not have the hash that is "
                "asked for"
            ),
            "--hash",
        ),
        (
            ("damaged",),
            "the file of `damaged` (requirements.txt:1) on the index is damaged",
            "another version",
        ),
        (
            ("bad-header",),
            (
                f"`bad-header` (requirements.txt:1) has no wheel for Python {OWN} here, and its "
                "build fails: the header sndfile.h is missing"
            ),
            "apt install libsndfile1-dev",
        ),
        (("bad-python-h",), "the header Python.h is missing", f"apt install python{OWN}-dev"),
        (("bad-tool",), "the program a-tool-that-is-not-here is missing", "install it"),
        (("bad-compiler",), "the program gcc is missing", "apt install build-essential"),
        (("bad-cmake",), "the program CMake is missing", "apt install cmake"),
        (
            ("bad-script",),
            "its build fails: `RuntimeError: the license has run out`",
            f"a version of it with a wheel for Python {OWN}",
        ),
        (
            ("via-build",),
            "`bad-script==1.0`, which `via-build` (requirements.txt:1) needs, has no wheel",
            "wheel",
        ),
        (("bad-import",), "it imports `pkg_resources_of_old`, which it does not say", "--as-of"),
    ],
)  # fmt: skip
def test_the_cause_is_said_with_its_place(
    machine: Machine, lines: tuple[str, ...], message: str, hint: str
) -> None:
    if "--hash" in lines[1:2] or any("--hash" in line for line in lines):
        lines = lines[:2]
    error = machine.fails(*lines)
    assert error.kind == ENVIRONMENT
    assert message in error.message
    assert hint in str(error.hint)
    # uv's own words, and where the rest of them is
    assert re.search(r"error: |cause: ", str(error.details))
    assert str(error.details).endswith(f"the whole log: {machine.log}")
    assert SECRET not in f"{error.message}{error.hint}{error.details}"
    assert SECRET not in machine.log.read_text(encoding="utf-8")


def test_a_constraint_is_named_in_its_own_file(machine: Machine) -> None:
    error = machine.fails("-c limits.txt", "right", limits="# cap\nleaf<2\n")
    assert "`right` (requirements.txt:2) needs leaf>=2" in error.message
    assert "`leaf<2` (limits.txt:2)" in error.message


def test_a_package_called_like_a_word_of_uvs_is_not_blamed(machine: Machine) -> None:
    error = machine.fails("package", "leaf==3.0")
    assert error.message == "there is no version for `leaf==3.0` (requirements.txt:2)"


def test_only_the_date_is_at_fault(tmp_path: Path, wheels: Path) -> None:
    dates = {f"leaf-{n}.0-py3-none-any.whl": f"202{n}-05-01T00:00:00Z" for n in (1, 2)}
    with PackageIndex(wheels, dates=dates) as index:
        machine = Machine(tmp_path, index.url)
        machine.variables["UV_EXCLUDE_NEWER"] = "2021-07-01"
        error = machine.fails("leaf>=2", as_of="2021-07-01")
    assert (
        "`leaf>=2` (requirements.txt:1) has no version that was out on 2021-07-01" in error.message
    )
    assert "2.0 came on 2022-05-01" in error.message
    assert "--as-of" in str(error.hint)


def test_an_index_without_dates_knows_no_day(machine: Machine) -> None:
    machine.variables["UV_EXCLUDE_NEWER"] = "2020-01-01"
    error = machine.fails("leaf", as_of="2020-01-01")
    assert "does not say when `leaf` (requirements.txt:1) was uploaded" in error.message
    assert "2020-01-01" in error.message
    assert "--as-of" in str(error.hint)


# --- the network ----------------------------------------------------------------------------------


def test_a_host_that_is_not_known(tmp_path: Path) -> None:
    error = Machine(tmp_path, f"https://user:{SECRET}@no-such-host.invalid/simple").fails("leaf")
    assert "the host `no-such-host.invalid` cannot be found (DNS)" in error.message
    assert "`leaf` (requirements.txt:1) cannot be fetched" in error.message
    assert SECRET not in f"{error.message}{error.hint}{error.details}"


def test_nobody_listens(tmp_path: Path) -> None:
    error = Machine(tmp_path, "http://127.0.0.1:9/simple").fails("leaf")
    assert "`127.0.0.1:9` refuses the connection" in error.message
    assert "HTTPS_PROXY" in str(error.hint)


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (401, "answers 401 Unauthorized", "user and password of the index"),
        (403, "answers 403 Forbidden", "user and password of the index"),
        (407, "answers 407 Proxy Authentication Required", "the proxy wants"),
        (503, "answers 503 Service Unavailable", "try again later"),
    ],
)
def test_the_index_refuses(
    tmp_path: Path, wheels: Path, status: int, message: str, hint: str
) -> None:
    with PackageIndex(wheels, refusal=status) as refusing:
        error = Machine(tmp_path, refusing.url_for("user", SECRET)).fails("leaf")
    assert f"`{refusing.host}` {message}" in error.message
    assert hint in str(error.hint)
    assert SECRET not in f"{error.message}{error.hint}{error.details}"


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, wheels: Path) -> None:
    with PackageIndex(wheels, certificate=certificate(tmp_path, "localhost")) as index:
        error = Machine(tmp_path, index.url).fails("leaf")
        assert f"the certificate of `{index.host}` is not trusted" in error.message
        assert "SSL_CERT_FILE" in str(error.hint)


def test_no_answer_in_time(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        machine = Machine(tmp_path, f"http://{host}/simple")
        machine.variables["UV_HTTP_TIMEOUT"] = "1"
        error = machine.fails("leaf")
    assert f"`{host}` did not answer in time" in error.message
    assert "UV_HTTP_TIMEOUT" in str(error.hint)


def test_the_network_is_switched_off(machine: Machine) -> None:
    machine.variables["UV_OFFLINE"] = "1"
    error = machine.fails("leaf")
    assert "`leaf` (requirements.txt:1) in uv's cache" in error.message
    assert "UV_OFFLINE" in error.message


def certificate(folder: Path, name: str) -> Path:
    """A certificate that signs itself, with its key."""
    require("openssl", program("openssl"))
    key, made, both = (folder / f"{name}.{end}" for end in ("key", "crt", "pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
         "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + made.read_bytes())
    assert ssl.PEM_HEADER.encode() in made.read_bytes()
    return both


# --- the disk -------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    if os.geteuid() != 0:
        require("root", "a small disk can be mounted by root alone")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False, capture_output=True
    )
    require("mount", mounted.stderr.decode() if mounted.returncode else None)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("full", ["UV_CACHE_DIR", "WF_CACHE"])
def test_the_disk_is_full(tmp_path: Path, machine: Machine, small: Path, full: str) -> None:
    fat = packages.wheel(tmp_path / "fat", "fat")
    import zipfile

    with zipfile.ZipFile(fat, "a") as archive:
        archive.writestr("fat_data.bin", os.urandom(5_000_000))
    machine.variables["UV_FIND_LINKS"] = str(fat.parent)
    machine.variables["UV_LINK_MODE"] = "copy"
    if full == "UV_CACHE_DIR":
        machine.variables["UV_CACHE_DIR"] = str(small / "uv")
    else:
        (tmp_path / "cache").symlink_to(small)
    error = machine.fails("fat")
    assert f"no space left on {small}" in error.message
    assert "WF_CACHE" in str(error.hint)


def test_uvs_cache_cannot_be_written(machine: Machine, small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    machine.variables["UV_CACHE_DIR"] = str(small / "uv")
    error = machine.fails("leaf")
    assert f"{small}/uv cannot be written: read-only file system" in error.message
    assert "UV_CACHE_DIR" in str(error.hint)
