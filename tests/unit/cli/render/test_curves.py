from __future__ import annotations

import math

from runner.artifacts.reading.values import Point, Series
from runner.cli.render.curves import curve, number, told
from runner.cli.render.style import Style

WIDE = Style(colour=False, unicode=True, terminal=False, width=120)


def series(name: str, *values: float) -> Series:
    points = [Point(at, None, None, value) for at, value in enumerate(values)]
    kept = tuple(point for point in points if math.isfinite(point.value))
    low = min((point.value for point in kept), default=None)
    high = max((point.value for point in kept), default=None)
    return Series(name, len(points), len(points) - len(kept), points[-1], low, high, kept)


def test_a_curve_goes_from_its_lowest_to_its_highest_value() -> None:
    assert curve(series("a", 10, 11, 12, 13), 10, WIDE) == "▁▃▆█"
    assert curve(series("a", 3, 2, 1), 10, WIDE) == "█▅▁"


def test_there_is_no_curve_where_it_would_say_nothing() -> None:
    assert curve(series("a", 1, 2), 10, WIDE) == ""
    assert curve(series("a", 2, 2, 2), 10, WIDE) == ""
    assert curve(series("a", 1, 2, 3), 2, WIDE) == ""
    assert curve(series("a", 1, 2, 3), 10, WIDE._replace(unicode=False)) == ""
    assert curve(series("a", -1e308, 0, 1e308), 10, WIDE) == ""


def test_lines_stand_in_columns() -> None:
    lines = list(told([series("loss", 3, 2, 1.5), series("lr", 0.001)], WIDE))
    assert lines == [
        ("metric", "loss    1.5  █▃▁  1.5 to 3 · step 2"),
        ("metric", "lr    0.001       step 0"),
    ]


def test_more_than_are_wanted_are_counted() -> None:
    shown = list(told([series(str(at), 1) for at in range(5)], WIDE, 2))
    assert [name for name, _ in shown] == ["metric", "metric", ""]
    assert shown[-1][1] == "and 3 more"


def test_what_is_not_finite_is_said() -> None:
    ((_, line),) = told([series("loss", 1, math.nan)], WIDE)
    assert line == "loss  nan  1 to 1 · step 1 · 1 of 2 not finite"


def test_names_cannot_act_on_a_terminal() -> None:
    ((_, line),) = told([series("a\x1b[31m\nb", 1)], WIDE)
    assert line.startswith("a\\x1b[31m\\nb")


def test_numbers_are_as_short_as_can_be() -> None:
    values = (3.0, 12345.0, 0.123456, 1e-9, 123456789.0, -math.inf, 1e300)
    said = [number(value) for value in values]
    assert said == ["3", "12,345", "0.1235", "1e-09", "1.23457e+08", "-inf", "1e+300"]
