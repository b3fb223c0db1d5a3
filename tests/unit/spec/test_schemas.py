"""What the published JSON Schemas allow, wf reads."""

from __future__ import annotations

import json
import re
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from runner.document.reader import read
from runner.spec.load import load
from runner.spec.variables import load as load_variables
from tests.golden.test_schemas import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

WORKFLOWS = shipped("workflows")
VARIABLES = shipped("variables")
TASK = shipped("task")

# no sign that starts an expression, a comment of wf's own or an open quote, which no schema sees
_LETTERS = st.characters(
    codec="ascii", min_codepoint=32, max_codepoint=126, exclude_characters="$'\"\\"
)


def below(schema: Any, whole: dict[str, Any]) -> SearchStrategy[Any]:
    """Values that a schema allows, for what our schemas are made of."""
    found: SearchStrategy[Any] = st.none()  # what is said elsewhere
    match schema:
        case {"$ref": "#/definitions/expression"} | {"not": {}}:
            found = st.nothing()
        case {"$ref": str(route)}:
            found = below(whole["definitions"][route.rpartition("/")[2]], whole)
        case {"anyOf": choices} | {"allOf": choices}:
            found = st.one_of([below(choice, whole) for choice in choices])
        case {"enum": values}:
            found = st.sampled_from(values)
        case {"const": value}:
            found = st.just(value)
        case {"type": str(kind)}:
            found = KINDS[kind](schema, whole)
        case {"type": kinds}:
            found = st.one_of([KINDS[kind](schema, whole) for kind in kinds])
    return found


def texts(schema: Any, _: dict[str, Any]) -> SearchStrategy[str]:
    pattern = schema.get("pattern", "")
    found = st.from_regex(pattern, alphabet=_LETTERS).map(lambda text: text.rstrip("\n"))
    return found.filter(lambda text: ".." not in text and bool(re.search(pattern, text)))


def numbers(schema: Any, _: dict[str, Any]) -> SearchStrategy[float]:
    if "examples" in schema:
        return st.sampled_from(schema["examples"])
    return st.integers(1 if "exclusiveMinimum" in schema else 0, 10**6)


def mappings(schema: Any, whole: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    known = {key: below(value, whole) for key, value in schema.get("properties", {}).items()}
    must = schema.get("required", [])
    fixed = st.fixed_dictionaries(
        {key: known[key] for key in must},
        optional={key: value for key, value in known.items() if key not in must},
    )
    if not schema.get("additionalProperties"):
        return fixed
    names = texts(schema.get("propertyNames", {}), whole)
    further = st.dictionaries(names, below(schema["additionalProperties"], whole), max_size=3)
    return st.builds(lambda first, second: {**second, **first}, fixed, further)


def arrays(schema: Any, whole: dict[str, Any]) -> SearchStrategy[list[Any]]:
    return st.lists(
        below(schema["items"], whole),
        min_size=schema.get("minItems", 0),
        max_size=schema.get("maxItems", 3),
    )


KINDS: dict[str, Callable[[Any, dict[str, Any]], SearchStrategy[Any]]] = {
    "string": texts,
    "number": numbers,
    "integer": lambda schema, _: st.integers(schema["minimum"], schema.get("maximum", 10**6)),
    "boolean": lambda _, __: st.booleans(),
    "null": lambda _, __: st.none(),
    "object": mappings,
    "array": arrays,
}


def items() -> Iterator[SearchStrategy[dict[str, Any]]]:
    """Workflows of every provider, in every spelling of what it needs."""
    for rule in WORKFLOWS["definitions"]["workflow"]["allOf"]:
        form = WORKFLOWS["definitions"][rule["then"]["$ref"].rpartition("/")[2]]
        provider = rule["if"].get("properties", {}).get("provider", {}).get("const")
        wanted = [rule["anyOf"] for rule in form["allOf"] if "anyOf" in rule]
        never = [frozenset(rule["not"]["required"]) for rule in form["allOf"] if "not" in rule]
        for chosen in product(*wanted):
            must = {*form["required"], *(key for one in chosen for key in one["required"])}
            found = mappings({**form, "required": sorted(must)}, WORKFLOWS)
            yield found.map(partial(spelled_once, provider, must, never))


def spelled_once(
    provider: str | None, must: set[str], never: list[frozenset[str]], item: dict[str, Any]
) -> dict[str, Any]:
    """The same with one spelling of each part."""
    kept = {**item, "provider": provider}
    for two in never:
        if two <= kept.keys():
            kept.pop(min(two - must))
    return kept


def once(item: dict[str, Any]) -> bool:
    """Whether no variable is set twice, which no schema sees."""
    listed = item.get("env", item.get("environment"))
    names = [pair.partition("=")[0] for pair in listed] if isinstance(listed, list) else []
    return len(names) == len(set(names))


@given(st.one_of(list(items())).filter(once))
def test_a_workflow_that_the_schema_allows_is_read(item: dict[str, Any]) -> None:
    text = json.dumps({"workflows": [item]})
    assert load(read(text.encode(), "workflows.yaml"))


def mended(task: dict[str, Any]) -> dict[str, Any]:
    """The same, where what a schema cannot compare is right: ends of ranges, folders, mounts."""
    found = {**task}
    for key in ("resources", "volumes", "files"):
        # a colon is in values only
        said = json.dumps(found.get(key), separators=(",", "="))
        if re.search(r"\.\.|min\"|[/~:]|path\"|\{\}", said):
            del found[key]
    if found.get("image") is None:
        found["commands"] = found.get("commands") or ["ls"]
    for kept, *others in (("image", "python", "docker"), ("docker", "python", "nvcc")):
        # an image may be called 0
        if found.get(kept) is not None and found[kept] is not False:
            found = {key: value for key, value in found.items() if key not in others}
    return found


@given(mappings(TASK, TASK).map(mended).filter(once))
def test_a_task_that_the_schema_allows_is_read(item: dict[str, Any]) -> None:
    assert Draft7Validator(TASK).is_valid(item)
    assert load(read(json.dumps(item).encode(), "a.dstack.yml"))


@given(below(VARIABLES["properties"]["variables"], VARIABLES))
def test_variables_that_the_schema_allows_are_read(sections: dict[str, Any] | None) -> None:
    text = json.dumps({"variables": sections})
    read_back = load_variables(read(text.encode(), "variables.yaml")).sections
    assert read_back.keys() == (sections or {}).keys()
