"""A stand-in for conda: it checks its arguments, makes folders, and speaks to the shell.

It makes environments (``env create``, ``create``) that hold a link to this interpreter, writes
what is installed into ``conda-meta``, and refuses what it does not know. The texts for the shell
are of the form that conda 4.6 to 26 prints. ``micromamba`` is the same program by another name.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """\
#!{python} -I
import os, sys

ROOT, KIND = {root!r}, {kind!r}
HOOK = '''
export {variable}='{root}/bin/{kind}'
{kind}() {{
    case "${{1-}}" in
        activate|deactivate) eval "$("${variable}" {ask}"$@"{after})" ;;
        *) "${variable}" "$@" ;;
    esac
}}
'''

def fail(text):
    sys.exit(f"stand-in: {{text}}")

def options(words, known):
    given, rest = {{}}, []
    while words:
        word = words.pop(0)
        if word in known:
            given[known[word]] = words.pop(0)
        elif word.startswith("-"):
            fail(f"unrecognized argument {{word}}")
        else:
            rest.append(word)
    return given, rest

def make(prefix):
    if os.path.exists(prefix):
        fail(f"prefix already exists: {{prefix}}")
    os.makedirs(os.path.join(prefix, "conda-meta"))
    os.makedirs(os.path.join(prefix, "bin"))
    os.symlink({python!r}, os.path.join(prefix, "bin", "python"))

def install(prefix, packages):
    for package in packages:
        open(os.path.join(prefix, "conda-meta", package), "w").close()

def by_name(name):
    if "/" in name:
        return name
    folders = os.environ.get("CONDA_ENVS_DIRS", "").split(":") + [os.path.join(ROOT, "envs")]
    for folder in filter(None, folders):
        if os.path.isdir(os.path.join(folder, name)):
            return os.path.join(folder, name)
    fail(f"could not find the environment {{name}}")

def activate(prefix):
    print(f"export {variable}='{root}/bin/{kind}'")
    print(f"export CONDA_PREFIX='{{prefix}}' CONDA_DEFAULT_ENV='{{os.path.basename(prefix)}}'")
    print(f'export PATH="{{prefix}}/bin:$PATH"')

known = {{"-p": "prefix", "--prefix": "prefix", "-f": "file", "--file": "file",
         "-c": "channel", "-n": "name", "--name": "name"}}
words = sys.argv[1:]
if os.environ.get("CONDA_ALWAYS_YES") != "true":
    fail("nobody is there to confirm")
if KIND == "conda":
    verb = words.pop(0) if words[0] != "env" else " ".join([words.pop(0), words.pop(0)])
    if verb.startswith("shell."):
        verb = "shell " + words.pop(0)
else:
    two = ("shell", "env") if KIND == "mamba" else ("shell",)
    verb = words.pop(0) if words[0] not in two else " ".join([words.pop(0), words.pop(0)])
    known["--shell"] = "shell"
given, rest = options(words, known)
if verb == "shell hook":
    print(HOOK)
elif verb == "shell activate":
    activate(by_name(rest[0]))
elif verb == "shell deactivate":
    print("unset CONDA_PREFIX CONDA_DEFAULT_ENV")
elif verb in ("create", "env create"):
    if "file" in given and not os.path.isfile(given["file"]):
        fail(f"there is no {{given['file']}}")
    prefix = given.get("prefix") or os.path.join(ROOT, "envs", given["name"])
    make(prefix)
    install(prefix, rest)
elif verb == "install":
    install(given.get("prefix") or os.environ.get("CONDA_PREFIX") or ROOT, rest)
elif verb == "list":
    print("\\n".join(sorted(os.listdir(os.path.join(by_name(given["name"])
          if "name" in given else given.get("prefix") or os.environ["CONDA_PREFIX"],
          "conda-meta")))))
else:
    fail(f"unknown command {{verb}}")
"""


def install(root: Path, kind: str = "conda") -> Path:
    """Put it into ``bin`` of a root folder, as an installer of conda does; that folder."""
    folder = root / "bin"
    folder.mkdir(parents=True)
    (root / "conda-meta").mkdir()
    shell = kind != "conda"
    text = _PROGRAM.format(
        python=sys.executable,
        root=str(root),
        kind=kind,
        variable="MAMBA_EXE" if shell else "CONDA_EXE",
        ask="shell " if shell else "shell.posix ",
        after=" --shell bash" if shell else "",
    )
    (folder / kind).write_text(text, encoding="utf-8")
    (folder / kind).chmod(0o755)
    return folder
