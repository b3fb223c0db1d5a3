"""What was different between runs, and what was the same. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runner.records.comparing.facts import Facts

_SHORT = 7
_SEEDS = ("seed", "random_seed", "pl_global_seed")


class Differs(NamedTuple):
    """Something that is not the same in all of them; ``values`` in the order of the runs.

    ``what`` is ``commit``, ``code``, ``python``, ``package``, ``variable``, ``parameter``
    or ``command``; ``name`` which of them, for those that have names.
    """

    what: str
    name: str | None
    values: tuple[Any, ...]


class Differences(NamedTuple):
    """What differs, and what is the same, by its name, in short."""

    differs: tuple[Differs, ...]
    same: Mapping[str, str]


def differences(runs: Sequence[Facts]) -> Differences:
    """What their records, and what they keep of hyper-parameters, say of all of them."""
    differs: list[Differs] = []
    same: dict[str, str] = {}
    documents = [one.document for one in runs]
    _source(documents, differs, same)
    _environment(documents, differs, same)
    variables = [one["variables"] for one in documents]
    differs += _entries("variable", variables)
    # a run that has written none yet, or never does, had some all the same
    told = [one.parameters or None for one in runs]
    differs += _entries("parameter", told)
    same |= _seed(variables) or _seed([one for one in told if one])
    words = [_words(one["command"] or "") for one in documents]
    own = tuple(_own(words))
    if any(own):
        differs.append(Differs("command", None, own))
    return Differences(tuple(differs), same)


def _source(
    documents: Sequence[Mapping[str, Any]], differs: list[Differs], same: dict[str, str]
) -> None:
    """The code by its digest, where it is known, and people know it by its commit."""
    digests = [str((one["fingerprint"] or {}).get("code") or "") for one in documents]
    commits = tuple(_commit(one["source"]) for one in documents)
    if len(set(commits)) > 1:
        differs.append(Differs("commit", None, commits))
    elif all(digests) and len(set(digests)) > 1:
        differs.append(Differs("code", None, tuple(map(_digest, digests))))
    elif all(digests):
        same["code"] = commits[0] or _digest(digests[0])


def _digest(written: str) -> str:
    return written.rpartition(":")[2][:_SHORT]


def _commit(source: Mapping[str, Any]) -> str | None:
    if not source["commit"]:
        return None
    return f"{source['commit'][:_SHORT]}{' and changes' if source['dirty'] else ''}"


def _environment(
    documents: Sequence[Mapping[str, Any]], differs: list[Differs], same: dict[str, str]
) -> None:
    known = [one["environment"] for one in documents]
    if None in known:
        return
    pythons = tuple(one["python"] for one in known)
    if len(set(pythons)) > 1:
        differs.append(Differs("python", None, pythons))
    elif pythons[0]:
        same["python"] = pythons[0]
    locks = [_versions(one["lock"]) for one in known]
    if all(one == locks[0] for one in locks):
        same["packages"] = str(len(locks[0]))
    else:
        differs += _entries("package", locks)


def _versions(lock: Iterable[str]) -> dict[str, str]:
    """Of each package its version, or where it comes from."""
    found = {}
    for line in lock:
        name, at, place = line.partition(" @ ")
        if not at:
            name, _, place = line.partition("==")
        found[name] = place
    return found


def _entries(what: str, found: Sequence[Mapping[str, Any] | None]) -> Iterator[Differs]:
    """Every entry that is not the same everywhere; ``None`` where it is not there.

    Where nothing is known, nothing differs.
    """
    known = [one for one in found if one is not None]
    for name in dict.fromkeys(name for one in known for name in one):
        if any(one.get(name) != known[0].get(name) for one in known):
            yield Differs(what, name, tuple(one.get(name) if one else None for one in found))


def _seed(found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The one setting whose being the same is worth a word."""
    for name in found[0] if found else ():
        if name.lower() in _SEEDS and all(one.get(name) == found[0][name] for one in found):
            return {"seed": str(found[0][name])}
    return {}


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _own(commands: Sequence[Sequence[str]]) -> Iterator[str]:
    """Of each command the words that not all of them have, with the option that one belongs to."""
    shared = Counter(commands[0])
    for words in commands[1:]:
        shared &= Counter(words)
    for words in commands:
        left = shared.copy()
        own: list[str] = []
        option = ""
        for word in words:
            if left[word]:
                left[word] -= 1
                option = word if word.startswith("-") else ""
            else:
                own += [option, word] if option else [word]
                option = ""
        yield " ".join(own)
