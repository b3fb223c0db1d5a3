"""A first workflow file, made of what was seen of a project. Pure: text from values.

The file teaches as it goes: a person who has never seen one should be able to change it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# what needs no quotes whatever reads it: no number, no word that YAML knows
_PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z_][a-z0-9_./-]*", re.IGNORECASE)
_NAME = re.compile(r"[^A-Za-z0-9._-]+|_")
_MOST_NAME = 63
_SHOWN_OPTIONS = 8
_NO_GPU, _ONE_GPU = "-no-gpu", "-one-gpu"


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file; ``problem`` is why it cannot be installed from as it is."""

    path: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A script that can be run: its path, and what could be told from its text.

    ``packages`` are those it imports, by the names they are installed by; ``options`` those it
    takes; ``outputs`` what it writes. ``needs_gpu``: it asks for a GPU whatever there is.
    """

    path: str
    requirements: Requirements | None = None
    packages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    uses_gpu: bool = False
    needs_gpu: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen of a project. ``declared``: its pyproject.toml names dependencies."""

    scripts: tuple[Script, ...]
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Starter:
    """The text of a workflow file, and the names of its workflows."""

    text: str
    workflows: tuple[str, ...]


def compose(survey: Survey, python: str, schema: str) -> Starter:
    """The workflow file of a project: a workflow a script, two for one that uses a GPU.

    ``schema`` is the schema's file name, beside the workflow file.
    """
    blocks: list[str] = []
    names: list[str] = []
    for name, script in zip(_names(survey.scripts), survey.scripts, strict=True):
        variants = (_NO_GPU, _ONE_GPU) if script.uses_gpu else ("",)
        for variant in variants:
            whole = name[: _MOST_NAME - len(variant)] + variant
            teach = not names
            blocks.append("\n".join(_workflow(whole, script, variant, survey, python, teach=teach)))
            names.append(whole)
    head = "\n".join(_head(schema, names[0]))
    return Starter(f"{head}\nworkflows:\n" + "\n\n".join(blocks) + "\n", tuple(names))


def _head(schema: str, first: str) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={schema}"
    yield "#"
    yield "# What can be run here. `wf ls` lists it, `wf validate` checks this file, `wf plan NAME`"
    yield f"# shows what a run would do, and `wf run {first}` runs it, on a copy of this folder."


def _names(scripts: tuple[Script, ...]) -> list[str]:
    """A name for each script: its own, with its folders' where two would be the same."""
    paths = [re.sub(r"\.py$", "", script.path).split("/") for script in scripts]
    depth = [1] * len(paths)
    while True:
        names = ["-".join(path[-deep:]) for path, deep in zip(paths, depth, strict=True)]
        plain = [_NAME.sub("-", name).strip("-._") or "run" for name in names]
        again = [at for at, name in enumerate(plain) if plain.count(name) > 1]
        grown = [at for at in again if depth[at] < len(paths[at])]
        if not grown:
            return [
                name if plain.index(name) == at else f"{name}-{at + 1}"
                for at, name in enumerate(plain)
            ]
        for at in grown:
            depth[at] += 1


def _workflow(  # noqa: PLR0913 - what a text depends on
    name: str, script: Script, variant: str, survey: Survey, python: str, *, teach: bool
) -> Iterator[str]:
    where = {_NO_GPU: " on the CPU", _ONE_GPU: " on one GPU"}.get(variant, "")
    yield f"  - name: {_scalar(name)}"
    yield f"    help: {_text(f'Run {script.path}{where}')}"
    yield "    provider: python"
    yield f"    script: {_scalar(script.path)}"
    yield from _args(script, teach=teach)
    yield f'    python: "{python}"'
    yield from _requirements(script, survey, teach=teach)
    yield from _artifacts(script, teach=teach)
    yield from _resources(script, variant, teach=teach)


def _args(script: Script, *, teach: bool) -> Iterator[str]:
    if teach:
        yield "    # words for the script; those behind `--` in `wf run NAME -- WORDS` follow them"
    if script.options:
        shown = " ".join(script.options[:_SHOWN_OPTIONS])
        more = " …" if len(script.options) > _SHOWN_OPTIONS else ""
        yield f"    # it takes {shown}{more}"
        yield f"    # args: {script.options[0]} VALUE"
    elif teach:
        yield "    # args: --epochs 3"


def _requirements(script: Script, survey: Survey, *, teach: bool) -> Iterator[str]:
    found = script.requirements
    if found is not None and found.problem is None:
        yield f"    requirements: {_scalar(found.path)}"
        if teach:
            yield "    # packages as they stood when that file was last committed, or on a day:"
            yield "    # as-of: commit"
    elif found is not None:
        yield f"    # {found.problem}"
        yield f"    # requirements: {_scalar(found.path)}"
    elif survey.declared:
        yield "    # what pyproject.toml asks for can be installed from a requirements file:"
        yield "    # uv pip compile pyproject.toml -o requirements.txt"
        yield "    # requirements: requirements.txt"
    elif script.packages:
        yield f"    # write a requirements.txt; the script imports {', '.join(script.packages)}"
        yield "    # requirements: requirements.txt"


def _artifacts(script: Script, *, teach: bool) -> Iterator[str]:
    if teach:
        yield "    # what is kept when the job has ended, however it ended; `wf artifacts` shows it"
    if script.outputs:
        yield "    artifacts:"
        yield from (f"      - {_scalar(path)}" for path in script.outputs)
    else:
        yield "    # artifacts:"
        yield "    #   - model"


def _resources(script: Script, variant: str, *, teach: bool) -> Iterator[str]:
    if variant == _ONE_GPU:
        yield "    resources:"
        yield "      gpu: 1"
        return
    if variant == _NO_GPU and script.needs_gpu:
        yield "    # the script asks for a GPU by itself; without one it will fail"
    if teach:
        yield "    # without `cpu` a job shares all cores; without `gpu` it sees no GPU"
        yield "    # resources:"
        yield "    #   cpu: 2"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _text(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9 _./-]*", text) else _quoted(text)


def _quoted(text: str) -> str:
    """YAML reads a JSON text as JSON does."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
