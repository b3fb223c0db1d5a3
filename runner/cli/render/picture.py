"""Runs side by side as a picture: their metrics, speed-up and phases. matplotlib draws it.

matplotlib is no part of wf's own packages (the extra ``plot``), and takes a while to import:
nothing but ``wf compare --plot`` comes here.
"""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple
from warnings import catch_warnings, filterwarnings

from runner.cli.render.compare import devices
from runner.cli.render.style import cut, in_line
from runner.disks import unwritable
from runner.errors import UNSATISFIABLE, USAGE, WfError
from runner.records.comparing.curves import over_steps, over_time
from runner.records.phases import COLLECTION, ENVIRONMENT, WAIT
from runner.units import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.records.comparing.comparison import Comparison, Measured
    from runner.records.comparing.curves import Drawn

_FORMATS = (".png", ".svg", ".pdf")
_INSTALL = "install it beside wf: pip install 'wf[plot]'"
# Okabe and Ito, "Color Universal Design" (2008): told apart whatever colours somebody can see
_RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LINES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
# Paul Tol, "Colour schemes" (2021), muted; what wf saw is grey, and lighter or darker
_PHASES = ("#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255")
_SEEN = {
    ENVIRONMENT: "#666666",
    WAIT: "#CCCCCC",
    COLLECTION: "#999999",
    "other": "#E8E8E8",
    "job": "#44AA99",
}
_MOST_METRICS = 2
_WIDTH = 10.0
_PANEL = 3.3
_FEW_POINTS = 40
_LONGEST = 80
_INCHES_OF_RUN = 0.32
_INCHES_OF_KEY = 0.21
_ONE_COLUMN = 4
_DOTS = 100


class _Look(NamedTuple):
    """How one of the runs is drawn in all panels."""

    name: str
    colour: str
    line: str
    mark: str


def usable(file: str) -> None:
    """See to it that a picture can be drawn before anything is read for it.

    Raises:
        WfError: kind ``USAGE`` for a kind of picture that is not drawn, ``UNSATISFIABLE`` where
            matplotlib is not installed.
    """
    kind = PurePath(file).suffix.lower()
    if kind not in _FORMATS:
        what = f"`{kind}` is no kind of picture" if kind else f"`{file}` does not say which kind"
        raise WfError(
            USAGE,
            f"--plot: {what} that wf draws",
            hint=f"name a file of another kind: {listed(_FORMATS)}",
        )
    if find_spec("matplotlib") is None:
        raise WfError(UNSATISFIABLE, "--plot takes matplotlib, which is missing", hint=_INSTALL)


