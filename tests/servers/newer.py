"""A Docker that knows the Container Device Interface, where this machine's own is older.

It comes from packages of a newer Debian, made for the C library of an older one too; they are not
installed, and lie in the checkout's ``.cache``. What starts containers in the end (``runc``) is
this machine's.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from tests.conftest import CACHE
from tests.servers.programs import alone, command

_FIRST = 25
_SUITE = "trixie"
_PACKAGES = ("docker.io", "containerd")
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_FOLDER = CACHE / f"docker-{_SUITE}"


def unavailable() -> str | None:
    """Why there is none."""
    if _is_new() or _FOLDER.exists():
        return None
    return f"dockerd is older than {_FIRST}; `python -m {__name__}` fetches one that is not"


def folders() -> tuple[Path, ...]:
    """Where its programs have to be looked for first."""
    return () if _is_new() else (_FOLDER / "usr/sbin", _FOLDER / "usr/bin")


def _is_new() -> bool:
    said = subprocess.run(["dockerd", "--version"], capture_output=True, check=False, text=True)
    found = re.search(r"version (\d+)", said.stdout)
    return found is not None and int(found[1]) >= _FIRST


def _mirror() -> str:
    """Where this machine has Debian from; it may have thrown away the lists that tell."""
    if not _listed():
        command("apt-get", "--quiet", "update")
    return _listed()


def _listed() -> str:
    """The first place in the lists there are: see ``indextargets`` in apt-get(8)."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian"]
    said = subprocess.run(asked, capture_output=True, check=True, text=True).stdout
    return said.partition("\n")[0].strip()


def fetch() -> None:
    """Unpack the packages; 56 MB, and 10 MB for the list of all."""
    CACHE.mkdir(exist_ok=True)
    with alone(CACHE / "docker.lock"):
        if _FOLDER.exists():
            return
        # apt has one of its own, so that this machine's knows nothing of it
        with tempfile.TemporaryDirectory(dir=CACHE) as name:
            staged = Path(name)
            for part in ("lists/partial", "cache/archives/partial", "unpacked"):
                (staged / part).mkdir(parents=True)
            source = staged / "sources.list"
            source.write_text(f"deb [signed-by={_KEYS}] {_mirror()} {_SUITE} main\n")
            settings = {
                "Dir::Etc::SourceList": source,
                "Dir::Etc::SourceParts": "-",
                "Dir::State::Lists": staged / "lists",
                "Dir::Cache": staged / "cache",
                "Acquire::Languages": "none",
                "Acquire::Retries": "3",
                "APT::Sandbox::User": "root",
            }
            options = [f"--option={key}={value}" for key, value in settings.items()]
            command("apt-get", *options, "--quiet", "update")
            options.append(f"--option=Dir::Cache::Archives={staged}")
            command("env", "-C", staged, "apt-get", *options, "--quiet", "download", *_PACKAGES)
            for package in staged.glob("*.deb"):
                command("dpkg-deb", "--extract", package, staged / "unpacked")
            (staged / "unpacked").rename(_FOLDER)


if __name__ == "__main__":
    if not _is_new():
        fetch()
