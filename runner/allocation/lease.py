"""Leases as kernel locks: one file per device, in one folder for everybody on the machine.

An exclusive ``flock`` on a device's file is the lease. Descriptors, not processes, own such a
lock: the job inherits them, so the device is free exactly when the last process of the job is
gone. ``fcntl`` record locks would be dropped by any close in the process, which is why they are
not used (fcntl(2), "Record locking and file close").

Who waits holds the turnstile, one more lock: requests are served in the order the kernel hands it
on, and two runs can never each hold half of what the other needs. What stands in the files is for
people and is never trusted.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

from runner.allocation.interface import Lease, Standing
from runner.allocation.matching import (
    Choice,
    choose,
    core_name,
    device_names,
    gpu_name,
    short_of,
    taken_by_name,
)
from runner.errors import BUSY, STORAGE, WfError
from runner.events import PhaseProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.allocation.interface import Claim
    from runner.allocation.inventory import Inventory
    from runner.events import Observer
    from runner.spec.workflow import Resources

_TURNSTILE = "turnstile"
# every user of the machine takes locks in this folder; the sticky bit keeps them from removing
# each other's files
_FOLDER_MODE = 0o1777
_FILE_MODE = 0o666
_LOOK_AGAIN_SECONDS = 0.1
_LOOK_AT_GPUS_SECONDS = 1.0
_LABEL_BYTES = 200


class FileLeases:
    """Leases in one lock folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[Lease] = []

    def acquire(
        self,
        asked: Resources,
        look: Callable[[], Inventory],
        claim: Claim,
        observer: Observer,
        *,
        wait: bool,
    ) -> Lease:
        """Hold devices for ``asked``; see :class:`~runner.allocation.interface.Leases`."""
        if asked.cpu is None and asked.gpu is None:
            return _granted(asked, look(), Choice(None, ()), [], claim.run)
        self._prepare()
        turnstile = self._open(_TURNSTILE)
        try:
            self._pass(turnstile, observer, wait=wait)
            while True:
                grant = self._try(asked, look(), claim.run)
                if isinstance(grant, Lease):
                    self._held.append(grant)
                    return grant
                if not wait:
                    raise WfError(
                        BUSY,
                        f"devices are busy: {grant}",
                        hint="leave out --no-wait to wait for it",
                    )
                observer.notify(PhaseProgress("devices", f"waiting for {grant}", waiting=True))
                # asking the driver takes a while, and is not done ten times a second
                time.sleep(_LOOK_AGAIN_SECONDS if asked.gpu is None else _LOOK_AT_GPUS_SECONDS)
        finally:
            os.close(turnstile)

    def release(self, lease: Lease) -> None:
        """Close the descriptors; whoever inherited them still holds the locks.

        Once closed, a descriptor's number may belong to another lease: each is closed once only.
        """
        if any(held is lease for held in self._held):
            self._held = [held for held in self._held if held is not lease]
            for descriptor in lease.descriptors:
                os.close(descriptor)

    def tell(self, lease: Lease, left: float | None) -> None:
        """Nobody is told yet."""

    def keep(self, lease: Lease, keeper: str) -> None:
        """Nothing but descriptors keeps a lease yet."""

    def standing(self) -> Standing:
        """Nothing is told yet."""
        return Standing()

    def _prepare(self) -> None:
        try:
            os.mkdir(self._folder, _FOLDER_MODE)
            os.chmod(self._folder, _FOLDER_MODE)  # mkdir is subject to the umask
        except FileExistsError:
            pass
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> WfError:
        return WfError(
            STORAGE,
            f"the lock folder cannot be used: {error.strerror}: {error.filename}",
            hint="every user of this machine must be able to write there (mode 1777)",
        )

    def _open(self, name: str) -> int:
        """Open a lock file without following links.

        First without O_CREAT: in a sticky folder the kernel refuses to open another user's file
        with that flag (fs.protected_regular, sysctl(5)).
        """
        path = self._folder / name
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            try:
                return os.open(path, flags)
            except FileNotFoundError:
                try:
                    created = os.open(path, flags | os.O_CREAT | os.O_EXCL, _FILE_MODE)
                except FileExistsError:
                    return os.open(path, flags)
                os.fchmod(created, _FILE_MODE)
                return created
        except OSError as error:
            raise self._unusable(error) from error

    def _pass(self, turnstile: int, observer: Observer, *, wait: bool) -> None:
        if _locked(turnstile):
            return
        if not wait:
            raise WfError(
                BUSY, "another run is waiting for devices", hint="leave out --no-wait to queue up"
            )
        observer.notify(PhaseProgress("devices", "waiting in the queue", waiting=True))
        fcntl.flock(turnstile, fcntl.LOCK_EX)

    def _try(self, asked: Resources, machine: Inventory, holder: str) -> Lease | str:
        """Take what is free; the lease, or who holds what is missing."""
        held: dict[str, int] = {}
        taken: dict[str, str] = {}
        for name in _candidates(asked, machine):
            descriptor = self._open(name)
            if _locked(descriptor):
                held[name] = descriptor
            else:
                taken[name] = _label(descriptor)
                os.close(descriptor)
        chosen = choose(asked, machine, taken_by_name(taken, machine))
        kept = device_names(chosen) if chosen else ()
        for name, descriptor in held.items():
            if name not in kept:
                os.close(descriptor)
        if chosen is None:
            return _short(asked, machine, taken)
        return _granted(asked, machine, chosen, [held[name] for name in kept], holder)


def _candidates(asked: Resources, machine: Inventory) -> list[str]:
    cores = [core_name(core) for core in machine.cores]
    gpus = [gpu_name(gpu) for gpu in machine.gpus] if asked.gpu is not None else []
    return cores + gpus


def _granted(
    asked: Resources, machine: Inventory, chosen: Choice, descriptors: list[int], holder: str
) -> Lease:
    for descriptor in descriptors:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode()[:_LABEL_BYTES], 0)
    return Lease(
        cores=machine.cores if chosen.cores is None else chosen.cores,
        exclusive=chosen.cores is not None,
        gpus=chosen.gpus,
        memory=asked.memory,
        of_cores=len(machine.cores),
        descriptors=tuple(descriptors),
    )


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _label(descriptor: int) -> str:
    """Who wrote that they hold the device; shown, never believed."""
    said = os.pread(descriptor, _LABEL_BYTES, 0).decode(errors="replace")
    return "".join(char for char in said if char.isprintable())


def _short(asked: Resources, machine: Inventory, taken: dict[str, str]) -> str:
    holders = sorted({label for label in taken.values() if label})
    held = f"; held by {', '.join(holders)}" if holders else ""
    return f"{short_of(asked, machine, taken_by_name(taken, machine))}{held}"
