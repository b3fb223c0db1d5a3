"""``wf env``: the environments in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import ENVIRONMENT, OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.environments.shelf.pruning import Pruned
    from runner.environments.shelf.shelf import Kept, Shelf

# action -> how many words follow at least and at most
_WORDS = {"list": (0, 0), "show": (1, 1), "verify": (0, 1), "prune": (0, 0)}
_UNUSED_DAYS = 30
_DAY = 86400


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "env",
        "Look at the environments in the cache, and remove those that nobody needs.",
        [
            ("wf env list", "every environment, the one used last first"),
            ("wf env show last", "what the last run ran in: Python, every package"),
            ("wf env show last --pylock", "the same as a pylock.toml (PEP 751)"),
            ("wf env verify", "read every file again; what is damaged is built anew"),
            ("wf env prune", f"remove what was not used for {_UNUSED_DAYS} days"),
            ("wf env prune --max-size 20GB", "what was not used for longest, until that fits"),
        ],
    )
    made.add_argument("action", metavar="ACTION", help="list, show, verify or prune")
    made.add_argument(
        "which", metavar="RUN", nargs="?",
        help="a run, or an environment by the first letters of its fingerprint",
    )  # fmt: skip
    made.add_argument("--pylock", action="store_true", help="show: its pylock.toml")
    made.add_argument("--older-than", metavar="TIME", help="prune: not used for so long: 30d, 12h")
    made.add_argument(
        "--max-size", metavar="SIZE", help="prune: until all together take no more: 20GB"
    )
    made.add_argument("--all", action="store_true", help="prune: everything that no run uses")
    made.add_argument("--dry-run", action="store_true", help="prune: only say what would go")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Do it."""
    from runner import compose

    _check(arguments)
    shelf = compose.shelf(context.settings, context.variables)
    if arguments.action == "list":
        return _list(shelf, context, as_json=arguments.json)
    if arguments.action == "show":
        return _show(arguments, shelf, context)
    if arguments.action == "verify":
        return _verify(arguments, shelf, context)
    return _prune(arguments, shelf, context)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.action not in _WORDS:
        from runner.spec.mistakes import did_you_mean

        hint = did_you_mean(arguments.action, _WORDS, "the actions are")
        raise WfError(USAGE, f"there is no action `{arguments.action}`", hint=hint)
    least, most = _WORDS[arguments.action]
    if not least <= int(arguments.which is not None) <= most:
        said = "a word is missing" if arguments.which is None else "too many words"
        raise WfError(USAGE, said, hint=f"wf env {arguments.action}" + " RUN" * least)
    for option, action in (
        ("pylock", "show"),
        ("older_than", "prune"),
        ("max_size", "prune"),
        ("all", "prune"),
        ("dry_run", "prune"),
    ):
        if getattr(arguments, option) and arguments.action != action:
            written = f"--{option.replace('_', '-')}"
            raise WfError(USAGE, f"{written} is for `wf env {action}`", hint="leave it out")


def _list(shelf: Shelf, context: Context, *, as_json: bool) -> int:
    from runner.environments.shelf.room import together

    found = shelf.all()
    using = _runs(context)
    room = together(one.room for one in found)
    if as_json:
        environments = [_document(one, using) for one in found]
        total = {"bytes": room.total(), "own_bytes": room.own()}
        context.say_json({"environments": environments, **total})
        return OK
    if not found:
        context.err.write("no environments yet; `wf run` builds what a workflow needs\n")
        return OK
    from runner.cli.render.env import show_list, total_line

    show_list(found, using, context.now().timestamp(), context.out, context.variables)
    context.out.flush()
    context.err.write(total_line(len(found), room))
    return OK


def _show(arguments: argparse.Namespace, shelf: Shelf, context: Context) -> int:
    kept, run = _find(arguments.which, shelf, context)
    document = _shown(kept, run, shelf, context)
    if arguments.pylock:
        text = document["pylock"]
        if text is None:
            what = document["run"] or document["fingerprint"]
            raise WfError(
                USAGE,
                f"there is no pylock.toml of {what}",
                hint="`wf env show` without --pylock lists every package with its version",
            )
        context.out.write(text)
        return OK
    if arguments.json:
        context.say_json(document)
        return OK
    from runner.cli.render.env import show_environment

    show_environment(document, context.out, context.variables)
    return OK


def _verify(arguments: argparse.Namespace, shelf: Shelf, context: Context) -> int:
    if arguments.which is None:
        wanted = [kept for kept in shelf.all() if kept.ready]
    else:
        found, run = _find(arguments.which, shelf, context)
        if found is None or not found.ready:
            said = f"the environment of {run['run'] if run else arguments.which}"
            raise WfError(USAGE, f"{said} is not in the cache any more", hint="wf env list")
        wanted = [found]
    damaged = False
    documents = []
    for kept in wanted:
        damage = shelf.verify(kept)
        damaged |= damage is not None
        changed, missing = (damage.changed, damage.missing) if damage else ((), ())
        documents.append(
            {
                "fingerprint": kept.fingerprint,
                "intact": damage is None,
                "changed": list(changed),
                "missing": list(missing),
            }
        )
        if not arguments.json:
            said = f"damaged: {damage}; the next run builds it anew" if damage else "intact"
            context.out.write(f"{kept.fingerprint}   {said}\n")
    if arguments.json:
        context.say_json(documents)
    return ENVIRONMENT if damaged else OK


