"""Which build of PyTorch: for the processor alone, or for the GPUs that are there.

The registry has one build of torch for Linux, the one for CUDA with gigabytes of libraries, whoever
asks. PyTorch's own index has them all, and uv knows which packages are to come from it
(``--torch-backend``; docs.astral.sh/uv, "Using uv with PyTorch"). It is only turned to where nobody
has said where packages are to come from, and where it answers.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.plan.environment import EnvironmentSpec

HOST = "download.pytorch.org"
_ADDRESS = f"https://{HOST}/whl/cpu/torch/"
_LIMIT_SECONDS = 1.0
# a laptop may be somewhere else by then
_REMEMBERED_SECONDS = 3600
# an index may have a name in front: `internal=https://…`
_REGISTRY = r"(?:[\w-]+=)?https://pypi\.(?:python\.)?org(?:/|$)"
_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_OWN = ("UV_TORCH_BACKEND", "UV_NO_INDEX")
# in uv.toml, anything that names an index
_CONFIGURED = (
    r"(?m)^\s*(?:\[\[?(?:pip\.)?index|(?:pip\.)?(?:default-index|index|index-url|extra-index-url"
    r"|find-links|no-index|torch-backend)\s*=)"
)
_SOURCE = r"(?:-i|-f|--index-url|--extra-index-url|--find-links)(?:\s+|=|(?=\S)).*|--no-index"
# a build is asked for by name (`+cu118`), or a file that only one index has
_EXACT = r"(?i)(?:torch\w*|pytorch-triton|triton)\s*={2,3}\s*[^\s;,]*\+|.*--hash[= ]"
_BUILD = r"torch==[^+]+\+(cpu|cu\d+)"
_DRIVER = (Path("/sys/module/nvidia/version"), Path("/proc/driver/nvidia/version"))
# what uv says where the fault may be that index's
_AT_FAULT = rf"No solution found|{re.escape(HOST)}"


def has_effect(spec: EnvironmentSpec, index: Mapping[str, str], configuration: str) -> bool:
    """Whether what wheels are built for can make a difference; neither network nor disk is asked.

    ``index`` and ``configuration`` are what the fingerprint is made of. Whoever names a place for
    packages, or a build, gets it from there: nothing is to become worse. An index of PyTorch's
    has no upload times, and so no answer to what there was on a day.
    """
    if spec.as_of is not None or spec.locked is not None or spec.project is not None:
        return False
    wishes = list(_lines(spec))
    if not wishes or sys.platform != "linux":
        return False
    if any(index.get(name) for name in _OWN) or any(_others(index)):
        return False
    if re.search(_CONFIGURED, configuration):
        return False
    return not any(re.fullmatch(_SOURCE, line) or re.match(_EXACT, line) for line in wishes)


def backend_of(lock: Sequence[str]) -> str | None:
    """The word for uv that has these packages come from where they came from."""
    found = (re.fullmatch(_BUILD, line) for line in lock)
    return next((match[1] for match in found if match), None)


def at_fault(said: str) -> bool:
    """Whether uv, in its last words, may have failed because of PyTorch's index."""
    return bool(re.search(_AT_FAULT, said))


class Backend:
    """Finds out, while something else goes on, what uv is to be told; one second at most."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        variables: Mapping[str, str],
        remembered: Path | None,
        *,
        effective: bool,
    ) -> None:
        """``remembered`` is a file in which the answer is kept for an hour."""
        self._variables = variables
        self._remembered = remembered
        self._name = _name(spec, variables) if effective else None
        self._answer: bool | None = None
        self._heard: list[bool] = []
        self._deadline = 0.0
        self._thread: threading.Thread | None = None
        if self._name is not None and not variables.get("UV_OFFLINE"):
            self._answer = _recall(remembered)
            if self._answer is None:
                self._ask()

    def __str__(self) -> str:
        return f"torch backend: {self._name}"

    @property
    def name(self) -> str | None:
        """The word for uv, or ``None`` for what the registry has."""
        if self._thread is not None:
            self._thread.join(max(self._deadline - time.monotonic(), 0))
            self._thread = None
            self.remember(answers=self._heard == [True])
        return self._name if self._answer else None

    def remember(self, *, answers: bool) -> None:
        """Keep the answer for those who come next."""
        self._answer = answers
        if self._remembered is None:
            return
        staged = self._remembered.with_name(f"{self._remembered.name}.{os.getpid()}")
        try:
            staged.write_text(json.dumps({"answers": answers, "at": time.time()}), "ascii")
            staged.replace(self._remembered)
        except OSError:
            return  # it is asked once more then

    def _ask(self) -> None:
        self._deadline = time.monotonic() + _LIMIT_SECONDS

        def ask() -> None:
            self._heard.append(_answers(self._variables))

        # a name that is looked up cannot be given up, only left behind
        self._thread = threading.Thread(target=ask, name="pytorch-index", daemon=True)
        self._thread.start()


def _name(spec: EnvironmentSpec, variables: Mapping[str, str]) -> str | None:
    if spec.accelerator == "cpu":
        return "cpu"
    # without a driver uv would take the build for the processor; that is not what was asked for
    from shutil import which

    driver = variables.get("UV_CUDA_DRIVER_VERSION") or any(path.exists() for path in _DRIVER)
    found = driver or which("nvidia-smi", path=variables.get("PATH"))
    return "auto" if found else None


def _others(index: Mapping[str, str]) -> Iterator[str]:
    """Places for packages besides the registry."""
    for name in _INDEXES:
        for word in index.get(name, "").replace(",", " ").split():
            if not re.match(_REGISTRY, word):
                yield word


def _lines(spec: EnvironmentSpec) -> Iterator[str]:
    from runner.plan.requirements import lines

    yield from spec.packages
    for file in spec.requirements:
        yield from (line.text for line in lines(file.text))


def _recall(path: Path | None) -> bool | None:
    try:
        said = json.loads(path.read_text("ascii")) if path is not None else {}
        age = time.time() - said["at"]
        return bool(said["answers"]) if 0 <= age < _REMEMBERED_SECONDS else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _answers(variables: Mapping[str, str]) -> bool:
    """Whether PyTorch's index answers, the way that uv would reach it."""
    import ssl
    from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

    try:
        context = ssl.create_default_context(
            cafile=variables.get("SSL_CERT_FILE") or None,
            capath=variables.get("SSL_CERT_DIR") or None,
        )
        opener = build_opener(ProxyHandler(_proxies(variables)), HTTPSHandler(context=context))
        request = Request(_ADDRESS, method="HEAD")
        with opener.open(request, timeout=_LIMIT_SECONDS):
            return True
    except (OSError, ValueError):  # HTTP's own errors are OSErrors
        return False


def _proxies(variables: Mapping[str, str]) -> dict[str, str]:
    past = variables.get("NO_PROXY") or variables.get("no_proxy") or ""
    if any(word == "*" or f".{HOST}".endswith(f".{word.lstrip('.')}")
           for word in past.replace(",", " ").split()):  # fmt: skip
        return {}
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    found = next((variables[name] for name in names if variables.get(name)), None)
    return {} if found is None else {"https": found if "://" in found else f"http://{found}"}
