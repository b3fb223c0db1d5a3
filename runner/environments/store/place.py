"""The place that an environment of one fingerprint has in the cache, with the two locks on it.

The build lock is held while the environment is built or removed. The use lock is held by all
who use it, from before they look whether it is usable until the last process of their run is gone.
Who builds anew or removes needs both alone, the build lock first; so nobody can begin to use what
is about to go, and nothing goes that is used.

A layer (:mod:`runner.environments.own`) is linked into environments by commands of a job, which
cannot hold it for as long as the job lasts. Its name ends with that of the shared environment below
it, which the run does hold: while that is used, the layer counts as used.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from runner import tree
from runner.environments.interface import Environment
from runner.environments.store import locks, seal
from runner.environments.store.seal import Damage

if TYPE_CHECKING:
    from runner.cached import Cache
    from runner.environments.interface import Provisioned, Provisioner
    from runner.plan.environment import EnvironmentSpec


class Unfit(NamedTuple):
    """Why an environment cannot be used any more, and which of its files are not what they were."""

    reason: str
    changed: tuple[str, ...] = ()


class Place:
    """One environment's place in the cache, with or without an environment in it."""

    def __init__(self, cache: Cache, fingerprint: str, provisioner: Provisioner) -> None:
        self.fingerprint = fingerprint
        self.paths = cache.environment(fingerprint)
        self.lock = cache.environment_lock(fingerprint)
        self.use = cache.environment_use(fingerprint)
        below = fingerprint.partition("-")[2]
        self.below = cache.environment_use(below) if below else None
        self._provisioner = provisioner

    def look(self) -> Environment | None:
        """The environment if it is there, complete and usable; it is not held."""
        found = self.read()
        return None if found is None or self._unfit(found) else found

    def hold(self, *, wait: bool = False) -> Environment | None:
        """The same, held: it stays as long as its descriptor is open anywhere.

        ``wait`` for who is just looking whether it is in use. Where the cache cannot be written,
        and so nothing be removed, it is not held.
        """
        if not self.paths.ready.exists():
            return None
        held = None
        with suppress(OSError):
            held = locks.together(self.use, wait=wait)
            if held is None:
                return None
        try:
            found = self.look()
        except BaseException:
            let_go(held)
            raise
        if found is None:
            let_go(held)
            return None
        note_use(held)
        return replace(found, held=held)

    def read(self) -> Environment | None:
        """What the mark of completeness says, or ``None`` if it is not there or is broken."""
        try:
            said: dict[str, Any] = json.loads(self.paths.ready.read_bytes())
            # there is no day in those of before there were days
            texts = (said["kind"], said["python"], said.get("as_of") or "", *said["lock"])
            if not isinstance(said["lock"], list) or not all(isinstance(it, str) for it in texts):
                return None
            return Environment(
                kind=said["kind"],
                fingerprint=self.fingerprint,
                python=said["python"],
                lock=tuple(said["lock"]),
                root=self.paths.venv,
                bin=self.paths.bin,
                executable=self.paths.python,
                as_of=said.get("as_of"),
                image=said.get("image"),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def unfit(self) -> Unfit | None:
        """Why the environment, once complete, cannot be used any more; ``None`` if it can."""
        return self._unfit(self.read())

    def _unfit(self, known: Environment | None) -> Unfit | None:
        # the interpreter of an image is as long there as the image is
        inside = known is not None and known.image is not None
        reason = None if inside else self._provisioner.health(self.paths)
        if reason:
            return Unfit(reason)
        damage = self._found_before() or seal.damage(self.paths.venv, self.paths.seal)
        return None if damage is None else Unfit(str(damage), damage.changed)

    def _found_before(self) -> Damage | None:
        """What a thorough look has found."""
        try:
            said = json.loads(self.paths.damaged.read_bytes())
            return Damage(*(tuple(said[key]) for key in ("changed", "missing")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return Damage(changed=(self.paths.damaged.name,))

    def mark_ready(self, made: Provisioned, spec: EnvironmentSpec) -> None:
        """The environment is complete; from now on it is trusted as long as it stays what it is.

        Raises:
            OSError: that cannot be written down.
        """
        seal.write(self.paths.venv, self.paths.seal)
        said = {
            "kind": self._provisioner.kind,
            "python": made.python,
            "python_reason": spec.python_reason,
            "as_of": spec.as_of,
            "image": spec.image,
            "lock": list(made.lock),
        }
        staged = self.paths.ready.with_suffix(".new")
        with staged.open("x", encoding="utf-8") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(self.paths.ready)

    def clear(self) -> None:
        """Remove it, its mark first: half a folder must never be trusted.

        Raises:
            OSError: it cannot be removed.
        """
        if os.path.lexists(self.paths.root):
            self.paths.ready.unlink(missing_ok=True)
            tree.remove(self.paths.root)


def note_use(held: int | None) -> None:
    """Note that the environment is used now."""
    if held is not None:
        with suppress(OSError):
            os.utime(held)


def let_go(held: int | None) -> None:
    """Use it no longer. Whoever has inherited the descriptor still does."""
    if held is not None:
        os.close(held)
