"""How far a job says it is, read from the end of what it wrote. Pure.

Read are the progress bars of tqdm (and so of Lightning and the Hugging Face Trainer), of rich and
of Keras, and lines that people print themselves: ``Epoch [3/10], Step [300/1000]``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# a bar that is drawn anew is a line for each time
_LINES = 400
_LINE = 400
# more digits than a count of steps ever has
_NUMBER = r"\d{1,12}"
_CLOCK = r"\d{1,5}(?::\d{1,2}){1,2}"

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# tqdm, format_meter: `desc:  45%|####5     | 422/938 [00:05<00:06, 83.2it/s]`
_TQDM = re.compile(
    rf"\d{{1,3}}%\|[^|]*\|\s*(?P<step>{_NUMBER})/(?P<steps>{_NUMBER})"
    rf"\s*\[(?P<took>{_CLOCK})<(?P<left>{_CLOCK}|\?)"
)
# Lightning's RichProgressBar: `Epoch 3/9 ━━━╸━━━ 422/938 0:00:05 • 0:00:06 83.20it/s`
_RICH = re.compile(
    rf"[━╸╺]+\s*(?P<step>{_NUMBER})/(?P<steps>{_NUMBER})"
    rf"\s+(?P<took>{_CLOCK}) [•·] (?P<left>{_CLOCK}|-)"
)
# Keras 2: `422/938 [===>....] - ETA: 3s`; Keras 3: `422/938 ━━━━━━━━ 3s 6ms/step`
_KERAS = re.compile(rf"^\s*(?P<step>{_NUMBER})/(?P<steps>{_NUMBER}) (?:\[[=>.]+\]|━+)")
_EPOCH = re.compile(
    rf"\bepoch\s*[:=#]?\s*\[?(?P<epoch>{_NUMBER})\b(?!\.\d)(?:\s*(?:/|of)\s*(?P<epochs>{_NUMBER})\b)?",
    re.IGNORECASE,
)
_STEP = re.compile(
    rf"\b(?:step|iter|iteration|batch)\s*[:=#]?\s*\[?(?P<step>{_NUMBER})\s*(?:/|of)\s*"
    rf"(?P<steps>{_NUMBER})\b",
    re.IGNORECASE,
)
# `Train Epoch: 1 [25600/60000 (43%)]`, as in PyTorch's own examples
_SHARE = re.compile(rf"\[(?P<step>{_NUMBER})/(?P<steps>{_NUMBER})\s*\(\s*\d{{1,3}}(?:\.\d+)?%\)")
# what the Hugging Face Trainer logs; its bar counts the steps of the whole training
_TRAINER = re.compile(r"'epoch': '?\d")
_ALL_EPOCHS = re.compile(r"epochs?", re.IGNORECASE)
_ASIDE = re.compile(r"sanity|valid|eval|test|predict|download", re.IGNORECASE)


class Progress(NamedTuple):
    """How far a job is, as it says.

    ``epoch`` and ``epochs`` are as written: whether they count from 0 is not known. ``step`` of
    ``steps`` are those of an epoch, or with ``whole`` of all there is to do. ``left`` is how many
    seconds these steps still take, as the bar has it.
    """

    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    left: float | None = None
    whole: bool = False

    @property
    def fraction(self) -> float | None:
        """How much of ``steps`` is done, from 0 to 1."""
        if self.step is None or not self.steps:
            return None
        return min(1.0, self.step / self.steps)


class _Steps(NamedTuple):
    """The steps that a line tells of; ``described`` is what stands before them."""

    step: int
    steps: int
    described: str
    took: float = 0.0
    left: float | None = None
    bar: bool = True


def states(tail: bytes) -> list[str]:
    """The lines at the end of a log; one that was drawn anew is a line for each time."""
    text = _ESCAPES.sub("", tail.decode(errors="replace"))
    return [line[:_LINE] for line in re.split(r"[\r\n]+", text)[-_LINES:]]


def parse(lines: list[str]) -> Progress | None:
    """What the last lines of a log tell; ``None`` when they tell nothing."""
    if any(_TRAINER.search(line) for line in lines):
        return _of_trainer(lines)
    last: _Steps | None = None
    for line in reversed(lines):
        steps = _steps(line)
        if steps is not None and _ASIDE.search(steps.described):
            continue
        if steps is not None and _ALL_EPOCHS.fullmatch(steps.described):
            return _told(steps, whole=True)
        last = last or steps
        if epoch := _EPOCH.search(line):
            return _within(epoch, last)
    # a bar that says nothing else may be one of many; lines that count may be all there is to do
    return _told(last, whole=not last.bar) if last is not None else None


def _of_trainer(lines: list[str]) -> Progress | None:
    """The bar that has gone on for longest: that of an evaluation begins later."""
    bars = [found for line in lines if (found := _bar(line, _TQDM)) and not found.described]
    longest = max(bars, key=lambda found: (found.took, found.step), default=None)
    return None if longest is None else _told(longest, whole=True)


def _told(steps: _Steps, *, whole: bool) -> Progress:
    return Progress(None, None, steps.step, steps.steps, steps.left, whole)


def _within(epoch: re.Match[str], steps: _Steps | None) -> Progress:
    of = epoch["epochs"]
    told = Progress(int(epoch["epoch"]), None if of is None else int(of))
    if steps is None:
        return told
    return told._replace(step=steps.step, steps=steps.steps, left=steps.left)


def _steps(line: str) -> _Steps | None:
    for form in (_TQDM, _RICH):
        if found := _bar(line, form):
            return found
    for form in (_KERAS, _STEP, _SHARE):
        if matched := form.search(line):
            before = line[: matched.start()]
            bar = form is _KERAS
            return _Steps(int(matched["step"]), int(matched["steps"]), before, bar=bar)
    return None


def _bar(line: str, form: re.Pattern[str]) -> _Steps | None:
    found = form.search(line)
    if found is None:
        return None
    return _Steps(
        int(found["step"]),
        int(found["steps"]),
        line[: found.start()].strip().removesuffix(":").rstrip(),
        _seconds(found["took"]),
        None if found["left"] in {"?", "-"} else _seconds(found["left"]),
    )


def _seconds(clock: str) -> float:
    """``MM:SS`` or ``H:MM:SS``."""
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return float(seconds)
