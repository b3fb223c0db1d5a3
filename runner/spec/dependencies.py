"""``depends-on`` and ``deps``: the two ways in which a workflow names what it needs of others.

Hosted dstack's ``depends-on`` (2021-06 to 2022-07) ran the workflows it named first, or reused
runs that were the same; ``deps`` (0.0.7 to 0.9.2) took the last run of a workflow that was done,
and never ran it. Both could name a tag instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from runner.spec import text
from runner.spec.workflow import Dependency
from runner.units import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from runner.errors import Route

T = TypeVar("T")

_MAPPING_KEYS = ("repo", "workflows")
_ITEM_KEYS = ("workflow", "tag", "mount")
_HOSTED_HINT = "write a list of workflows, or `repo:` with `include:` and `workflows:` below it"


@dataclass(frozen=True, slots=True)
class Named:
    """A dependency as it was written; ``at`` leads to it from the key."""

    workflow: str | None
    tag: str | None
    at: Route


@dataclass(frozen=True, slots=True)
class Needed:
    """All that ``depends-on`` says. ``code`` are the paths below ``repo.include``."""

    named: tuple[Named, ...] = ()
    code: tuple[str, ...] = ()


def _depends_on(value: Any) -> Needed:  # noqa: ANN401 - whatever YAML can hold
    """A list of names, or ``{repo: {include: […]}, workflows: […]}`` (2021-06 to 2022-06)."""
    if isinstance(value, dict):
        return _mapping(value)
    return Needed(_names(value, ()))


def _mapping(value: dict[str, Any]) -> Needed:
    for key in value:
        if key not in _MAPPING_KEYS:
            raise text.mistake(f"unknown key {quoted(key)}", _HOSTED_HINT, at=(key,), at_key=True)
    include: tuple[str, ...] = ()
    if "repo" in value:
        repo = value["repo"]
        if not isinstance(repo, dict) or set(repo) != {"include"}:
            raise text.mistake(
                "`repo` names the code that a run depends on",
                "write `include:` with a list of paths below it",
                at=("repo",),
            )
        at = ("repo", "include")
        items = _items(repo["include"], at, "write a list of paths")
        include = tuple(_part(text.below, item, (*at, i)) for i, item in enumerate(items))
    named = _names(value["workflows"], ("workflows",)) if "workflows" in value else ()
    return Needed(named, include)


def _names(value: Any, at: Route) -> tuple[Named, ...]:  # noqa: ANN401
    items = _items(value, at, _HOSTED_HINT)
    return tuple(_name(item, (*at, index)) for index, item in enumerate(items))


def _deps(value: Any) -> tuple[Named, ...]:  # noqa: ANN401
    """Names, or ``{workflow: x}`` and ``{tag: t}``; ``mount`` made no difference to local runs."""
    items = _items(value, (), "write a list of workflows and tags")
    return tuple(_dep(item, (index,)) for index, item in enumerate(items))


def _dep(item: Any, at: Route) -> Named:  # noqa: ANN401
    if not isinstance(item, dict):
        return _name(item, at)
    for key in item:
        if key not in _ITEM_KEYS:
            hint = "write `workflow: NAME` or `tag: NAME`"
            raise text.mistake(f"unknown key {quoted(key)}", hint, at=(*at, key), at_key=True)
    if "mount" in item:
        _part(text.switch, item["mount"], (*at, "mount"))
    given = [key for key in ("workflow", "tag") if key in item]
    if len(given) != 1:
        said = "either `workflow` or `tag` is wanted here"
        raise text.mistake(said, "name one of them", at=at)
    where = (*at, given[0])
    written = _own(_part(text.text, item[given[0]], where), where)
    if given == ["tag"]:
        return Named(None, _part(text.tag, written.removeprefix(":"), where), where)
    return Named(_part(text.name, written, where), None, where)


def _name(item: Any, at: Route) -> Named:  # noqa: ANN401
    """``x``, ``x:tag`` or ``:tag``."""
    if isinstance(item, dict) and len(item) == 1:
        (name, tag), *_ = item.items()
        hint = f"write {name}:{tag} without the space" if isinstance(tag, str) else None
        raise text.mistake("a workflow is wanted here, not a mapping", hint, at=at)
    written = _own(_part(text.text, item, at), at)
    workflow, colon, tag = written.partition(":")
    return Named(
        _part(text.name, workflow, at) if workflow or not colon else None,
        _part(text.tag, tag, at) if colon else None,
        at,
    )


def _own(written: str, at: Route) -> str:
    """``user/repo/x`` named a run of another repository, whose runs this machine does not know."""
    if "/" not in written:
        return written
    raise text.mistake(
        f"{quoted(written)} belongs to another repository",
        "runs of other projects are named by a tag: wf tags add TAG RUN, and `:TAG` here",
        at=at,
    )


def _items(value: Any, at: Route, hint: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise text.mistake(f"a list is wanted here, not {text.kind_of(value)}", hint, at=at)
    if not value:
        raise text.mistake("at least one item is wanted here", "write `- …` below it", at=at)
    return value


def _part(reader: Callable[[Any], T], value: Any, at: Route) -> T:  # noqa: ANN401
    """Read a part of a value, so that a mistake leads there and not to the whole."""
    try:
        return reader(value)
    except PydanticCustomError as error:
        said = error.context or {}
        raise text.mistake(said["message"], said["hint"], at=at) from None


# of any type to pydantic, which would load its own data classes to check what is checked already
DependsOn = Annotated[Any, PlainValidator(_depends_on)]
Deps = Annotated[Any, PlainValidator(_deps)]


def dependencies(
    depends_on: Needed | None, deps: tuple[Named, ...] | None, route: Route
) -> tuple[Dependency, ...]:
    """Everything that the workflow at ``route`` needs, in the order written."""
    hosted = depends_on.named if depends_on else ()
    return (
        *(_dependency(named, "run", (*route, "depends-on")) for named in hosted),
        *(_dependency(named, "last", (*route, "deps")) for named in deps or ()),
    )


def _dependency(named: Named, mode: Literal["run", "last"], route: Route) -> Dependency:
    where = (*route, *named.at)
    if named.tag is not None:
        return Dependency("tag", named.workflow, named.tag, where)
    return Dependency(mode, named.workflow, None, where)


def included(depends_on: Needed | None) -> tuple[str, ...]:
    """The paths that count as the workflow's code; none: all of them."""
    return depends_on.code if depends_on else ()
