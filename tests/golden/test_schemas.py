"""The published JSON Schemas agree with what wf reads."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from runner.document.document import MappingNode, ScalarNode, SequenceNode
from runner.document.reader import read
from runner.errors import WfError
from tests.golden.schemas import FOLDER, MADE, SCALARS, SCHEMAS, WHOLES
from tests.golden.test_golden import VARIABLES, cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.document.document import Node

    Golden = Callable[[Path, str], None]

# files with mistakes that the schema lets pass, and why it cannot see them
UNSEEN = {
    "args-open-quote": "a quote that is not closed is no matter of shape",
    "duplicate-workflow-name": "draft 7 cannot compare the items of a list",
    "env-duplicates": "nor what stands in front of a `=`",
    "task-env-list": "the same",
    "task-expressions": "where which name can stand is no matter of shape",
    "task-profiles": "the mistakes are in another file",
    "task-volumes-in-the-way": "draft 7 cannot compare values",
    "python-3.1": "to an editor 3.1 and 3.10 are the same number",
    "dependency-cycle": "what depends on what is no matter of shape",
    "dependency-unknown": "the same",
    "variable-in-a-quoted-here-document": "a schema does not read shell",
    "variable-in-arithmetic": "the same",
    "variable-not-closed": "the same",
    "variable-of-a-wrong-type": "which values variables have stands in another file",
    "variable-secret": "where which name can stand is no matter of shape",
    "variable-unknown": "which variables there are stands in another file",
    "variable-unknown-here": "the same",
    "variable-unknown-in-a-command": "the same",
    "variable-unknown-twice": "the same",
}


def shipped(name: str) -> dict[str, Any]:
    """A schema as `wf schema` prints it."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def validator(name: str) -> Draft7Validator:
    """What judges by it."""
    return Draft7Validator(shipped(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_is_shipped_is_what_the_forms_and_the_reference_say(
    name: str, golden: Golden
) -> None:
    made = json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"
    golden(FOLDER / f"{name}.json", made)
    Draft7Validator.check_schema(shipped(name))


def test_no_schema_is_shipped_that_nothing_makes() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in SCHEMAS}


def test_no_reader_is_described_that_no_form_has() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.parent.rglob("*.py"))
    there = set(re.findall(r"^def _?(\w+)\(", source, flags=re.MULTILINE))
    parts = {name for schema in SCHEMAS for name in shipped(schema).get("definitions", {})}
    described = {*SCALARS, *WHOLES, *MADE} - parts
    assert {name for name in described if name.rpartition(".")[2] not in there} == set()


# --- the files of the golden tests ----------------------------------------------------------------


TYPES: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": lambda word: int(word, 0 if word[:2] in {"0x", "0o"} else 10),
    "float": float,
    "bool": lambda word: word.lower() == "true",
    "null": lambda _: None,
}


def seen(node: Node) -> Any:
    """What an editor sees: YAML 1.2's own types."""
    match node:
        case ScalarNode(value):
            return TYPES[value.kind](value)
        case SequenceNode(items):
            return [seen(item) for item in items]
        case MappingNode(entries):
            return {key: seen(value) for key, (_, value) in entries.items()}


def of(data: Any) -> Draft7Validator:
    """The schema that an editor is told for a file."""
    return validator("task" if isinstance(data, dict) and "type" in data else "workflows")


@pytest.mark.parametrize(
    "case", [*cases("valid"), *cases("plans")], ids=lambda case: f"{case.parent.name}/{case.stem}"
)
def test_a_sound_file_agrees_with_the_schema(case: Path) -> None:
    data = seen(read(case.read_bytes(), case.name).root)
    found = of(data).iter_errors(data)
    assert [f"{error.json_path}: {error.message}" for error in found] == []
    beside = case.with_suffix(VARIABLES)
    if beside.exists():
        assert validator("variables").is_valid(seen(read(beside.read_bytes(), beside.name).root))


def composed() -> list[Any]:
    """The files with mistakes that are YAML as wf takes it, and their variables files."""
    found = []
    for case in cases("invalid"):
        beside = case.with_suffix(VARIABLES)
        try:
            data = seen(read(case.read_bytes(), case.name).root)
            other = seen(read(beside.read_bytes(), beside.name).root) if beside.exists() else None
        except WfError:
            continue
        found.append(pytest.param(case.stem, data, other, id=case.stem))
    return found


@pytest.mark.parametrize(("name", "data", "variables"), composed())
def test_a_file_with_mistakes_is_refused_by_the_schema(
    name: str, data: Any, variables: Any
) -> None:
    sound = of(data).is_valid(data) and (
        variables is None or validator("variables").is_valid(variables)
    )
    assert sound == (name in UNSEEN)


def test_every_exception_is_a_file() -> None:
    assert UNSEEN.keys() <= {case.stem for case in cases("invalid")}
