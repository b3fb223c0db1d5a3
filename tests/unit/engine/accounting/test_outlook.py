"""How long a job probably goes on."""

from __future__ import annotations

import pytest

from runner.engine.accounting.outlook import Outlook
from runner.engine.accounting.progress import Progress


def test_epochs_left_by_the_time_an_epoch_took() -> None:
    outlook = Outlook()
    assert outlook.look(Progress(1, 10, 0, 100), 0.0) is None
    assert outlook.look(Progress(1, 10, 50, 100), 30.0) == pytest.approx(9.5 * 60)
    assert outlook.look(Progress(3, 10, 0, 100), 120.0) == pytest.approx(8 * 60)


def test_the_end_of_an_epoch_is_not_that_of_the_job() -> None:
    outlook = Outlook()
    outlook.look(Progress(1, None, 0, 100, 60.0), 0.0)
    assert outlook.look(Progress(1, None, 90, 100, 6.0), 54.0) is None


def test_epochs_that_count_from_0_are_one_more() -> None:
    outlook = Outlook()
    outlook.look(Progress(0, 9, 0, 100), 0.0)
    assert outlook.look(Progress(5, 9, 0, 100), 50.0) == pytest.approx(50.0)


def test_where_only_epochs_are_told_time_goes_on_between_them() -> None:
    outlook = Outlook()
    outlook.look(Progress(1, 4), 0.0)
    assert outlook.look(Progress(1, 4), 55.0) is None
    assert outlook.look(Progress(2, 4), 60.0) == pytest.approx(180.0)
    assert outlook.look(Progress(2, 4), 90.0) == pytest.approx(150.0)
    assert outlook.look(None, 100.0) == pytest.approx(140.0)
    assert outlook.look(None, 1000.0) == 0.0


def test_steps_of_a_long_bar_belong_to_the_epoch_named_before() -> None:
    outlook = Outlook()
    outlook.look(Progress(1, 2, 0, 100), 0.0)
    assert outlook.look(Progress(None, None, 50, 100), 10.0) == pytest.approx(30.0)
    # and to the next one when they begin anew
    assert outlook.look(Progress(None, None, 25, 100), 25.0) == pytest.approx(15.0)


def test_a_bar_over_the_whole_says_it_itself() -> None:
    outlook = Outlook()
    assert outlook.look(Progress(None, None, 3, 10, 70.0, whole=True), 0.0) == 70.0
    assert outlook.look(None, 20.0) == 50.0


def test_a_count_that_begins_anew_was_not_that_of_the_whole() -> None:
    outlook = Outlook()
    outlook.look(Progress(step=100, steps=1000, whole=True), 0.0)
    assert outlook.look(Progress(step=600, steps=1000, whole=True), 50.0) == pytest.approx(40.0)
    assert outlook.look(Progress(step=10, steps=1000, whole=True), 60.0) is None
    assert outlook.look(Progress(step=900, steps=1000, whole=True), 90.0) is None


def test_a_bar_that_begins_anew_is_not_believed_either() -> None:
    outlook = Outlook()
    outlook.look(Progress(None, None, 9, 10, 1.0, whole=True), 0.0)
    assert outlook.look(Progress(None, None, 1, 10, 9.0, whole=True), 2.0) is None


def test_another_training_in_the_same_job_is_judged_by_itself() -> None:
    outlook = Outlook()
    outlook.look(Progress(1, 5), 0.0)
    outlook.look(Progress(5, 5), 4.0)
    assert outlook.look(Progress(1, 5), 100.0) is None
    assert outlook.look(Progress(2, 5), 110.0) == pytest.approx(40.0)


def test_a_bar_without_epochs_tells_nothing_of_the_whole() -> None:
    outlook = Outlook()
    outlook.look(Progress(None, None, 1, 10, 9.0), 0.0)
    assert outlook.look(Progress(None, None, 5, 10, 5.0), 4.0) is None
