"""What is told of parts that do nothing here, or something else."""

from __future__ import annotations

from runner.spec.notices import NO_EFFECT, READ_AS, no_effect, read_as

ROUTE = ("workflows", 0, "ssh")


def test_a_key_without_effect_is_pointed_at_with_the_reason() -> None:
    notice = no_effect("ssh", ROUTE, "why")
    assert notice.message == "`ssh` has no effect here"
    assert (notice.route, notice.at_key, notice.hint) == (ROUTE, True, "why")
    assert notice.code == NO_EFFECT
    assert no_effect("ssh", ROUTE).hint is None


def test_a_reading_is_pointed_at_where_it_is_written() -> None:
    notice = read_as("`x` is read as y", ROUTE)
    assert (notice.message, notice.route, notice.at_key) == ("`x` is read as y", ROUTE, False)
    assert notice.code == READ_AS
