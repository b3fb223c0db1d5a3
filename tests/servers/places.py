"""Remote stores for tests: real servers, each with what a client needs to reach it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.conftest import program, require
from tests.servers.programs import rclone
from tests.servers.serving import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, SECRET = "wf-tests-key", "wf-tests-secret"


@dataclass
class Place:
    """Where a remote is: the folder that the server keeps it in, its address and variables."""

    folder: Path
    url: str
    variables: dict[str, str] = field(default_factory=dict)
    server: Server | None = None

    def close(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.kill()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server does not run meanwhile: what it has kept can be changed behind its back."""
        if self.server is not None:
            self.server.kill()
        yield
        if self.server is not None:
            self.server.start()

    def file(self, name: str) -> Path:
        """The file that the server keeps something in."""
        return self.folder / name


def folder(home: Path) -> Place:
    """A plain folder."""
    return Place(home / "remote", str(home / "remote"))


def s3(home: Path) -> Place:
    """rclone's S3 server, which asks for keys."""
    served = _bucket(home, ["--auth-key", f"{KEY},{SECRET}"])
    served.url = "s3://bucket/team/models"
    port = served.server.port if served.server else 0
    served.variables = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
    }
    return served


def google(home: Path) -> Place:
    """The same without keys: for what wf needs, Google's XML API is that of S3.

    It shows that the requests are understood; how Google lets people in it cannot show.
    """
    served = _bucket(home, [])
    served.url = "gs://bucket/team/models"
    port = served.server.port if served.server else 0
    address = f"http://127.0.0.1:{port}"
    account = {"gcs_base_url": address, "disable_oauth": True}
    keys = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    served.variables = {
        "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({**account, **keys}),
        "GOOGLE_BASE_URL": address,
    }
    return served


def _bucket(home: Path, options: list[str]) -> Place:
    root = home / "served"
    (root / "bucket").mkdir(parents=True)
    port = free_port()
    argv = [
        rclone(),
        "serve",
        "s3",
        "--addr",
        f"127.0.0.1:{port}",
        *options,
        str(root),
    ]
    env = {"PATH": os.defpath, "HOME": str(home), "RCLONE_CONFIG": str(home / "none")}
    server = Server(argv, port, home / "rclone.log", env)
    return Place(root / "bucket/team/models", "", server=server)


def sftp(home: Path) -> Place:
    """OpenSSH's server, reached by an ``ssh`` that knows it and has a key for it."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    reason = "`sshd` is not on PATH" if found is None else program("ssh")
    if reason is None and os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
        reason = "sshd wants a folder /run/sshd"
    require("sftp", reason)
    for name in ("host", "user"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    port = free_port()
    (home / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\n"
        f"AuthorizedKeysFile {home}/user.pub\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\n"
        "PermitRootLogin prohibit-password\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
    )
    known = f"[127.0.0.1]:{port} {(home / 'host.pub').read_text()}"
    (home / "known_hosts").write_text(known)
    (home / "bin").mkdir()
    ssh = home / "bin" / "ssh"
    ssh.write_text(
        f"#!/bin/sh\nexec {shutil.which('ssh')} -F none -oUserKnownHostsFile={home}/known_hosts "
        f"-oGlobalKnownHostsFile=none -oIdentityFile={home}/user -oIdentitiesOnly=yes "
        '-oBatchMode=yes "$@"\n'
    )
    ssh.chmod(0o755)
    argv = [str(found), "-D", "-e", "-f", str(home / "sshd_config")]
    server = Server(argv, port, home / "sshd.log", {"PATH": os.environ["PATH"]})
    path = f"{home}/bin:{os.environ['PATH']}"
    url = f"sftp://127.0.0.1:{port}{home}/remote"
    return Place(home / "remote", url, {"PATH": path}, server)


PLACES = {"folder": folder, "s3": s3, "google": google, "sftp": sftp}
