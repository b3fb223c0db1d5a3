"""Many jobs as the process that carries them out tells of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runner.cli.render.board import summary
from runner.engine.carrying import news
from runner.engine.carrying.batch import Course
from runner.engine.carrying.member import Ended
from runner.events import JobStarted, RunCreated

if TYPE_CHECKING:
    from runner.cli.render.board import Board
    from runner.plan.plan import Plan


class BatchView:
    """Jobs side by side, and the board that shows them."""

    def __init__(self, plan: Plan, jobs: int, board: Board) -> None:
        """The first so many ``jobs`` of a plan are begun with."""
        self._plan = plan
        self._board = board
        self._courses = {job.workflow: Course(job) for job in plan.to_run[:jobs]}
        self._began = time.monotonic()

    @property
    def interval(self) -> float | None:
        """Seconds after which :meth:`tick` is wanted without anything having happened."""
        return self._board.interval

    def tell(self, told: news.News) -> None:
        """Show what became of a job."""
        match told:
            case news.Reused():
                self._board.reused(*told)
            case news.JobBegan(workflow, started):
                course = self._courses[workflow]
                course.started = started
                self._board.began(course)
            case news.JobTold(workflow, event):
                course = self._courses[workflow]
                if isinstance(event, RunCreated):
                    course.run = event.run
                elif isinstance(event, JobStarted):
                    course.log = event.log
                self._board.told(course, event)
            case news.JobOver(workflow, took, because, ended):
                course = self._courses[workflow]
                course.took, course.because = took, because
                course.ended = None if ended is None else Ended(*ended)
                self._board.ended(course)
            case news.Stopping(signal):
                self._board.stopping(signal)

    def going(self) -> list[str]:
        """The runs that are not over."""
        return [c.run for c in self._courses.values() if c.run is not None and c.ended is None]

    def tick(self) -> None:
        """Time has passed."""
        self._board.tick()

    def finish(self) -> None:
        """All are over: the counts, and what to type next."""
        self._board.close()
        courses = list(self._courses.values())
        failed = next((c for c in courses if c.ended and c.ended.exit_code and c.run), None)
        following = "wf ps -a" if self._plan.everything else None
        if failed:
            following = f"wf show {failed.run}"
        reused = len(self._plan.jobs) - len(self._plan.to_run)
        took = time.monotonic() - self._began
        self._board.finish(summary(courses, reused, took), following)

    def close(self) -> None:
        """Take away what moves."""
        self._board.close()

    def stand_aside(self) -> None:
        """Somebody else has the terminal for a while."""
        self._board.stand_aside()

    def come_back(self) -> None:
        """The terminal is ours again."""
        self._board.come_back()
