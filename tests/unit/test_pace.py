"""How far, how fast, and how long still, as it is told."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from runner.pace import Pace

MB = 1_000_000


class Told:
    """A pace on a clock of its own, and all that it has shown."""

    def __init__(self) -> None:
        self.at = 100.0
        self.shown: list[str] = []
        self.pace = Pace(self.shown.append, lambda: self.at)

    def after(self, seconds: float, files: int, size: int) -> str | None:
        """What is shown when so much is done so many seconds later."""
        self.at += seconds
        before = len(self.shown)
        self.pace(files, size)
        return self.shown[-1] if len(self.shown) > before else None


def test_what_is_quick_is_not_spoken_of() -> None:
    told = Told()
    assert told.after(0.49, 10, MB) is None
    assert told.after(0.02, 10, MB) is not None


def test_it_speaks_a_few_times_a_second() -> None:
    told = Told()
    for _ in range(1000):
        told.after(0.002, 1, 1)
    assert 5 <= len(told.shown) <= 10


def test_of_how_much_how_fast_and_what_is_left() -> None:
    told = Told()
    told.pace.expect(10_000, 2_000 * MB)
    told.after(1, 2_500, 500 * MB)
    said = told.after(1, 5_000, 1_000 * MB)
    assert said == "5,000 of 10,000 files · 1 of 2 GB · 500 MB/s · 2s left"


def test_nobody_knows_what_is_left_of_what_was_not_counted() -> None:
    assert Told().after(2, 3, 10 * MB) == "3 files · 10 MB · 5 MB/s"


def test_a_guess_is_not_made_at_once() -> None:
    told = Told()
    told.pace.expect(10, 10 * MB)
    said = told.after(0.6, 1, 3 * MB)
    assert said is not None
    assert "left" not in said


def test_a_small_file_takes_time_as_well() -> None:
    """A large file first, then a thousand that are empty: the time left is not nothing."""
    told = Told()
    told.pace.expect(1001, 100 * MB)
    said = told.after(2, 1, 100 * MB)
    assert said is not None
    assert said.endswith("1s left")


def test_the_speed_is_that_of_the_last_seconds() -> None:
    told = Told()
    for second in range(1, 21):
        told.after(1, second, second * 100 * MB)
    for second in range(1, 8):
        said = told.after(1, 20 + second, 2_000 * MB + second * MB)
    assert said is not None
    assert " · 1 MB/s" in said


def test_files_that_came_meanwhile() -> None:
    told = Told()
    told.pace.expect(1, MB)
    assert told.after(2, 2, 2 * MB) == "2 files · 2 MB · 1 MB/s · 0s left"


def test_files_without_a_byte() -> None:
    told = Told()
    told.pace.expect(4, 0)
    assert told.after(2, 2, 0) == "2 of 4 files · 2s left"


def test_what_takes_long_is_counted_once() -> None:
    told = Told()
    counted: list[float] = []

    def count() -> tuple[int, int]:
        counted.append(told.at)
        return 4, 40 * MB

    told.pace.expect_of(count)
    told.after(0.4, 0, 0)
    assert counted == []
    told.after(0.6, 1, 10 * MB)
    assert told.after(1, 2, 20 * MB) == "2 of 4 files · 20 of 40 MB · 10 MB/s · 2s left"
    assert len(counted) == 1


def test_another_folder_that_is_counted_anew() -> None:
    told = Told()
    told.after(1, 5, 50 * MB)
    told.pace.go_on()
    said = told.after(1, 1, 50 * MB)
    assert said == "6 files · 100 MB · 50 MB/s"


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.integers(0, 10**6), st.integers(0, 10**15), st.booleans()),
        max_size=30,
    ),
    st.one_of(st.none(), st.integers(0, 10**6)),
    st.one_of(st.none(), st.integers(0, 10**15)),
)
def test_whatever_is_told_makes_one_line(
    steps: list[tuple[float, int, int, bool]], files: int | None, size: int | None
) -> None:
    told = Told()
    told.pace.expect(files, size)
    for seconds, done, much, anew in steps:
        told.after(seconds, done, much)
        if anew:
            told.pace.go_on()
    assert all(line and "\n" not in line and "nan" not in line for line in told.shown)


def test_several_threads_tell_it() -> None:
    """One line at a time, whoever tells."""
    inside = threading.Lock()
    shown = []

    def show(text: str) -> None:
        assert inside.acquire(blocking=False)
        shown.append(text)
        inside.release()

    at = iter(range(10**6))
    pace = Pace(show, lambda: float(next(at)))

    def tell() -> None:
        for number in range(500):
            pace(number, number)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown
