"""The images of the tests, made on this machine: nothing is pulled from anywhere.

Both are archives in the checkout's ``.cache``, made once.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import CACHE, program
from tests.servers.programs import alone, command

BASE = "wf-base:1"
"""Debian with bash, a Python named ``python`` and pip, as the official images of Python have it."""
SMALL = "wf-small:1"
"""``sh`` and what goes with it, in one program: no bash, no Python, and made in no time."""

_PACKAGES = "ca-certificates,python-is-python3,python3,python3-pip"
_LEFT_OUT = ("var/cache/apt/*", "var/lib/apt/lists/*", "usr/share/doc/*", "usr/share/man/*")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CHANGES = {
    BASE: [f"ENV PATH={_PATH}", "ENV LANG=C.UTF-8", 'CMD ["python3"]'],
    SMALL: [f"ENV PATH={_PATH}", 'CMD ["sh"]'],
}
_RELEASE = Path("/etc/os-release")


def unavailable() -> str | None:
    """Why the images cannot be made."""
    if _archive(BASE).exists() and _archive(SMALL).exists():
        return None
    return program("debootstrap") or program("busybox")


def give(client: Any, reference: str) -> None:
    """Have a daemon, spoken to by the SDK's ``client``, know an image."""
    made = _made(reference)
    repository, _, tag = reference.partition(":")
    client.import_image(src=str(made), repository=repository, tag=tag, changes=_CHANGES[reference])


def _archive(reference: str) -> Path:
    return CACHE / "images" / f"{reference.replace(':', '-')}.tar"


def _made(reference: str) -> Path:
    archive = _archive(reference)
    archive.parent.mkdir(parents=True, exist_ok=True)
    with alone(archive.with_suffix(".lock")):
        if not archive.exists():
            root = Path(tempfile.mkdtemp(dir=archive.parent))
            try:
                _debian(root) if reference == BASE else _busybox(root)
                _pack(root, archive)
            finally:
                shutil.rmtree(root)
    return archive


def _debian(root: Path) -> None:
    """The release of Debian that this machine has, whose registry is known to be reached."""
    said = dict(line.split("=", 1) for line in _RELEASE.read_text().splitlines() if "=" in line)
    command(
        "debootstrap", "--variant=minbase", f"--include={_PACKAGES}", said["VERSION_CODENAME"], root
    )
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()


def _busybox(root: Path) -> None:
    for folder in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "usr", "var"):
        (root / folder).mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    shutil.copy(shutil.which("busybox") or "busybox", root / "bin/busybox")
    done = subprocess.run(
        [root / "bin/busybox", "--list"], check=True, capture_output=True, text=True
    )
    for name in set(done.stdout.split()) - {"busybox", "bash"}:
        (root / "bin" / name).symlink_to("busybox")


def _pack(root: Path, archive: Path) -> None:
    staged = archive.with_suffix(".part")
    # a container has its own /dev
    left_out = [f"--exclude=./{pattern}" for pattern in (*_LEFT_OUT, "dev/*")]
    command("tar", "-C", root, "--numeric-owner", *left_out, "-cf", staged, ".")
    staged.rename(archive)


if __name__ == "__main__":
    # takes a minute: to be done while other things are
    for each in (BASE, SMALL):
        _made(each)