def draw(compared: Comparison, path: Path) -> None:
    """Draw it, in memory first: what fails meanwhile leaves a former file as it is.

    Raises:
        WfError: kind ``STORAGE`` when the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    metrics = _drawn(compared)
    looks = _looks(compared.runs)
    bars = max(2.2, 1.3 + _INCHES_OF_RUN * len(looks))
    heights = [_PANEL] * len(metrics) + [bars]
    settings: dict[str, Any] = {
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "svg.hashsalt": "wf",
    }
    with rc_context(settings):
        key = 0.25 + _INCHES_OF_KEY * -(-len(looks) // _key_columns(looks))
        layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
        figure = Figure(figsize=(_WIDTH, sum(heights) + key), layout=layout)
        FigureCanvasAgg(figure)
        parts = figure.subfigures(2, 1, height_ratios=[key, sum(heights)], squeeze=False)
        key_part, panels = parts[0][0], parts[1][0]
        axes = panels.subplots(len(heights), 2, height_ratios=heights, squeeze=False)
        for row, name in zip(axes, metrics, strict=False):
            _curves(row[0], over_steps(compared, name), looks, "in the course of training")
            _curves(row[1], over_time(compared, name), looks, "in the course of time")
            row[1].set_xlim(left=0)
        _speed_up(axes[-1][0], compared, looks)
        _phases(axes[-1][1], compared, looks)
        _key(key_part, looks, lines=bool(metrics))
        drawn = BytesIO()
        with catch_warnings():
            filterwarnings("ignore", message="Glyph")  # of a name in a script that no font has
            kind = path.suffix[1:].lower()
            figure.savefig(drawn, format=kind, dpi=_DOTS, metadata=_timeless(kind))
    try:
        path.write_bytes(drawn.getvalue())
    except OSError as error:
        raise unwritable(f"{path} cannot be written", error, path.parent) from error


def _drawn(compared: Comparison) -> list[str]:
    """The metrics that are drawn: the first ones, and no single values."""
    found = (
        name
        for name in compared.metrics
        if any(one is not None and len(one.points) > 1 for one in compared.of(name))
    )
    return list(islice(found, _MOST_METRICS))


def _timeless(kind: str) -> dict[str, None]:
    """The same runs make the same bytes."""
    dates: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    return dates.get(kind, {})


def _text(name: str) -> str:
    """A foreign name that matplotlib takes for text, not for a formula."""
    return cut(in_line(name), _LONGEST).replace("$", r"\$")


def _looks(runs: Sequence[Measured]) -> list[_Look]:
    found = []
    for at, one in enumerate(runs):
        facts = one.facts
        said = devices(facts)
        name = f"{facts.workflow} · {facts.run}" + (f" · {said}" if said else "")
        colour, mark = _RUNS[at % len(_RUNS)], _MARKS[at % len(_MARKS)]
        line = _LINES[at % len(_LINES)]
        found.append(_Look(_text(name), colour, line, mark))
    return found


def _key(figure: Any, looks: Sequence[_Look], *, lines: bool) -> None:  # noqa: ANN401 - SubFigure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Line2D([], [], color=one.colour, linestyle=one.line, marker=one.mark, markersize=5)
        if lines
        else Patch(color=one.colour)
        for one in looks
    ]
    names = [one.name for one in looks]
    figure.legend(marks, names, loc="center", ncols=_key_columns(looks), frameon=False)


def _key_columns(looks: Sequence[_Look]) -> int:
    return 1 if len(looks) <= _ONE_COLUMN else 2


def _curves(axes: Any, drawn: Drawn, looks: Sequence[_Look], course: str) -> None:  # noqa: ANN401
    from matplotlib.ticker import MaxNLocator

    axes.set_title(f"{_text(drawn.metric)} {course}")
    axes.set_xlabel(drawn.across)
    axes.set_ylabel(_text(drawn.metric))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=drawn.whole))
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.7)
    axes.set_axisbelow(True)
    few = all(len(points) <= _FEW_POINTS for points in drawn.points)
    for look, points in zip(looks, drawn.points, strict=True):
        if points:
            across, values = zip(*points, strict=True)
            mark = look.mark if few else None
            axes.plot(
                across, values, color=look.colour, linestyle=look.line, marker=mark, markersize=4
            )
    if not any(drawn.points):
        _nothing(axes, "no run tells")
    elif all(value > 0 for points in drawn.points for _, value in points) and drawn.wide:
        axes.set_yscale("log")


def _nothing(axes: Any, why: str) -> None:  # noqa: ANN401 - Axes
    axes.text(0.5, 0.5, why, ha="center", va="center", color="#777777", transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])


def _speed_up(axes: Any, compared: Comparison, looks: Sequence[_Look]) -> None:  # noqa: ANN401
    """A bar for each run, the first one being 1; efficiency behind it where it says more."""
    first = compared.runs[0].facts.run
    axes.set_title("speed-up")
    axes.set_xlabel(f"times as fast as {first}")
    ratios = [one.speed_up for one in compared.runs]
    if not any(ratios):
        _nothing(axes, "not known")
        return
    places = range(len(looks))
    axes.barh(
        places, [one or 0.0 for one in ratios], color=[look.colour for look in looks], height=0.65
    )
    axes.axvline(1.0, color="#777777", linewidth=0.8, linestyle=":")
    for at, one in enumerate(compared.runs):
        axes.annotate(
            _said(one, compared), (one.speed_up or 0.0, at), xytext=(6, 0), va="center",
            textcoords="offset points", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
    axes.set_yticks(places, [one.facts.run for one in compared.runs])
    axes.invert_yaxis()
    axes.set_xlim(0, max(one or 0.0 for one in ratios) * (1.7 if compared.scales else 1.25))


def _said(one: Measured, compared: Comparison) -> str:
    if one.speed_up is None:
        return "not known"
    said = f"{one.speed_up:.2f}x"
    if compared.scales and one.efficiency is not None:
        said += f", {one.efficiency * 100:.0f} % efficient"
    return said


def _phases(axes: Any, compared: Comparison, looks: Sequence[_Look]) -> None:  # noqa: ANN401
    """All of a run's time in one bar, a part for each phase."""
    axes.set_title("where the time went")
    axes.set_xlabel("seconds")
    parts = _parts(compared)
    left = [0.0] * len(looks)
    places = range(len(looks))
    own = 0
    for name, seconds in parts:
        colour = _SEEN.get(name)
        if colour is None:
            colour, own = _PHASES[own % len(_PHASES)], own + 1
        axes.barh(
            places, seconds, left=left, color=colour, label=name, height=0.65,
            edgecolor="white", linewidth=0.6, hatch="///" if name == WAIT else None,
        )  # fmt: skip
        left = [before + more for before, more in zip(left, seconds, strict=True)]
    axes.set_yticks(places, [one.facts.run for one in compared.runs])
    axes.invert_yaxis()
    if parts:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=4, frameon=False, fontsize=8.5,
            handlelength=1.0, columnspacing=1.2,
        )  # fmt: skip
    else:
        _nothing(axes, "not known")


def _parts(compared: Comparison) -> list[tuple[str, list[float]]]:
    """Of each phase that took any time its name, and how many seconds in each of the runs."""
    facts = [one.facts for one in compared.runs]
    job = [one.other if one.own_phases else one.job for one in facts]
    found: list[tuple[str, list[float | None]]] = [
        (ENVIRONMENT, [one.phases.get(ENVIRONMENT) for one in facts]),
        (WAIT, [one.phases.get(WAIT) for one in facts]),
        *((name, [one.own_phases.get(name) for one in facts]) for name in compared.phases),
        ("other" if compared.phases else "job", job),
        (COLLECTION, [one.phases.get(COLLECTION) for one in facts]),
    ]
    known = ((name, [one or 0.0 for one in seconds]) for name, seconds in found)
    return [(name, seconds) for name, seconds in known if any(seconds)]
