"""The documents as tests: what a page writes, what it types, and what it says comes of that.

A page is README.md or a file below docs/. Two kinds of its blocks are carried out, top to bottom:

- a ``{code-block}`` with a ``:caption:`` is written to the file that the caption names;
- in a ``console`` block, lines that start with ``$`` are typed (``>`` continues one), and the
  lines below a command are what it prints.

A comment ``<!-- test: … -->`` says what a page needs: see :data:`NEEDS`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from typing import TYPE_CHECKING

from runner.records.names import ADJECTIVES, ANIMALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NEEDS = {
    "training": "trains, or installs from a registry",
    "repository": "starts in a clone of this repository instead of an empty folder",
    "past": "downloads packages of 2022 and of today, gigabytes: only where it is asked for",
    "docker": "runs containers of the image `python:3.11-slim`",
    "no gpu": "shows what happens on a machine without a GPU",
}
# the home folder of the person in the documents
HOME = "/home/ada"

_FENCE = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,}|:{3,}) *(?P<info>.*)")
_DIRECTIVE = re.compile(r"\{(?P<name>[\w:-]+)\} *(?P<argument>.*)")
_OPTION = re.compile(r":(?P<name>[\w-]+): *(?P<value>.*)")
_NEED = re.compile(r"<!-- test: (.+?) -->")
_RUN = re.compile(rf"\b(?:{'|'.join(ADJECTIVES)})-(?:{'|'.join(ANIMALS)})-\d+\b")


def _patterns(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.MULTILINE), stands) for pattern, stands in pairs)


# What differs from one run to the next although nothing is wrong, and what stands for it.
_VARYING = _patterns(
    (r" \((\d+(\.\d)?s|\d+m\d\ds)\)$", ""),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
    (r"\b(\d+\.\d{1,2}|\d+)s\b|\b\d+m\d\ds\b", "TOOK"),
    (r"(TOOK|now|\d+m)$", "AGE"),
    (r"(blake3:)?\b(?=[0-9a-f]*\d)[0-9a-f]{10,64}\b", "DIGEST"),
    (r"\bcode [0-9a-f]{7}\b", "code DIGEST"),
    (r"\bpython 3\.\d+(\.\d+)?", "python 3"),
    (r"\bpython: \"3\.\d+\"$", "python: 3"),
    (r"^  usage  .*", "USAGE"),
    (r"^(samples/s|speed-up|efficiency|cpu|memory)  .*", "FIGURES"),
    # not there when a run took less than some seconds
    (r"^  (cpu|memory)  [▁▂▃▄▅▆▇█ ]+  at most .*\n", ""),
    (r"(^[\d.]+(,[\d.]*)+\n)+", "SAMPLES"),
    (r"✓ cores? [\d, -]+ of \d+|✓ all \d+ cores?, shared", "CORES"),
    (r"^  devices  cores? [\d, -]+$", "CORES"),
    (r": cores? [\d, -]+ for ", ": CORES for "),
    (r"\bthis machine has [\d.]+ [MGT]B$|--memory \d+MB\b", "THERE"),
    (r"^[\d.]+[KMG]\t", "SIZE "),
)
# The same for training: the images may be MNIST or their stand-in, PyTorch one build or another.
_TRAINED = _patterns(
    (r"^(  )?note:?  ?data: .*\n", ""),
    (r"^data: .*", "DATA"),
    (r"^  metric  .*", "METRIC"),
    (r"^  phases  .*", "PHASES"),
    (r"\b\d\.\d{4} -> \d\.\d{4}\b", "LOSS"),
    (r"\b\d+ packages\b", "PACKAGES"),
    (r"· (built|cached|will be built|ready)$", "READY"),
    (r"\b[\d,]+ files?\b", "FILES"),
    (r"\b[\d.]+ [kMG]?B\b", "SIZE"),
    (r"\bevents\.out\.tfevents\.\S+", "EVENTS"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language or directive, options, and lines; ``line`` is its first."""

    name: str
    argument: str
    options: Mapping[str, str]
    lines: tuple[str, ...]
    line: int

    @property
    def language(self) -> str:
        """The language of the code in it."""
        return self.argument if self.name == "code-block" else self.name


@dataclass(frozen=True, slots=True)
class Write:
    """A file that the page asks the reader to write."""

    path: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Type:
    """A command that the page asks the reader to type; ``printed`` is what it says comes of it."""

    command: str
    printed: tuple[str, ...]
    line: int


Step = Write | Type


@dataclass(frozen=True, slots=True)
class Page:
    """A document."""

    path: Path
    text: str

    @property
    def needs(self) -> frozenset[str]:
        """What it needs, of :data:`NEEDS`."""
        return frozenset(_NEED.findall(self.text))

    def steps(self) -> list[Step]:
        """What is to be done, in order."""
        found: list[Step] = []
        for block in blocks(self.text):
            if "caption" in block.options:
                text = "\n".join(block.lines) + "\n"
                found.append(Write(block.options["caption"].strip("`"), text, block.line))
            elif block.language == "console":
                found += _typed(block)
        return found


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page; those inside another block are part of it."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = _FENCE.fullmatch(lines[number])
        number += 1
        if opening is None:
            continue
        first = number
        marks = opening["marks"]
        while number < len(lines) and not _closes(lines[number], marks):
            number += 1
        inside = lines[first:number]
        number += 1
        yield _block(opening["info"].strip(), inside, first, len(opening["indent"]))


