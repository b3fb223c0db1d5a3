"""The registry and PyTorch's own index, under their names, on a machine with a network of its own.

``python -m tests.fakes.pytorch FOLDER JOB`` is to be started by ``unshare --net --mount``: it gives
both names to loopback (``/etc/hosts``), serves ``FOLDER/pypi`` as the one and ``FOLDER/whl/cpu`` …
as the other, with certificates of an authority made on the spot, and obtains the environments that
``JOB`` (JSON) lists, one after the other. It prints a list of what came of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from runner.cached import Cache, EnvironmentPaths
from runner.environments.cache import EnvironmentCache
from runner.environments.interface import Build, Environment
from runner.environments.uv.accelerator import HOST
from runner.environments.uv.provisioner import UvProvisioner
from runner.errors import WfError
from runner.events import PhaseFinished
from runner.plan.environment import EnvironmentSpec, RequirementFile
from tests.fakes.observer import RecordingObserver
from tests.fakes.package_index import PackageIndex

REGISTRY = "pypi.org"
PORT = 443


def authority(folder: Path) -> tuple[Path, Path]:
    """A certificate authority's certificate, and a certificate with its key for both names."""
    names = f"subjectAltName=DNS:{HOST},DNS:{REGISTRY}"
    (folder / "names").write_text(names)
    ca, key, request, made = (folder / name for name in ("ca.pem", "key", "request", "made"))
    for words in (
        ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests",
         "-keyout", folder / "ca.key", "-out", ca),
        ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=index", "-keyout", key,
         "-out", request),
        ("x509", "-req", "-in", request, "-CA", ca, "-CAkey", folder / "ca.key",
         "-CAcreateserial", "-days", "2", "-extfile", folder / "names", "-out", made),
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    both = folder / "server.pem"
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return ca, both


def main(folder: Path, job: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Obtain environments, each as one entry of ``job`` says."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 {HOST} {REGISTRY} localhost\n")
    for words in (
        ("mount", "--bind", str(hosts), "/etc/hosts"),
        ("ip", "link", "set", "lo", "up"),
    ):
        subprocess.run(words, check=True)
    ca, certificate = authority(folder)
    found = []
    for number, one in enumerate(job):
        serving = [] if one.get("down") else [folder]
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "UV_CACHE_DIR": str(folder / "uv" / str(number)),
            "UV_HTTP_RETRIES": "0",
            "SSL_CERT_FILE": str(ca),
            **one.get("variables", {}),
        }
        with PackageIndex(folder / "pypi", certificate=certificate, port=PORT, more={
            f"/whl/{backend.name}/": backend for backend in (folder / "whl").iterdir() if serving
        }) as index:  # fmt: skip
            found.append({**obtain(folder, one, variables), "asked": index.asked})
    return found


def obtain(folder: Path, one: dict[str, Any], variables: dict[str, str]) -> dict[str, Any]:
    """What came of one wish: packages, the line on the screen, the log, seconds, the lock."""
    cache = Cache(folder / one.get("cache", "cache"))
    provisioner = UvProvisioner(variables, {}, cache.pytorch_index)
    spec = EnvironmentSpec(
        f"{sys.version_info.major}.{sys.version_info.minor}",
        (RequirementFile("requirements.txt", one["requirements"]),),
        accelerator=one["accelerator"],
        as_of=one.get("as_of"),
    )
    log, observer = folder / "log", RecordingObserver()
    log.unlink(missing_ok=True)
    started = time.monotonic()
    pylock = ""
    try:
        environments = EnvironmentCache(provisioner, cache)
        built = environments.obtain(spec, observer, log)
        lock, line = built.lock, observer.of(PhaseFinished)[-1].text
        if "pip" in one:
            own = folder / f"own-{len(list(folder.iterdir()))}"
            lock = by_command(own, one["pip"], environments, variables, spec=spec, shared=built)
        if one.get("pylock"):
            pylock = environments.pylock(built, spec).read_text(encoding="utf-8")
    except WfError as error:
        lock, line = (), f"{error.message}\n{error.details}"
    took = time.monotonic() - started
    said = log.read_text(encoding="utf-8") if log.exists() else ""
    return {"lock": list(lock), "line": line, "log": said, "seconds": took, "pylock": pylock}


def by_command(
    folder: Path,
    words: list[str],
    environments: EnvironmentCache,
    variables: dict[str, str],
    *,
    spec: EnvironmentSpec,
    shared: Environment,
) -> tuple[str, ...]:
    """What a job sees that calls pip with these words."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    build = Build(EnvironmentPaths(folder), folder.with_suffix(".log"), nowhere,
                  RecordingObserver())  # fmt: skip
    own = environments.own(spec, shared, build)
    subprocess.run(
        [str(own.bin / "pip"), "install", *words],
        env=variables,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return environments.with_installed(shared, build).lock


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), json.loads(sys.argv[2]))))
