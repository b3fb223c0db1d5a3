"""The secrets of projects: which there are, and their values.

A secret belongs to a project, known by the path of its folder. A file for each project, in a
folder that only its user can read, says which secrets there are, and holds the values that the
system's keyring does not keep.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from runner.errors import ENVIRONMENT, STORAGE, USAGE, WfError
from runner.secrets import private
from runner.secrets.system import KeyringError
from runner.stamps import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from runner.paths import Safe

FILE = "file"
KEYRING = "keyring"
_LENGTH = 20


class Keyring(Protocol):
    """Where values can be kept besides; each call may raise :class:`KeyringError`."""

    def put(self, service: str, name: str, value: str, /) -> None:
        """Keep a value."""
        ...

    def get(self, service: str, names: Sequence[str], /) -> dict[str, str]:
        """The values that are there, by name."""
        ...

    def delete(self, service: str, names: Sequence[str], /) -> None:
        """Remove values."""
        ...


class Secret(NamedTuple):
    """What is known of a secret without its value. Times are UTC in ISO 8601.

    ``kept`` is ``file`` or ``keyring``.
    """

    name: str
    added_at: str
    updated_at: str
    kept: str


class Kept(NamedTuple):
    """Where a value was put, and why not into the keyring."""

    kept: str
    instead: str | None = None


class Secrets:
    """Those of all projects. A project is known by the path of its folder."""

    def __init__(self, safe: Safe, keyring: Keyring, now: Callable[[], datetime]) -> None:
        self._safe = safe
        self._keyring = keyring
        self._now = now

    def _stamp(self) -> str:
        return stamp(self._now())

    def _path(self, key: str) -> Path:
        from blake3 import blake3

        return self._safe.project(blake3(os.fsencode(key)).hexdigest()[:_LENGTH])

    def all(self, project: Path) -> list[Secret]:
        """Those of a project, by name.

        Raises:
            WfError: kind ``STORAGE`` when others can reach what is private, or it cannot be read.
        """
        found = self._read(_key(project))
        return [
            Secret(name, entry["added_at"], entry["updated_at"], entry["kept"])
            for name, entry in sorted(found.items())
        ]

    def names(self, project: Path) -> tuple[str, ...]:
        """Their names, sorted.

        Raises:
            WfError: as :meth:`all`.
        """
        return tuple(secret.name for secret in self.all(project))

    def values(self, project: Path, names: Sequence[str]) -> dict[str, str]:
        """The values of those secrets, by name.

        Raises:
            WfError: as :meth:`all`; kind ``ENVIRONMENT`` when one of them cannot be had.
        """
        if not names:
            return {}
        key = _key(project)
        entries = self._read(key)
        found = {name: entry["value"] for name, entry in entries.items() if "value" in entry}
        elsewhere = [name for name in names if name in entries and name not in found]
        if elsewhere:
            found.update(self._from_keyring(key, elsewhere))
        for name in names:
            if name not in found:
                message = f"the secret `{name}` is no longer there"
                raise WfError(ENVIRONMENT, message, hint=_give_it(name, entries))
        return {name: found[name] for name in names}

    def _from_keyring(self, key: str, names: Sequence[str]) -> dict[str, str]:
        try:
            return self._keyring.get(_service(key), names)
        except KeyringError as error:
            raise WfError(
                ENVIRONMENT,
                f"the secret `{names[0]}` cannot be read: {error}",
                hint=f"unlock the keyring, or give the value anew: wf secrets update {names[0]}",
            ) from None

    def add(self, project: Path, name: str, value: str) -> Kept:
        """Keep a new secret.

        Raises:
            WfError: kind ``USAGE`` when there is one of that name; ``STORAGE`` as :meth:`all`, or
                when it cannot be written.
        """
        return self._put(project, name, value, new=True)

    def update(self, project: Path, name: str, value: str) -> Kept:
        """Give a secret another value.

        Raises:
            WfError: kind ``USAGE`` when there is none of that name; ``STORAGE`` as for :meth:`add`.
        """
        return self._put(project, name, value, new=False)

    def check(self, project: Path, name: str, *, new: bool) -> None:
        """See whether there is one of that name yet, or not, before its value is asked for.

        Raises:
            WfError: kind ``USAGE`` when it is not as it should be.
        """
        _check(self._read(_key(project)), name, new=new)

    def _put(self, project: Path, name: str, value: str, *, new: bool) -> Kept:
        key = _key(project)
        path = self._path(key)
        with private.opened(self._safe.root, make=True) as folder:
            assert folder is not None  # noqa: S101 - it was made
            private.take_turn(folder)
            entries = _parsed(private.read(folder, path), path)
            _check(entries, name, new=new)
            where = self._keep(key, name, value)
            now = self._stamp()
            before = entries.get(name, {"added_at": now})
            entries[name] = {
                "added_at": before["added_at"],
                "updated_at": now,
                "kept": where.kept,
                **({"value": value} if where.kept == FILE else {}),
            }
            private.replace(folder, path, _text(key, entries))
        return where

    def _keep(self, key: str, name: str, value: str) -> Kept:
        try:
            self._keyring.put(_service(key), name, value)
        except KeyringError as error:
            return Kept(FILE, str(error))
        return Kept(KEYRING)

    def delete(self, project: Path, names: Sequence[str]) -> None:
        """Remove secrets: all are found before the first is removed.

        Raises:
            WfError: kind ``USAGE`` when there is none of a name; ``STORAGE`` as :meth:`all`, or
                when one cannot be removed.
        """
        key = _key(project)
        path = self._path(key)
        with private.opened(self._safe.root) as folder:
            if folder is None:
                raise _unknown(names[0], {})
            private.take_turn(folder)
            entries = _parsed(private.read(folder, path), path)
            for name in names:
                _check(entries, name, new=False)
            self._delete_in_keyring(key, [n for n in names if entries[n]["kept"] == KEYRING])
            left = {name: entry for name, entry in entries.items() if name not in names}
            if left:
                private.replace(folder, path, _text(key, left))
            else:
                private.remove(folder, path.name)

    def _delete_in_keyring(self, key: str, names: Sequence[str]) -> None:
        if not names:
            return
        try:
            self._keyring.delete(_service(key), names)
        except KeyringError as error:
            message = f"the secret `{names[0]}` cannot be removed from the keyring: {error}"
            raise WfError(STORAGE, message, hint="unlock the keyring, and try again") from None

    def _read(self, key: str) -> dict[str, dict[str, str]]:
        path = self._path(key)
        if not os.path.lexists(path):
            return {}  # most projects have none, and a loose folder is then no matter
        with private.opened(self._safe.root) as folder:
            return {} if folder is None else _parsed(private.read(folder, path), path)


def _key(project: Path) -> str:
    """The folder itself, by whatever links it was reached."""
    return os.path.realpath(project)


def _service(key: str) -> str:
    """What entries of a project are called in the keyring."""
    return f"wf {key}"


def _check(entries: Mapping[str, Any], name: str, *, new: bool) -> None:
    if new and name in entries:
        raise WfError(
            USAGE, f"there is a secret `{name}` already", hint=f"wf secrets update {name}"
        )
    if not new and name not in entries:
        raise _unknown(name, entries)


def _unknown(name: str, known: Mapping[str, Any]) -> WfError:
    return WfError(USAGE, f"there is no secret `{name}`", hint=did_you_mean(name, tuple(known)))


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint for an unknown secret."""
    from runner.spec.mistakes import did_you_mean as guess

    return guess(name, known, "the secrets are") if known else f"wf secrets add {name}"


def _give_it(name: str, known: Mapping[str, Any]) -> str:
    return f"wf secrets {'update' if name in known else 'add'} {name}"


def _text(key: str, entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"project": key, "secrets": entries}).encode()


def _parsed(content: bytes | None, path: Path) -> dict[str, dict[str, str]]:
    if content is None:
        return {}
    try:
        found: dict[str, dict[str, str]] = json.loads(content)["secrets"]
        whole = all(entry.keys() >= {"added_at", "updated_at", "kept"} for entry in found.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise WfError(
            STORAGE, f"{path} is damaged", hint=f"remove it and add its secrets again: rm {path}"
        ) from None
    return found
