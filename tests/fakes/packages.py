"""Python packages made on the spot, so that installing needs no network.

A wheel is a zip file with three files of metadata (packaging.python.org, "Binary distribution
format"). The source distribution builds itself, with a build backend that lies inside it (PEP
517, ``backend-path``) and can be held up: it waits for a file to appear.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

from packaging.requirements import Requirement

from runner.plan.environment import LockedProject

# a workflow that has its packages from a requirements file
WORKFLOW = """\
workflows:
  - name: train
    provider: python
    script: train.py
    requirements: requirements.txt
"""

_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "{version}"
"""

# says that it has begun, waits for the gate (not for ever), then hands over the finished wheel
_BACKEND = """\
import os, pathlib, shutil, time

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open({began!r}, "a") as began:
        began.write(f"{{os.getpid()}}\\n")
    deadline = time.monotonic() + 120
    while not os.path.exists({gate!r}) and time.monotonic() < deadline:
        time.sleep(0.02)
    wheel = pathlib.Path(__file__).with_name({wheel!r})
    shutil.copy(wheel, wheel_directory)
    return wheel.name
"""

# a wheel made on the spot, of the module itself or of a line that leads to it (PEP 660)
_EDITABLE = """\
import os, zipfile

def _wheel(folder, content):
    info = "{name}-{version}.dist-info"
    files = dict(content)
    files[info + "/METADATA"] = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
    files[info + "/WHEEL"] = (
        "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    )
    files[info + "/RECORD"] = "".join(path + ",,\\n" for path in [*files, info + "/RECORD"])
    name = "{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open("{name}.py") as module:
        return _wheel(wheel_directory, {{"{name}.py": module.read()}})

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {{"{name}.pth": os.getcwd() + "\\n"}})
"""

# builds what lies in its folder; as setuptools does, it leaves a trace beside the sources
_FOLDER_BACKEND = """\
import os, pathlib, zipfile

NAME, VERSION, METADATA, WHEEL = {name!r}, {version!r}, {metadata!r}, {wheel!r}

def _build(directory, files):
    trace = pathlib.Path(NAME + ".egg-info")
    trace.mkdir(exist_ok=True)
    (trace / "PKG-INFO").write_text(METADATA)
    info = NAME + "-" + VERSION + ".dist-info"
    files = {{**files, info + "/METADATA": METADATA, info + "/WHEEL": WHEEL}}
    record = info + "/RECORD"
    files[record] = "".join(path + ",,\\n" for path in [*files, record])
    name = NAME + "-" + VERSION + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory) / name, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    text = pathlib.Path(NAME + ".py").read_text()
    if config_settings:
        text += "settings = " + repr(dict(config_settings)) + "\\n"
    return _build(wheel_directory, {{NAME + ".py": text}})

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _build(wheel_directory, {{NAME + ".pth": os.getcwd() + "\\n"}})
"""


def project(
    folder: Path,
    name: str,
    requires: tuple[str, ...] = (),
    extras: dict[str, str] | None = None,
    described: str = "",
) -> Path:
    """A folder that can be installed: a module ``name`` with what builds it.

    ``extras`` are requirements by the name of the extra; ``described`` is written into its
    ``pyproject.toml`` instead of a bare name and version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    more = extras or {}
    said = [f"Requires-Dist: {word}" for word in requires]
    said += [f'Requires-Dist: {word}; extra == "{extra}"' for extra, word in more.items()]
    said += [f"Provides-Extra: {extra}" for extra in more]
    metadata = _METADATA.format(name=name, version="1.0") + "".join(f"{line}\n" for line in said)
    backend = _FOLDER_BACKEND.format(name=name, version="1.0", metadata=metadata, wheel=_WHEEL)
    (folder / "backend.py").write_text(backend)
    head, _, _ = _PYPROJECT.partition("[project]")
    plain = f'[project]\nname = "{name}"\nversion = "1.0"\n'
    if requires or more:
        plain += 'dynamic = ["dependencies", "optional-dependencies"]\n'
    (folder / "pyproject.toml").write_text(head + (described or plain))
    (folder / f"{name}.py").write_text("where = __file__\n")
    return folder


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    requires: tuple[str, ...] = (),
    *,
    more: Mapping[str, str] | None = None,
    python: str = "",
    tag: str = "py3-none-any",
    padding: int = 0,
) -> Path:
    """A wheel with a module ``name`` that knows its version.

    ``more`` are further files with their text, ``python`` is the ``Requires-Python`` it declares,
    ``tag`` what its file name says it is for. The module is larger by ``padding`` bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = _METADATA.format(name=name, version=version)
    declared = "".join(f"Requires-Dist: {word}\n" for word in requires)
    declared += f"Requires-Python: {python}\n" if python else ""
    files = {
        f"{name}.py": f"__version__ = {version!r}\n" + "#" * padding,
        **(more or {}),
        f"{info}/METADATA": metadata + declared,
        f"{info}/WHEEL": _WHEEL,
    }
    record = f"{info}/RECORD"
    files[record] = "".join(f"{path},,\n" for path in [*files, record])
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


