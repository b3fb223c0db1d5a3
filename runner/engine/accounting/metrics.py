"""What a job measures of its training, read from the end of what it wrote. Pure.

Read are what progress bars show beside themselves (tqdm, and so Lightning; rich; Keras), what the
Hugging Face Trainer logs, and lines that people print: ``val_loss: 0.04``, ``loss=0.5``.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST = 12
# lines that are gone through: a bar that is drawn anew is one for each time
_LINES = 60
_PAIR = re.compile(
    r"(?<![\w./-])['\"]?(?P<name>[A-Za-z_][\w/.-]{0,39})['\"]?(?:=|: {0,2}| (?=\d+\.\d))['\"]?"
    r"(?P<value>[-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE][-+]?\d{1,3})?)"
    r"(?![\w./:%-]|\s*(?:[a-z]+/|s\b|ms\b|GB\b|MB\b))"
)
# a line that counts, and so tells what it measures: of others only names that are known do
_BAR = re.compile(r"\d%\|.*\||[━╸╺]{2,}|^\s*\d+/\d+ \[[=>.]+\]|^\{'")
_KNOWN = re.compile(
    r"(?:^|[_/.-])(?:loss|acc|accuracy|auc|auroc|f1|precision|recall|error|err|mse|mae|rmse|r2|map"
    r"|iou|miou|dice|bleu|rouge\w*|ppl|perplexity|psnr|ssim|fid|score|reward|return|wer|cer|kappa"
    r"|elbo|kl|nll|lr|learning_rate|grad_norm|top1|top5|hits\w*|mrr|ndcg)(?:$|[_/.-])",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"(?:v_num|epochs?|(?:global_)?steps?|iter(?:ation)?s?|batch(?:_size)?|eta|total|seed|rank|pid"
    r"|port|version|num_\w+|n|it|time|elapsed)",
    re.IGNORECASE,
)
_OF_VALIDATION = re.compile(
    r"(?:^|[_/.-])(?:val|valid|validation|eval|test)(?:$|[_/.-])", re.IGNORECASE
)
_LOSS = re.compile(r"loss", re.IGNORECASE)
_RATE = re.compile(r"(?:^|[_/.-])(?:lr|learning_rate|grad_norm)", re.IGNORECASE)


def read(lines: Iterable[str]) -> dict[str, float]:
    """The last value of each, in the order in which they were last told."""
    found: dict[str, float] = {}
    for line in list(lines)[-_LINES:]:
        bar = _BAR.search(line) is not None
        for name, value in _pairs(line):
            if _KNOWN.search(name) or (bar and not _NONE.fullmatch(name)):
                found.pop(name, None)
                found[name] = value
    return merged({}, found)


def merged(before: dict[str, float], new: dict[str, float]) -> dict[str, float]:
    """What was known, with what is new; the oldest go when there are too many."""
    known = {name: value for name, value in before.items() if name not in new} | new
    return dict(list(known.items())[-_MOST:])


def foremost(metrics: dict[str, float]) -> str | None:
    """The name of the one that says most: of the validation before others, a loss before others."""

    def rank(name: str) -> tuple[bool, bool, bool]:
        rate = _RATE.search(name) is not None
        return rate, _OF_VALIDATION.search(name) is None, _LOSS.search(name) is None

    return min(metrics, key=rank, default=None)


def _pairs(line: str) -> Iterator[tuple[str, float]]:
    for match in _PAIR.finditer(line):
        value = float(match["value"])
        if isfinite(value):
            yield match["name"], value