def _prune(arguments: argparse.Namespace, shelf: Shelf, context: Context) -> int:
    from runner.cli.choices import option_value
    from runner.environments.shelf.pruning import Rules, prune
    from runner.spec import text

    unused: float | None = option_value("--older-than", arguments.older_than, text.duration)
    size = option_value("--max-size", arguments.max_size, text.size)
    if unused is None and size is None:
        unused = _UNUSED_DAYS * _DAY
    rules = Rules(unused, size, everything=arguments.all)
    pruned = prune(shelf, rules, context.now().timestamp(), dry_run=arguments.dry_run)
    if arguments.json:
        context.say_json(_pruned(pruned, dry_run=arguments.dry_run))
        return OK
    from runner.cli.render.env import show_pruned

    show_pruned(pruned, context.err, context.variables, dry_run=arguments.dry_run)
    return OK


def _find(word: str, shelf: Shelf, context: Context) -> tuple[Kept | None, dict[str, Any] | None]:
    """The environment that a fingerprint or a run names, and what the run's record says of it."""
    from runner.records import folder

    # the name of a run has a dash in it, and a fingerprint has none
    if "-" not in word and word != "last" and not word.startswith(":"):
        kept = shelf.find(word)
        if kept is not None:
            return kept, None
    records = settled(context)
    paths = records.find(word)
    said = folder.read(paths.environment)
    if said is None:
        raise WfError(
            USAGE,
            f"{paths.root.name} has come to no environment",
            hint=f"`wf show {paths.root.name}` tells how it ended",
        )
    return shelf.find(said["fingerprint"]), {"run": paths.root.name, **said}


def _shown(
    kept: Kept | None, run: dict[str, Any] | None, shelf: Shelf, context: Context
) -> dict[str, Any]:
    """What is known of an environment; of a run's, what the run had counts."""
    document: dict[str, Any] = {"run": None, "python_reason": None, "as_of_reason": None}
    document |= _document(kept, _runs(context)) if kept else _GONE
    if kept is not None:
        document["damage"] = shelf.unfit(kept) if kept.ready else None
    if run is not None:
        document |= run
    document["pylock"] = _pylock(kept, run, context)
    return document


_GONE: dict[str, Any] = {
    "image": None,
    "in_cache": False,
    "folder": None,
    "ready": False,
    "bytes": 0,
    "own_bytes": 0,
    "built_at": None,
    "used_at": None,
    "in_use": False,
    "runs": [],
    "damage": None,
}


def _document(kept: Kept, using: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "kind": kept.kind,
        "fingerprint": kept.fingerprint,
        "python": kept.python,
        "as_of": kept.as_of,
        "image": kept.image,
        "lock": list(kept.lock),
        "in_cache": True,
        "folder": str(kept.folder),
        "ready": kept.ready,
        "bytes": kept.room.total(),
        "own_bytes": kept.room.own(),
        "built_at": _stamp(kept.built_at),
        "used_at": _stamp(kept.used_at),
        "in_use": kept.in_use,
        "runs": using.get(kept.fingerprint, []),
    }


def _pylock(kept: Kept | None, run: dict[str, Any] | None, context: Context) -> str | None:
    """The lock that the run kept, else that of the environment."""
    paths = []
    if run is not None:
        paths.append(context.settings.home.run(run["run"]).pylock)
    if kept is not None:
        paths.append(context.settings.cache.environment(kept.fingerprint).pylock)
    for path in paths:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return None


def _pruned(pruned: Pruned, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "removed": [_brief(kept) for kept in pruned.removed],
        "in_use": [_brief(kept) for kept in pruned.in_use],
        "freed_bytes": pruned.freed,
        "linked_bytes": pruned.linked,
        "left_bytes": pruned.left,
    }


def _brief(kept: Kept) -> dict[str, Any]:
    return {
        "fingerprint": kept.fingerprint,
        "bytes": kept.room.total(),
        "used_at": _stamp(kept.used_at),
    }


def _runs(context: Context) -> dict[str, list[str]]:
    """Fingerprint -> the runs that are going on in that environment."""
    records = settled(context)
    return records.environments_in_use()


def _stamp(seconds: float | None) -> str | None:
    from datetime import datetime, timezone

    from runner.stamps import stamp

    if seconds is None:
        return None
    return stamp(datetime.fromtimestamp(seconds, timezone.utc))
