"""Which run is meant by a word that somebody has typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.paths import Home, RunPaths
    from runner.records.index import Index
    from runner.records.tags import Tags

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
    exact = home.run(word) if "/" not in word and word not in {".", ".."} else None
    if exact is not None and exact.root.is_dir():
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
