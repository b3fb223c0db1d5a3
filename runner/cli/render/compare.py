"""Runs side by side, for people: a column for each, or a line for each where they are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TextIO

from runner.cli.render.curves import curve, number
from runner.cli.render.phases import per_second, precise
from runner.cli.render.style import columns, cut, harmless, in_line, style
from runner.cli.render.table import Column, fitted
from runner.records.comparing.comparison import best, lower_is_better
from runner.records.comparing.facts import FIT
from runner.records.phases import COLLECTION, ENVIRONMENT, WAIT
from runner.units import amount, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from runner.cli.render.style import Style
    from runner.records.comparing.comparison import Comparison, Measured
    from runner.records.comparing.differing import Differs
    from runner.records.comparing.facts import Facts

_GAP = "  "
_LABEL = 16
# narrower columns cannot hold a curve or the name of a run
_NARROWEST = 17
_WIDEST = 30
# more metrics and differences than that are nothing to look at; the JSON has all of them
_MOST_METRICS = 8
_MOST_DIFFERENT = 12
# seconds: nobody waits for less
_LEAST = 0.005
_UNKNOWN = "-"
_STATUS = {"succeeded": "green", "failed": "red", "lost": "red", "cancelled": "yellow"}
_BY = {
    "throughput": "samples a second",
    "fit": "the time of fit",
    "job": "the time of the job",
}


class _Row(NamedTuple):
    """A line of the table: what it tells, a cell for each run, and which of them are marked.

    Nothing stands in the cell of a run of which it is not known.
    """

    label: str
    cells: Sequence[str]
    marked: frozenset[int] = frozenset()
    colour: str = "green"


def show_comparison(compared: Comparison, stream: TextIO, variables: Mapping[str, str]) -> None:
    """The table, then what the figures are relative to, and what was the same."""
    dress = style(stream, variables)
    room = (dress.width - _LABEL) // len(compared.runs) - len(_GAP)
    if dress.terminal and room < _NARROWEST:
        stream.write(_as_lines(compared, dress))
    else:
        width = min(room, _WIDEST) if dress.terminal else _WIDEST
        stream.writelines(f"{line}\n" for line in _as_columns(compared, width, dress))
    stream.writelines(f"{dress.paint(line, 'dim')}\n" for line in _beneath(compared))


def _as_columns(compared: Comparison, width: int, dress: Style) -> Iterator[str]:
    """A column for each run, as wide as what stands in it, and no wider than that."""
    rows = [*_rows(compared, width, dress)]
    mark = dress.plain("…")
    cut_rows = [
        _Row(
            _cell(row.label, _LABEL, mark, dress),
            [_cell(cell or _UNKNOWN * bool(row.label), width, mark, dress) for cell in row.cells],
            *row[2:],
        )
        for row in rows
    ]
    wide = max(columns(row.label) for row in cut_rows)
    widths = [max(columns(row.cells[at]) for row in cut_rows) for at in range(len(compared.runs))]
    for row in cut_rows:
        label = dress.paint(row.label, "dim") + " " * (wide - columns(row.label))
        cells = (
            dress.paint(cell, row.colour) + " " * (widths[at] - columns(cell))
            if at in row.marked
            else cell + " " * (widths[at] - columns(cell))
            for at, cell in enumerate(row.cells)
        )
        yield _GAP.join([label, *cells]).rstrip()


def _cell(text: str, width: int, mark: str, dress: Style) -> str:
    """What stands in a cell, and no more than fits."""
    plain = dress.plain(in_line(text))
    return cut(plain, width, mark) if dress.terminal else plain


def _rows(compared: Comparison, width: int, dress: Style) -> Iterator[_Row]:
    runs = compared.runs
    everybody = frozenset(range(len(runs)))
    yield _Row("", [one.facts.run for one in runs], everybody, "bold")
    yield _Row("workflow", [one.facts.workflow for one in runs])
    yield from _statuses(runs)
    yield _Row("devices", [devices(one.facts) for one in runs])
    yield from _times(compared)
    yield from _figures(compared)
    yield from _metrics(compared, width, dress)
    yield from _different(compared)


def _statuses(runs: Sequence[Measured]) -> Iterator[_Row]:
    """Only where not all have succeeded."""
    found = [one.facts.status for one in runs]
    if set(found) != {"succeeded"}:
        marked = frozenset(at for at, status in enumerate(found) if status != "succeeded")
        colours = {_STATUS.get(found[at], "blue") for at in marked}
        yield _Row("status", found, marked, colours.pop() if len(colours) == 1 else "yellow")


def devices(facts: Facts) -> str:
    """``4 GPUs``, ``2 simulated GPUs``, ``8 cores``."""
    kind, number_of = facts.devices
    if not number_of:
        return ""
    return count(number_of, {"gpu": "GPU", "simulated gpu": "simulated GPU", "core": "core"}[kind])


def _times(compared: Comparison) -> Iterator[_Row]:
    facts = [one.facts for one in compared.runs]
    yield _Row("total", [precise(one.seconds) for one in facts])
    yield from _phase(ENVIRONMENT, [one.phases.get(ENVIRONMENT) for one in facts])
    waits = [one.phases.get(WAIT, 0.0) for one in facts]
    if max(waits) >= _LEAST:
        yield from _phase(WAIT, waits)
    if not all(one.own_phases for one in facts):
        yield from _phase("job", [one.job for one in facts])
    for name in compared.phases:
        yield from _phase(name, [one.own_phases.get(name) for one in facts], best_is=min)
    yield from _phase("other", [one.other for one in facts])
    yield from _phase(COLLECTION, [one.phases.get(COLLECTION) for one in facts])


def _phase(
    name: str,
    seconds: Sequence[float | None],
    best_is: Callable[[list[float]], float] | None = None,
) -> Iterator[_Row]:
    """Not one that took no time in any of them."""
    if any(seconds):
        marked = _best(seconds, best_is) if best_is and name == FIT else frozenset()
        cells = ["" if spent is None else precise(spent) for spent in seconds]
        yield _Row(f"  {name}", cells, marked)


def _figures(compared: Comparison) -> Iterator[_Row]:
    runs = compared.runs
    facts = [one.facts for one in runs]
    rates = [one.throughput for one in runs]
    if any(rates):
        cells = [_rate(one) for one in rates]
        yield _Row("samples/s", cells, _best(rates, max))
    if compared.basis is not None:
        cells = [_times_as_fast(one.speed_up) for one in runs]
        yield _Row("speed-up", cells, _best([one.speed_up for one in runs], max))
    if compared.scales:
        yield _Row("efficiency", [_percent(one.efficiency) for one in runs])
    yield from _told("cpu", [_cores(one) for one in facts])
    yield from _told("gpu", [_percent(one.use.gpu_utilisation) for one in facts])
    yield from _told("memory", [_amount(one.use.memory) for one in facts])
    yield from _told("gpu memory", [_amount(one.use.gpu_memory) for one in facts])


def _told(label: str, cells: Sequence[str]) -> Iterator[_Row]:
    """Not what is known of none of them."""
    if any(cells):
        yield _Row(label, cells)


def _rate(rate: float | None) -> str:
    return "" if rate is None else per_second(rate).removesuffix("/s")


def _times_as_fast(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f} %"


def _amount(size: int | None) -> str:
    return "" if size is None else amount(size)


def _cores(facts: Facts) -> str:
    used = facts.use.cpu
    if used is None:
        return ""
    return f"{used:.1f} of {count(facts.cores, 'core')}" if facts.cores else f"{used:.1f}"


def _best(values: Sequence[float | None], of: Callable[[list[float]], float]) -> frozenset[int]:
    """The runs that have the best value, where others have another one."""
    known = [value for value in values if value is not None]
    if len(set(known)) < 2:  # noqa: PLR2004 - a best one has another beside it
        return frozenset()
    wanted = of(known)
    return frozenset(at for at, value in enumerate(values) if value == wanted)


def _metrics(compared: Comparison, width: int, dress: Style) -> Iterator[_Row]:
    """Of each its last value, the best one where that is another, and its curve."""
    for name in compared.metrics[:_MOST_METRICS]:
        found = compared.of(name)
        lasts = [None if one is None else one.last.value for one in found]
        tops = [None if one is None else best(one) for one in found]
        marked = _best(tops, min if lower_is_better(name) else max)
        yield _Row(cut(harmless(name), _WIDEST), [_number(one) for one in lasts], marked)
        if any(top is not None and top != last for top, last in zip(tops, lasts, strict=True)):
            yield _Row("  best", [_number(one) for one in tops], marked)
        curves = ["" if one is None else curve(one, min(width, _WIDEST), dress) for one in found]
        yield from _told("", curves)


def _number(value: float | None) -> str:
    return "" if value is None else number(value)


def _different(compared: Comparison) -> Iterator[_Row]:
    found = compared.differences.differs
    for one in found[:_MOST_DIFFERENT]:
        yield _Row(_what(one), [_value(value) for value in one.values])


def _value(value: object) -> str:
    return "" if value is None else number(value) if isinstance(value, float) else str(value)


def _what(one: Differs) -> str:
    """``variable LR`` needs no more than its name."""
    return cut(harmless(one.name or one.what), _WIDEST)


def _beneath(compared: Comparison) -> Iterator[str]:
    hidden = len(compared.metrics) - _MOST_METRICS
    different = len(compared.differences.differs) - _MOST_DIFFERENT
    more = [f"{count(hidden, 'metric')} more"] if hidden > 0 else []
    more += [f"{count(different, 'difference')} more"] if different > 0 else []
    if more:
        yield f"and {', '.join(more)}: --json"
    if compared.basis is not None:
        by = _BY[compared.basis]
        if compared.basis == "throughput" and compared.counted != FIT:
            by += f" of {compared.counted}"
        yield f"speed-up: against {compared.runs[0].facts.run}, by {by}"
    if compared.scales:
        yield "efficiency: the speed of each device, against the first run with such devices"
    if compared.simulated:
        yield "simulated GPUs share the cores of the CPU: real ones scale otherwise"
    same = compared.differences.same
    if same:
        yield f"same: {', '.join(_same(what, value) for what, value in same.items())}"


def _same(what: str, value: str) -> str:
    return f"{count(int(value), 'package')}" if what == "packages" else f"{what} {value}"


def _as_lines(compared: Comparison, dress: Style) -> str:
    """A line for each run, with what is wanted first."""
    metric = next(iter(compared.metrics), None)
    shape = [
        Column("RUN"), Column("WORKFLOW", 1, 8), Column("STATUS", 7), Column("DEVICES", 2),
        Column("TOTAL", 4), Column("FIT", 3), Column("SAMPLES/S"), Column("SPEED-UP"),
        Column("EFFICIENCY", 5), Column("MEMORY", 6),
        Column(in_line(metric or "METRIC"), 0, 6), Column("CURVE", 8),
    ]  # fmt: skip
    cells = [_line(one, metric, compared, dress) for one in compared.runs]
    return fitted(shape, cells, dress)


def _line(one: Measured, metric: str | None, compared: Comparison, dress: Style) -> list[str]:
    facts = one.facts
    series = one.metric(metric) if metric else None
    fit = facts.phases.get(FIT)
    return [
        facts.run,
        facts.workflow,
        "" if facts.status == "succeeded" else facts.status,
        devices(facts),
        precise(facts.seconds),
        "" if fit is None else precise(fit),
        _rate(one.throughput),
        _times_as_fast(one.speed_up),
        _percent(one.efficiency) if compared.scales else "",
        _amount(facts.use.memory),
        "" if series is None else number(series.last.value),
        "" if series is None else curve(series, _LABEL, dress),
    ]
