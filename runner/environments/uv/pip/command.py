"""A command line of pip's, read: what is wanted, in uv's words. Pure."""

from __future__ import annotations

import getopt
from typing import TYPE_CHECKING, Literal, NamedTuple

from runner.environments.uv.pip import options

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Upgrade = Literal["no", "named", "all"]


class NotUvsError(Exception):
    """uv cannot do this; pip can, or knows why not."""


class Install(NamedTuple):
    """``pip install``.

    ``words`` are uv's options. ``named`` are requirements, ``editable`` those given with ``-e``,
    ``files`` requirement files and ``constraints`` such as only constrain. ``links`` are folders
    or pages to find packages in. ``target`` is a folder to install into. ``variables`` are uv's.
    """

    words: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    target: str | None = None
    upgrade: Upgrade = "no"
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether nothing is to be said of success."""
        return "--quiet" in self.words


class Uninstall(NamedTuple):
    """``pip uninstall``."""

    words: tuple[str, ...]
    named: tuple[str, ...]
    files: tuple[str, ...]


class Query(NamedTuple):
    """A question about what is installed; ``words`` are uv's, the sub-command first."""

    words: tuple[str, ...]


Command = Install | Uninstall | Query


def read(words: Sequence[str]) -> Command:
    """What pip is asked for with these words.

    Raises:
        NotUvsError: there is something among them that uv cannot do.
    """
    general, rest = _options(words, options.GENERAL_FLAGS, options.GENERAL_VALUES, mixed=False)
    if not rest:
        raise NotUvsError
    name, *more = rest
    given = [word for option, value in general for word in (option, value) if word]
    match name:
        case "install":
            return _install([*given, *more])
        case "uninstall":
            return _uninstall([*given, *more])
        case "list":
            return _query(name, [*given, *more], options.LIST_FLAGS, options.LIST_VALUES)
        case "freeze":
            return _query(name, [*given, *more], options.FREEZE_FLAGS, options.FREEZE_VALUES)
        case "show" | "check":
            return _query(name, [*given, *more], {}, {})
        case _:
            raise NotUvsError


def _options(
    words: Sequence[str], flags: Collection[str], values: Collection[str], *, mixed: bool
) -> tuple[list[tuple[str, str]], list[str]]:
    """Options with their values, and what else there is; ``mixed``: in any order."""
    short = [name[1:] for name in flags if name[1] != "-"]
    short += [name[1:] + ":" for name in values if name[1] != "-"]
    long = [name[2:] for name in flags if name[1] == "-"]
    long += [name[2:] + "=" for name in values if name[1] == "-"]
    parse = getopt.gnu_getopt if mixed else getopt.getopt
    try:
        return parse(list(words), "".join(short), long)
    except getopt.GetoptError as error:
        raise NotUvsError from error


_PLACES = ("-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-f", "--find-links")
_OTHERS = ("-t", "--target", "--upgrade-strategy")


def _install(words: Sequence[str]) -> Install:
    flags = {*options.INSTALL_FLAGS, *options.IGNORED, "-U", "--upgrade"} - {"--all", "-l"}
    values = {*options.INSTALL_VALUES, *options.LISTS, *options.VARIABLES, *options.IGNORED_VALUES,
              *_PLACES, *_OTHERS}  # fmt: skip
    given, named = _options(words, flags, values, mixed=True)
    said: list[str] = []
    places: dict[str, list[str]] = {name: [] for name in _PLACES}
    for option, value in given:
        if option in places:
            places[option].append(value)
        elif option in options.LISTS:
            said += [word for part in value.split(",") for word in (option, part)]
        elif option in options.INSTALL_VALUES:
            said += [options.INSTALL_VALUES[option], value]
        else:
            said += options.INSTALL_FLAGS.get(option, ())
    if not named and not any(places[name] for name in (*_PLACES[:2], *_PLACES[4:6])):
        raise NotUvsError  # pip says what is missing
    last = dict(given)
    return Install(
        words=tuple(said),
        named=tuple(named),
        editable=(*places["-e"], *places["--editable"]),
        files=(*places["-r"], *places["--requirement"]),
        constraints=(*places["-c"], *places["--constraint"]),
        links=(*places["-f"], *places["--find-links"]),
        target=last.get("--target", last.get("-t")),
        upgrade=_upgrade(last),
        variables=tuple(
            (options.VARIABLES[option], value)
            for option, value in given
            if option in options.VARIABLES
        ),
    )


def _upgrade(given: Mapping[str, str]) -> Upgrade:
    if not {"-U", "--upgrade"} & given.keys():
        return "no"
    # pip's default has been `only-if-needed` since 10.0
    return "all" if given.get("--upgrade-strategy") == "eager" else "named"


def _uninstall(words: Sequence[str]) -> Uninstall:
    flags = {*options.QUIET, *options.IGNORED}
    values = {"-r", "--requirement", *options.IGNORED_VALUES}
    given, named = _options(words, flags, values, mixed=True)
    files = tuple(value for option, value in given if option in {"-r", "--requirement"})
    if not named and not files:
        raise NotUvsError
    said = [word for option, _ in given for word in options.QUIET.get(option, ())]
    return Uninstall(tuple(said), tuple(named), files)


def _query(
    name: str,
    words: Sequence[str],
    own: Mapping[str, tuple[str, ...]],
    own_values: Mapping[str, str],
) -> Query:
    flags = {**options.QUIET, **dict.fromkeys(options.IGNORED, ()), **own}
    values = {*own_values, *options.IGNORED_VALUES}
    given, named = _options(words, flags, values, mixed=True)
    said: list[str] = []
    for option, value in given:
        if option in own_values:
            said += [own_values[option], value]
        else:
            said += flags.get(option, ())
    if (name == "show") != bool(named):
        raise NotUvsError
    return Query((name, *said, *named))
