"""What went wrong in a job: where, and its last words; what stands around it says the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.render.style import cut, harmless

if TYPE_CHECKING:
    from runner.cli.render.style import Style

_MARGIN = "  │ "


def excerpt(failure: dict[str, Any] | None, dress: Style) -> list[str]:
    """At most five lines: the place, and what the log says of it.

    ``failure`` is that of the run's document. There is nothing where nothing is known but how the
    log ends.
    """
    if failure is None or not (failure["cause"] or failure["place"]):
        return []
    place = where(failure)
    said = [f"  {dress.paint(place, 'bold')}"] if place else []
    for line in failure["lines"]:
        shown = _MARGIN + harmless(line)
        said.append(dress.plain(cut(shown, dress.width) if dress.terminal else shown))
    return said


def where(failure: dict[str, Any]) -> str:
    """The line of code, and the rank that came to it: ``train.py:31 in step · rank 1``."""
    said = []
    place = failure["place"]
    if place:
        function = f" in {place['function']}" if place["function"] else ""
        line = "" if place["line"] is None else f":{place['line']}"
        said.append(harmless(f"{place['path']}{line}{function}"))
    if failure["rank"] is not None:
        said.append(f"rank {failure['rank']}")
    return " · ".join(said)