def _closes(line: str, marks: str) -> bool:
    said = line.strip()
    return len(said) >= len(marks) and set(said) == {marks[0]}


def _block(info: str, inside: list[str], first: int, indent: int) -> Block:
    directive = _DIRECTIVE.fullmatch(info)
    options: dict[str, str] = {}
    at = 0
    if directive is not None:
        while at < len(inside) and (option := _OPTION.fullmatch(inside[at].strip())):
            options[option["name"]] = option["value"]
            at += 1
        if options and at < len(inside) and not inside[at].strip():
            at += 1
    return Block(
        name=directive["name"] if directive else info,
        argument=directive["argument"] if directive else "",
        options=options,
        lines=tuple(line[indent:] for line in inside[at:]),
        line=first + at,
    )


def _typed(block: Block) -> Iterator[Type]:
    at = 0
    while at < len(block.lines):
        assert block.lines[at].startswith("$ "), f"line {block.line + at + 1}: no command"
        command = [block.lines[at][2:]]
        at += 1
        while at < len(block.lines) and block.lines[at].startswith("> "):
            command.append(block.lines[at][2:])
            at += 1
        first = at
        while at < len(block.lines) and not block.lines[at].startswith("$ "):
            at += 1
        yield Type("\n".join(command), block.lines[first:at], block.line + first)


class Shell:
    """A bash in which commands are typed one after the other; it keeps folder, variables and $?."""

    def __init__(self, folder: Path, cwd: Path, variables: Mapping[str, str]) -> None:
        """``folder`` takes what is typed and printed."""
        self._typed = folder / "typed"
        self._printed = folder / "printed"
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=cwd,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say("code=0")

    def run(self, command: str, timeout: float) -> tuple[str, int]:
        """Type a command; what it printed, and its exit code."""
        self._typed.write_text(command, encoding="utf-8")
        self._say(
            f"typed=$(cat '{self._typed}'); (exit $code)\n"
            f"eval \"$typed\" </dev/null >'{self._printed}' 2>&1; code=$?; echo $code"
        )
        late = threading.Timer(timeout, self._bash.kill)
        late.start()
        try:
            answer = self._hear()
        finally:
            late.cancel()
        printed = self._printed.read_bytes().decode(errors="replace")
        assert answer, f"`{command}` ended the shell, or took longer than {timeout} s:\n{printed}"
        return printed, int(answer)

    def folder(self) -> Path:
        """Where it stands; leaves $? as it is."""
        self._say("pwd")
        return Path(self._hear().rstrip("\n"))

    def close(self) -> None:
        """End it."""
        self._bash.communicate()

    def _hear(self) -> str:
        assert self._bash.stdout is not None
        return self._bash.stdout.readline()

    def _say(self, text: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(text + "\n")
        self._bash.stdin.flush()


@dataclass
class Cast:
    """Who is who: run names and the home folder in the document, and those of this test."""

    home: Path
    names: dict[str, str] = field(default_factory=dict)

    def real(self, command: str) -> str:
        """A command of the document, with the names of this test."""
        said = _RUN.sub(lambda found: self.names.get(found[0], found[0]), command)
        return said.replace(HOME, str(self.home))

    def meet(self, documented: str, printed: str) -> None:
        """Runs that are named for the first time are taken for one another in that order."""
        known = set(self.names.values())
        ours = [name for name in dict.fromkeys(_RUN.findall(documented)) if name not in self.names]
        theirs = [name for name in dict.fromkeys(_RUN.findall(printed)) if name not in known]
        self.names.update(zip(ours, theirs, strict=False))

    def told(self, printed: str) -> str:
        """What was printed, with the names of the document."""
        documented = {real: name for name, real in self.names.items()}
        said = printed.replace(str(self.home), HOME)
        return _RUN.sub(lambda found: documented.get(found[0], found[0]), said)


def agree(page: Page, documented: str, printed: str) -> bool:
    """Whether a command printed what the page says; ``...`` stands for anything."""
    varying = (*_VARYING, *(_TRAINED if "training" in page.needs else ()))
    return OutputChecker().check_output(
        _steady(documented, varying), _steady(printed, varying), ELLIPSIS
    )


def shown(printed: str) -> list[str]:
    """What is printed, in lines, as it stands on a screen: a carriage return starts a line anew."""
    lines = printed.removesuffix("\n").split("\n") if printed else []
    return [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in lines]


def _steady(text: str, varying: Iterable[tuple[re.Pattern[str], str]]) -> str:
    """The text without what may differ, and without the width of columns."""
    # a column is as wide as the longest run's name; the lines with a caret must stand exactly
    exact = re.compile("^[^─]*│ [^─]*$")  # and not those of a tree
    lines = (line if exact.match(line) else re.sub("  +", "  ", line) for line in shown(text))
    text = "".join(f"{line}\n" for line in lines)
    for pattern, stands in varying:
        text = pattern.sub(stands, text)
    return text


def install(folder: Path) -> None:
    """Make ``folder`` one that holds the command ``wf`` of this checkout."""
    folder.mkdir(parents=True)
    command = folder / "wf"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n', encoding="utf-8")
    command.chmod(0o755)
