"""Processes that load data, or that a script starts itself."""

from __future__ import annotations

from runner.engine.failing.causes.rule import Rule, Seen, always, rule
from runner.engine.failing.failure import Cause


def _shared_memory(seen: Seen) -> Cause:
    return Cause(
        "shared_memory",
        "a process that loads data was killed, as the shared memory (/dev/shm) is full",
        f"{_fewer(seen)}, or a larger one: mount -o remount,size=8G /dev/shm",
    )


def _killed(seen: Seen) -> Cause:
    return Cause(
        "out_of_memory",
        "a process that loads data was killed: the memory is full, most likely",
        f"{_fewer(seen)}, or with more memory: {seen.known.again('--memory SIZE')}",
    )


def _fewer(seen: Seen) -> str:
    found = seen.known.setting("num_workers", "workers", "n_workers")
    if found is not None:
        return seen.known.again(found.words(0))
    return "load data in the main process: `num_workers=0`"


def _exited(seen: Seen) -> Cause:
    return Cause(
        "worker_died",
        "a process that loads data ended by itself",
        f"to see its own error: {_fewer(seen)}",
    )


RULES: tuple[Rule, ...] = (
    rule(
        r"insufficient shared memory|killed by signal: Bus error|unable to (?:mmap|open|write)"
        r".{0,80}shm|unable to allocate shared memory|Unexpected bus error encountered in worker",
        _shared_memory,
        anywhere=True,
    ),
    rule(
        r"DataLoader worker \(pid\S* [\d, ]+\) is killed by signal: Killed", _killed, anywhere=True
    ),
    rule(r"DataLoader worker \(pid\S* [\d, ]+\) (?:exited unexp|is killed by)", _exited),
    rule(
        r"An attempt has been made to start a new process before",
        always(
            "main_guard",
            "it starts processes while it is imported by one of them",
            "put what starts it below `if __name__ == '__main__':`",
        ),
    ),
    rule(
        r"Cannot re-initialize CUDA in forked subprocess",
        always(
            "cuda_forked",
            "CUDA was used before the processes were made",
            "torch.multiprocessing.set_start_method('spawn'), or use CUDA in one place only",
        ),
    ),
    rule(
        r"Too many open files|received 0 items of ancdata",
        always(
            "open_files",
            "it has too many files open at once",
            "torch.multiprocessing.set_sharing_strategy('file_system'), or `ulimit -n 65536`",
        ),
    ),
)
