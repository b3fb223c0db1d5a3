"""Speed-up, efficiency, the best of a metric, and what differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.records.comparing.comparison import Comparison, best, compare, lower_is_better, merged
from runner.records.comparing.curves import over_steps, over_time, timed
from runner.records.comparing.differing import Differs
from tests.unit.records.comparing.runs import BEGUN, READY, a_run, series


def run(name: str = "wet-mango-1", status: str = "succeeded", **given: Any) -> dict[str, Any]:
    return {"name": name, "workflow": "train", "status": status, **given}


def fitted(seconds: float, samples: int = 0, **given: Any) -> dict[str, Any]:
    counted = {"fit": samples} if samples else {}
    return run(phases={"import": 2.0, "fit": seconds}, samples=counted, **given)


def compared(*runs: dict[str, Any]) -> Comparison:
    return compare([a_run(one) for one in runs])


def ratios(found: Comparison) -> list[float | None]:
    return [one.speed_up for one in found.runs]


# --- speed-up -----------------------------------------------------------------------------------


def test_speed_up_is_by_samples_a_second() -> None:
    found = compared(fitted(10.0, 1000), fitted(10.0, 4000), fitted(5.0, 250))
    assert found.basis == "throughput"
    assert ratios(found) == [1.0, 4.0, 0.5]


def test_a_run_that_counts_no_samples_does_not_keep_others_from_it() -> None:
    found = compared(fitted(10.0, 1000), fitted(5.0, 1000), fitted(5.0))
    assert found.basis == "throughput"
    assert ratios(found) == [1.0, 2.0, None]


def test_without_samples_speed_up_is_by_the_time_of_fit() -> None:
    found = compared(fitted(10.0, 1000), fitted(2.5))
    assert (found.basis, ratios(found)) == ("fit", [1.0, 4.0])


def test_without_phases_speed_up_is_by_the_time_of_the_job() -> None:
    found = compared(run(length=30.0), run(length=10.0))
    assert (found.basis, ratios(found)) == ("job", [1.0, pytest.approx(3.0)])


@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_part_of_the_work_is_not_taken_for_all_of_it(status: str) -> None:
    found = compared(fitted(10.0), fitted(1.0, status=status))
    assert found.basis is None
    assert ratios(found) == [None, None]
    found = compared(fitted(10.0, 1000), fitted(1.0, 200, status=status))
    assert ratios(found) == [1.0, 2.0]


def rates(found: Comparison) -> list[float | None]:
    return [one.throughput for one in found.runs]


@pytest.mark.parametrize("status", ["failed", "cancelled", "running"])
def test_loading_is_not_compared_with_another_runs_training(status: str) -> None:
    whole = run(phases={"data": 0.5, "fit": 10.0}, samples={"data": 2000, "fit": 1000})
    part = run(status=status, phases={"data": 0.5}, samples={"data": 2000})
    found = compared(whole, part)
    assert (found.counted, rates(found)) == ("fit", [100.0, None])
    assert (found.basis, ratios(found)) == (None, [None, None])
    assert ratios(compared(part, whole)) == [None, None]


def test_where_nothing_is_fitted_it_is_a_phase_that_the_first_shares_with_another() -> None:
    one = run(phases={"load": 1.0, "test": 2.0, "infer": 4.0}, samples={"test": 10, "infer": 400})
    two = run(phases={"infer": 2.0, "load": 1.0}, samples={"infer": 400, "load": 9000})
    found = compared(one, two)
    assert (found.counted, rates(found), ratios(found)) == ("infer", [100.0, 200.0], [1.0, 2.0])
    alone = compared(one, run())
    assert (alone.counted, rates(alone)) == ("infer", [100.0, None])
    assert compared(run(), run()).counted is None


# --- efficiency ---------------------------------------------------------------------------------


def test_efficiency_is_the_speed_of_each_device_against_the_first_of_its_kind() -> None:
    found = compared(
        fitted(100.0, 1000, cores=8),
        fitted(10.0, 1000, gpus=1, cores=2),
        fitted(3.125, 1000, gpus=4, cores=8),
    )
    assert ratios(found) == [1.0, 10.0, 32.0]
    assert [one.efficiency for one in found.runs] == [None, 1.0, 0.8]
    assert found.scales


def test_simulated_gpus_are_compared_with_simulated_ones_alone() -> None:
    found = compared(
        fitted(10.0, 1000, gpus=1),
        fitted(20.0, 1000, simulated_gpus=1),
        fitted(20.0, 1000, simulated_gpus=2),
    )
    assert [one.efficiency for one in found.runs] == [None, 1.0, 0.5]
    assert found.simulated


def test_as_many_devices_everywhere_do_not_scale() -> None:
    found = compared(fitted(10.0, 1000, cores=4), fitted(5.0, 1000, cores=4))
    assert not found.scales
    assert not found.simulated


# --- phases -------------------------------------------------------------------------------------


def test_what_no_phase_accounts_for_is_told() -> None:
    facts = a_run(run(length=10.0, phases={"import": 2.0, "fit": 5.5}))
    assert facts.other == 2.5
    assert facts.offset == 2.0
    assert a_run(run()).other is None


def test_of_a_run_that_goes_on_there_is_what_is_so_far() -> None:
    facts = a_run(run(status="running", phases={"import": 2.0}))
    assert dict(facts.phases) == {"environment": 2.5, "wait": 0.5, "import": 2.0}
    assert (facts.seconds, facts.job) == (3600.0, 3597.0)
    assert not facts.over


def test_orders_are_merged() -> None:
    assert merged([["import", "fit", "test"], ["import", "data", "fit", "plot"]]) == (
        "import", "data", "fit", "plot", "test",
    )  # fmt: skip


@given(st.lists(st.lists(st.sampled_from("abcde"), unique=True), max_size=4))
def test_each_word_stands_once_in_a_merged_order(orders: list[list[str]]) -> None:
    found = merged(orders)
    assert len(found) == len(set(found))
    assert set(found) == {word for order in orders for word in order}


# --- metrics ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val_loss", 0.25),
        ("train_loss_epoch", 0.25),
        ("Loss/train", 0.25),
        ("val_acc", 0.75),
        ("metrics/mAP", 0.75),
        ("accuracy", 0.75),
        ("f1-score", 0.75),
        ("lr-Adam", None),
        ("epoch_seconds", None),
    ],
)
def test_the_name_of_a_metric_tells_which_way_is_better(name: str, expected: float | None) -> None:
    assert best(series(name, [[1, 0.5], [2, 0.75], [3, 0.25]])) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_loss", True),
        ("test_acc", False),
        ("acc_loss", True),
        ("loss_acc", False),
        ("lr", None),
    ],
)
def test_which_way_is_better_is_known_of_a_single_value(name: str, expected: bool | None) -> None:  # noqa: FBT001 - what is expected
    assert lower_is_better(name) is expected


def test_metrics_that_most_runs_have_come_first_and_those_of_validation() -> None:
    one = {"loss": [[1, 1.0]], "val_loss": [[1, 1.0]], "extra": [[1, 1.0]]}
    two = {"loss": [[1, 1.0]], "val_loss": [[1, 1.0]]}
    found = compared(run(metrics=one), run(metrics=two))
    assert found.metrics == ("val_loss", "loss", "extra")


def test_a_curve_over_time_is_since_fit_began() -> None:
    clock = BEGUN.timestamp() + READY
    found = compared(
        fitted(4.0, metrics={"loss": [[1, 0.5, clock + 7.0]]}),
        fitted(4.0, metrics={"loss": [[1, 0.5, 1.5]]}),
        run(),
    )
    drawn = over_time(found, "loss")
    assert drawn.across == "seconds since about when fit began"
    assert drawn.points == (((5.0, 0.5),), ((1.5, 0.5),), ())


def test_it_is_since_the_job_began_where_not_all_tell_when_they_fit() -> None:
    found = compared(
        fitted(4.0, metrics={"loss": [[1, 0.5, 1.5]]}), run(metrics={"loss": [[1, 0.5, 1.5]]})
    )
    drawn = over_time(found, "loss")
    assert drawn.across == "seconds since the job began"
    assert drawn.points == (((3.5, 0.5),), ((1.5, 0.5),))


def test_times_are_taken_from_another_file_with_the_same_steps() -> None:
    exact = series("loss", [[1, 0.501], [2, 0.251]])
    short = series("loss", [[1, 0.5, 7.0], [2, 0.25, 9.0]])
    found = timed(exact, [series("acc", [[1, 0.5, 1.0], [2, 0.25, 2.0]]), short])
    assert [(one.seconds, one.value) for one in found.points] == [(7.0, 0.501), (9.0, 0.251)]
    assert timed(exact, [series("loss", [[1, 0.5, 7.0]])]) == exact
    assert timed(short, [series("loss", [[1, 0.5, 1.0], [2, 0.25, 2.0]])]) == short


def test_steps_without_times_are_spread_evenly_over_fit() -> None:
    found = compared(fitted(4.0, metrics={"loss": [[5, 0.5], [10, 0.25]]}), run())
    drawn = over_time(found, "loss")
    assert drawn.across == "seconds since about when fit began (steps spread evenly)"
    assert drawn.points[0] == ((2.0, 0.5), (4.0, 0.25))
    assert over_steps(found, "loss").points == (((5, 0.5), (10, 0.25)), ())


# --- what differs -------------------------------------------------------------------------------


def test_what_differs_and_what_is_the_same() -> None:
    found = compared(
        run(
            packages=["torch==2.12.0", "wf @ file:src"],
            variables={"LR": "0.1", "SEED": "42"},
            parameters={"width": 64},
            command="python train.py --epochs 3",
            commit="4f2a1c90",
        ),
        run(
            packages=["torch==2.13.0", "wf @ file:src"],
            variables={"SEED": "42"},
            parameters={"width": 128},
            command="python train.py --epochs 5 --fast",
            commit="4f2a1c90",
        ),
    ).differences
    assert found.differs == (
        Differs("package", "torch", ("2.12.0", "2.13.0")),
        Differs("variable", "LR", ("0.1", None)),
        Differs("parameter", "width", (64, 128)),
        Differs("command", None, ("--epochs 3", "--epochs 5 --fast")),
    )
    assert found.same == {"code": "4f2a1c9", "python": "3.11.7", "seed": "42"}


def test_a_run_that_tells_no_hyper_parameters_does_not_differ_in_them() -> None:
    found = compared(
        run(parameters={"width": 64, "seed": 1, "lr": 0.1}),
        run(),
        run(parameters={"width": 128, "seed": 1, "lr": 0.1}),
    ).differences
    assert found.differs == (Differs("parameter", "width", (64, None, 128)),)
    assert found.same["seed"] == "1"


def test_changes_that_are_not_committed_are_code_that_differs() -> None:
    same = run(commit="4f2a1c90", dirty=True)
    found = compared({**same, "code": "blake3:aaaaaaaaaa"}, {**same, "code": "blake3:bbbbbbbbbb"})
    assert found.differences.differs == (Differs("code", None, ("aaaaaaa", "bbbbbbb")),)
    assert "code" not in found.differences.same


@pytest.mark.parametrize("command", ["", "python 'train.py"])
def test_a_command_that_is_no_shells_is_taken_apart_at_its_spaces(command: str) -> None:
    (found,) = compared(run(command=command), run(command="python b.py")).differences.differs
    assert found.what == "command"