def slow_to_compile(folder: Path, name: str, files: int) -> Path:
    """A wheel with a package ``big`` of so many files, each with so much in it that it takes time.

    It has a file more, which is empty.
    """
    work = "".join(f"def f{number}(a, b):\n    return [a, b, {number}]\n" for number in range(300))
    more = {f"big/m{number}.py": work for number in range(files)}
    return wheel(folder, name, more={"big/__init__.py": "", **more})


def slow_source(folder: Path, name: str, gate: Path, began: Path, version: str = "1.0") -> Path:
    """A source distribution that is built only once ``gate`` exists.

    Every build adds a line with its pid to ``began``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = wheel(folder / "inside", name, version)
    top = f"{name}-{version}"
    backend = _BACKEND.format(began=str(began), gate=str(gate), wheel=made.name)
    files = {
        f"{top}/PKG-INFO": _METADATA.format(name=name, version=version).encode(),
        f"{top}/pyproject.toml": _PYPROJECT.format(name=name, version=version).encode(),
        f"{top}/backend.py": backend.encode(),
        f"{top}/{made.name}": made.read_bytes(),
    }
    path = folder / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, content in files.items():
            described = tarfile.TarInfo(member)
            described.size = len(content)
            archive.addfile(described, io.BytesIO(content))
    return path


def pip(folder: Path) -> None:
    """The pip that comes with Python itself."""
    import ensurepip

    folder.mkdir(parents=True, exist_ok=True)
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    for wheel in (*bundled.glob("pip-*.whl"), *bundled.glob("setuptools-*.whl")):
        shutil.copy(wheel, folder)


def index(folder: Path) -> dict[str, str]:
    """The variables that make uv install from ``folder`` alone, and build sources every time."""
    return {"UV_OFFLINE": "1", "UV_FIND_LINKS": str(folder), "UV_NO_CACHE": "1"}


def locked_project(folder: Path, *asked: str, locked: tuple[tuple[str, str], ...]) -> LockedProject:
    """A project that asks for packages in ``folder``, and the ``uv.lock`` that uv writes for it.

    ``locked`` are the versions in the lock, all of them asked for.
    """
    wanted = ", ".join(f'"{word}"' for word in asked)
    pyproject = '[project]\nname = "demo"\nversion = "0.1"\nrequires-python = ">=3.10"\n'
    parts = ['version = 1\nrevision = 3\nrequires-python = ">=3.10"\n']
    parts += [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'source = {{ registry = "{folder}" }}\n'
        f'wheels = [{{ path = "{folder}/{name}-{version}-py3-none-any.whl" }}]\n'
        for name, version in locked
    ]
    needed = ", ".join(f'{{ name = "{name}" }}' for name, _ in locked)
    metadata = ", ".join(_required(word) for word in asked)
    parts.append(
        f'[[package]]\nname = "demo"\nversion = "0.1"\nsource = {{ virtual = "." }}\n'
        f"dependencies = [{needed}]\n[package.metadata]\nrequires-dist = [{metadata}]\n"
    )
    return LockedProject(
        "pyproject.toml", f"{pyproject}dependencies = [{wanted}]\n", "\n".join(parts)
    )


def _required(word: str) -> str:
    found = Requirement(word)
    version = f', specifier = "{found.specifier}"' if found.specifier else ""
    return f'{{ name = "{found.name}"{version} }}'


def unpacked(folder: Path, name: str, version: str = "1.0") -> None:
    """A project whose module ``name`` is installed in place or copied, without a network."""
    made = _EDITABLE.format(name=name, version=version)
    (folder / "pyproject.toml").write_text(_PYPROJECT.format(name=name, version=version))
    (folder / "backend.py").write_text(made)
