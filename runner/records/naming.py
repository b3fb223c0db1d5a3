"""Which run is meant by a word that somebody has typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.paths import Home, RunPaths
    from runner.records.index import Index, Row
    from runner.records.tags import Tags

_PATTERN = frozenset("*?[")
# so many runs that a word may fit are named, less one
_FIT = 6
# a name that was mistyped is one of the newest, most likely
_NEAR = 100


def named_by(word: str, home: Home, tags: Tags, index: Callable[[], Index]) -> RunPaths:
    """The run that ``word`` names: a name, a unique prefix of one, ``last``, or ``:TAG``.

    The index is asked for only where it is needed: a whole name is found without it.

    Raises:
        WfError: kind ``USAGE`` when no run or more than one fits.
    """
    if not word:
        raise WfError(USAGE, "an empty word names no run", hint="`wf ps -a` lists all runs")
    if word.startswith(":"):
        return tags.find(word[1:])
    exact = _exact(word, home)
    if exact is not None:
        return exact
    rows = list(index().newest(1)) if word == "last" else index().with_prefix(word, _FIT)
    if len(rows) == 1:
        return home.run(rows[0].name)
    if not rows and word == "last":
        raise WfError(USAGE, "there is no run yet", hint="`wf ps -a` lists all runs")
    if not rows:
        hint = _meant(word, tags, index())
        raise WfError(USAGE, f"there is no run `{word}`", hint=hint)
    more = ", …" if len(rows) == _FIT else ""
    names = ", ".join(row.name for row in rows[: _FIT - 1])
    raise WfError(
        USAGE,
        f"`{word}` fits more than one run: {names}{more}",
        hint="write more of the name",
    )


def all_named_by(
    word: str, home: Home, tags: Tags, index: Callable[[], Index], project: str | None
) -> list[RunPaths]:
    """The run that ``word`` names, or the last run of each workflow that it fits.

    ``train-*`` fits workflows as the shell's patterns do files (POSIX, "Pattern Matching"), and
    their runs come in the order in which they were made. The whole name of a workflow goes before
    the first letters of a run's. Of the runs of a workflow those of the ``project`` count, if there
    are any.

    Raises:
        WfError: kind ``USAGE`` as :func:`named_by`, and when no workflow fits.
    """
    if set(word) & _PATTERN:
        from fnmatch import fnmatchcase

        fitting = [one for one in index().workflows() if fnmatchcase(one, word)]
        found = [_newest(index(), one, project) for one in fitting]
        rows = sorted((row for row in found if row), key=lambda row: (row.submitted_at, row.name))
        if not rows:
            raise WfError(
                USAGE, f"no workflow that has runs fits `{word}`", hint="`wf ps -a` lists all runs"
            )
        return [home.run(row.name) for row in rows]
    row = None
    if not word.startswith(":") and word != "last" and _exact(word, home) is None:
        row = _newest(index(), word, project)
    return [home.run(row.name)] if row else [named_by(word, home, tags, index)]


def _exact(word: str, home: Home) -> RunPaths | None:
    """The run of that very name."""
    named = home.run(word) if "/" not in word and word not in {"", ".", ".."} else None
    return named if named is not None and named.root.is_dir() else None


def _newest(index: Index, workflow: str, project: str | None) -> Row | None:
    here = index.newest_of(workflow, project) if project is not None else None
    return here or index.newest_of(workflow)


def _meant(word: str, tags: Tags, index: Index) -> str:
    """What somebody probably meant who named a run that there is not."""
    from runner.spec.mistakes import nearest

    if "/" not in word and tags.read(word) is not None:
        return f"did you mean the tag `:{word}`?"
    run = index.newest_of(word)
    if run is not None:
        return f"the newest run of the workflow `{word}` is {run.name}"
    close = nearest(word, (row.name for row in index.newest(_NEAR)))
    return f"did you mean `{close}`?" if close else "`wf ps -a` lists all runs"
