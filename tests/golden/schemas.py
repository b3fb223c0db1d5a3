"""The JSON Schemas of the files that wf reads, made of the forms and of the reference's tables.

What keys there are comes from the forms (``runner/spec``). What may be written behind them comes
from :data:`SCALARS` and :data:`WHOLES`, which have an entry for every reader of a form. What they
mean comes from the tables of ``docs/reference/workflow-file.md``, where people look it up. The
schemas are shipped (``runner/spec/schemas``), so that ``wf schema`` needs neither pydantic nor the
documents.

They are of draft 7, the newest that every release of the YAML language server reads. ``if`` and
``then`` tell the providers apart: behind ``oneOf`` an editor says "matches no schema" and no more.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from inspect import getclosurevars
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from runner.spec.accelerators import NVIDIA, VENDORS
from runner.spec.eras.task import EXCLUDED
from runner.spec.providers.base import ProviderForm
from runner.spec.providers.commands import ImageForm
from runner.spec.providers.registry import PROVIDERS
from runner.spec.task_forms import TaskForm
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import BaseModel
    from pydantic_core import core_schema

    Schema = dict[str, Any]
    Inner = Callable[[], Schema]

FOLDER = ROOT / "runner" / "spec" / "schemas"
REFERENCE = ROOT / "docs" / "reference" / "workflow-file.md"
DRAFT = "http://json-schema.org/draft-07/schema#"
_INNER = "definitions"
# what a workflow without a provider is documented as
_NO_PROVIDER = "docker"

# --- what may be written --------------------------------------------------------------------------

# stands for a reference until pydantic, which knows its own definitions only, is done
_REFERENCE = "x-reference"
_SCALARS = ["string", "number", "boolean"]
_DIGITS = "[0-9]{1,9}"
_BINARY = r"[0-9]{1,9}(\.[0-9]{1,9})?\s*([MGTmgt][Bb]\s*)?"
_NUMBER = "(?!0+(:|$))([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3})"
_PORT = r"^(?!0+(:|$))([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3})(:[0-9]{1,5})?$"
# a day that the calendar has (Gregorian, from the year 1 on)
_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_OF_31 = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
_OF_30 = "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_OF_28 = "02-(0[1-9]|1[0-9]|2[0-8])"
_DAY = f"(?!0000)([0-9]{{4}}-({_OF_31}|{_OF_30}|{_OF_28})|{_LEAP_YEAR}-02-29)"
_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_BELOW = r"(?!\s*$)(?!/|~|(\./+)*\.\.(/|$))"
# neither everything of some folder, nor another user's home, nor out of the folder it begins in
_ARTIFACT = (
    r"(?!\s*$)(?!(~?/+|~$)?(\./+)*(\.|\*\*?)?/*$)(?!~[^/])(?!(~/+)?(\./+)*\.\.(/|$))"
    r"(?!/+[^/]*[*?\[])(?!/+(proc|sys|dev)(/|$))(?!(\./+)*@root(/|$))"
)
EXPRESSION = "expression"


def any_of(*schemas: Schema) -> Schema:
    """One of several, without brackets within brackets."""
    choices: list[Schema] = []
    for schema in schemas:
        choices += [choice for choice in _flat(schema) if choice not in choices]
    return {"anyOf": choices}


def refer(name: str) -> Schema:
    """What :data:`SCALARS` has by that name."""
    return {_REFERENCE: name}


def number(least: int) -> list[Schema]:
    """A whole number, which may stand in quotes."""
    quoted = f"^(?=.*[1-9]){_DIGITS}$" if least else f"^{_DIGITS}$"
    return [
        {"type": "integer", "minimum": least, "maximum": 999_999_999},
        {"type": "string", "pattern": quoted},
    ]


# what may be written where a scalar is, by name; all but the first may be an expression instead
SCALARS: Mapping[str, list[Schema]] = {
    EXPRESSION: [
        {
            "description": "The value of a variable, put in before types are checked.",
            "type": "string",
            "pattern": r"\$\{\{[^{}]+\}\}|\$\{?[A-Za-z_]",
            "examples": ["${{ name }}"],
        }
    ],
    "text": [{"type": _SCALARS, "pattern": r"\S"}],
    "word": [{"type": _SCALARS}],
    "name": [{"type": _SCALARS, "pattern": f"^{_NAME}$", "minimum": 0}],
    "count": number(1),
    "count_or_none": number(0),
    "size": [
        {
            "type": "string",
            "pattern": rf"^(?=.*[1-9]){_DIGITS}\s*[MGTmgt][Ii]?[Bb]?$",
            "examples": ["16GB", "512MiB"],
        }
    ],
    "switch": [{"type": "boolean"}],
    "as_of": [
        {
            "type": "string",
            "pattern": rf"^\s*({_DAY}|commit)\s*$",
            "examples": ["2022-05-20", "commit"],
        }
    ],
    "python_version": [
        {
            "type": "string",
            "pattern": r"^3\.([6-9]|[1-9][0-9])(\.(0|[1-9][0-9]?))?$",
            "examples": ["3.10", "3.11.7"],
        },
        # 3.10 without quotes is the number 3.1 to an editor, while wf reads what is written
        {"type": "number", "minimum": 3.1, "exclusiveMaximum": 4, "examples": [3.11, 3.12]},
    ],
    "below": [{"type": _SCALARS, "pattern": f"^{_BELOW}"}],
    "artifact_path": [{"type": _SCALARS, "pattern": f"^{_ARTIFACT}"}],
    "tag": [{"type": _SCALARS, "pattern": f"^:?{_NAME}$", "minimum": 0}],
    "dependency": [
        {
            "type": _SCALARS,
            "pattern": f"^(?!$)({_NAME})?(:{_NAME})?$",
            "minimum": 0,
            "examples": ["prepare", "prepare:best"],
        }
    ],
    "tool_version": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*((a|b|rc|\.?post|\.?dev)[0-9]+)?$"},
        {"type": "number", "minimum": 0},
    ],
    "port": [
        {"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": _PORT, "examples": ["80:8080"]},
    ],
    # today's format (type: task), where sizes count in 1024 and a number alone is in GB
    "range": [
        {"type": "integer", "minimum": 0, "maximum": 999_999_999},
        {
            "type": "string",
            "pattern": rf"^\s*({_DIGITS}\s*(\.\.\s*({_DIGITS}\s*)?)?|\.\.\s*{_DIGITS}\s*)$",
            "examples": ["4..", "2..8"],
        },
    ],
    "size_range": [
        {"type": "number", "minimum": 0, "maximum": 999_999_999},
        {
            "type": "string",
            "pattern": rf"^\s*({_BINARY}(\.\.\s*({_BINARY})?)?|\.\.\s*{_BINARY})$",
            "examples": ["16GB..", "24GB..80GB"],
        },
    ],
    "binary_size": [
        {"type": "number", "minimum": 0, "maximum": 999_999_999},
        {"type": "string", "pattern": rf"^\s*{_BINARY}$", "examples": ["8GB", "512MB"]},
    ],
    "span": [
        {"type": "integer", "minimum": 1, "maximum": 999_999_999},
        {"type": "boolean"},
        {
            "type": "string",
            "pattern": rf"^(off|(?=.*[1-9]){_DIGITS}( *[smhdw])?)$",
            "examples": ["2h", "90m", "off"],
        },
    ],
    "task_port": [
        {"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": rf"^((\*|{_NUMBER}):)?{_NUMBER}$", "examples": ["8000:80"]},
    ],
    "price": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 999_999_999},
        {"type": "string", "pattern": rf"^(?=.*[1-9]){_DIGITS}(\.{_DIGITS})?$"},
    ],
    "cron_line": [
        {"type": "string", "pattern": r"^\s*\S+(\s+\S+){4}\s*$", "examples": ["0 8 * * 1"]}
    ],
    "shell": [{"type": "string", "pattern": "^(sh|bash|/.*)$", "examples": ["bash"]}],
    "working_dir": [{"type": _SCALARS, "pattern": r"^(?!\s*$)(?!(\./+)*\.\.(/|$))"}],
    "file": [
        {
            "type": "string",
            "pattern": r"^(?!\s*$)[^:]+(:[^:]*[^:\s][^:]*)?$",
            "examples": ["conf.yml", "conf.yml:here.yml"],
        }
    ],
    "volume": [{"type": "string", "pattern": r"^/.*:(?!.*\.\.)/.*$", "examples": ["/data:/data"]}],
    "vendor": [{"type": "string", "pattern": "^[Nn][Vv][Ii][Dd][Ii][Aa]$", "examples": ["nvidia"]}],
    "assignment": [{"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*(=|$)"}],
}


def _pairs(_: Inner) -> Schema:
    return any_of(
        {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": {"type": [*_SCALARS, "null"], "pattern": r"^$|\S"},
        },
        {"type": "array", "items": refer("assignment")},
    )


def _cpu(inner: Inner) -> Schema:
    return any_of(inner(), _mapping("count", count=refer("count")))


def _depends_on(_: Inner) -> Schema:
    include = _mapping("include", include=_list(refer("below")))
    return any_of(
        _list(refer("dependency")), _mapping(repo=include, workflows=_list(refer("dependency")))
    )


def _deps(_: Inner) -> Schema:
    mount = refer("switch")
    return _list(
        any_of(
            refer("dependency"),
            _mapping("workflow", workflow=refer("name"), mount=mount),
            _mapping("tag", tag=refer("tag"), mount=mount),
        )
    )


def _ports(_: Inner) -> Schema:
    return any_of(refer("count_or_none"), {"type": "array", "items": refer("port")})


def _path_or(inner: Inner) -> Schema:
    form = inner()
    return any_of(refer("text" if "CacheForm" in form["$ref"] else "artifact_path"), form)


def _or(name: str) -> Callable[[Inner], Schema]:
    return lambda inner: any_of(refer(name), inner())


def _list(item: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": item}


def _mapping(*required: str, **properties: Schema) -> Schema:
    must = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **must}


def _ends(name: str, end: str) -> Callable[[Inner], Schema]:
    """A range, in one text or by its ends."""
    ends = {"minProperties": 1, **_mapping(min=refer(end), max=refer(end))}
    return lambda _: any_of(refer(name), ends)


def _cpu_of_task(inner: Inner) -> Schema:
    named = {"type": "string", "pattern": r"^\s*((x86|arm):.+|[^:]+:(x86|arm)\s*)$"}
    return any_of(refer("range"), named, inner())


def _gpu_of_task(inner: Inner) -> Schema:
    foreign = "|".join(sorted(VENDORS - {NVIDIA}))
    text = {"type": ["string", "integer"], "minimum": 0, "examples": ["A100:2", "24GB..:1"]}
    name = r"[A-Za-z][\w -]*(,\s*\w[\w -]*)*"
    # without a unit it is their number
    count, size = rf"{_DIGITS}\s*", r"[0-9]{1,9}(\.[0-9]{1,9})?\s*[MGTmgt][Bb]\s*"
    amount = "|".join(rf"(\.\.\s*)?{one}(\.\.\s*({one})?)?" for one in (count, size))
    part = rf"\s*({name}|{amount})\s*"
    return any_of({"pattern": rf"^(?!.*\b({foreign})\b){part}(:{part})*$", **text}, inner())


def _variables(_: Inner) -> Schema:
    mapping = {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"type": ["string", "number"]},
    }
    return any_of(mapping, {"type": "array", "items": refer("assignment")})


def _volume(_: Inner) -> Schema:
    names = any_of(refer("text"), _list(refer("text")))
    path = {"type": "string", "pattern": "^/"}
    instance, optional = refer("text"), refer("switch")
    written_out = _mapping("path", name=names, path=path, instance_path=instance, optional=optional)
    return any_of(refer("volume"), written_out)


def _repos(_: Inner) -> Schema:
    item = any_of(refer("text"), {"type": "object"})
    return {"type": "array", "maxItems": 1, "items": item}


def _labels(_: Inner) -> Schema:
    return {"type": "object", "additionalProperties": {"type": _SCALARS}}


# the same for readers that are made with words of their own, by the name of what makes them
MADE: Mapping[str, Callable[[dict[str, Any]], Schema]] = {
    "one_of": lambda given: any_of({"enum": list(given["words"])}, refer(EXPRESSION)),
    "whole": lambda given: any_of(
        {"type": "integer", "minimum": given["least"], "maximum": given["most"]},
        refer(EXPRESSION),
    ),
    "refused": lambda _: {"not": {}},
}
# readers of a whole (a list, a mapping): what may be written, given what the form makes of it
WHOLES: Mapping[str, Callable[[Inner], Schema]] = {
    "pairs": _pairs,
    "one_or_many": _or("text"),
    "words": _or("word"),
    "artifact": _path_or,
    "gpu": _or("count_or_none"),
    "cpu": _cpu,
    "ports": _ports,
    "depends_on": _depends_on,
    "deps": _deps,
    "models": lambda inner: inner(),
    "ranges.numbers": _ends("range", "count_or_none"),
    "ranges.sizes": _ends("size_range", "binary_size"),
    "ranges.size": lambda _: refer("binary_size"),
    "task_forms.cpu": _cpu_of_task,
    "disk": lambda inner: any_of(refer("size_range"), _never_empty(inner())),
    "accelerators.parts": _gpu_of_task,
    "accelerators.names": lambda _: any_of(refer("text"), _list(refer("text"))),
    "retry": _or("switch"),
    "repos": _repos,
    "labels": _labels,
    "cron": lambda _: any_of(refer("cron_line"), _list(refer("cron_line"))),
    "idle_span": lambda _: any_of(refer("span"), {"const": -1}),
    "task_values.variables": _variables,
    "task_values.file": lambda _: any_of(
        refer("file"), _mapping("local_path", "path", local_path=refer("text"), path=refer("text"))
    ),
    "task_values.volume": _volume,
    "items": lambda inner: inner(),
}
# keys that a form's reader takes besides the form's own
MORE_KEYS: Mapping[str, Schema] = {
    "ResourcesForm": {"patternProperties": {"^.+/gpu$": refer("count_or_none")}}
}


class _Spelled(GenerateJsonSchema):
    """Says what a form's readers accept, where pydantic can only say what they make of it."""

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> dict[str, Any]:
        """What may be written where a reader (a ``BeforeValidator``) comes first."""
        function: Callable[..., Any] = schema["function"]["function"]
        maker, _, made = function.__qualname__.partition(".<locals>")
        if made:
            return MADE[maker](dict(getclosurevars(function).nonlocals))
        reader = function.__name__.lstrip("_")
        # readers of several modules may have one name
        whole = f"{function.__module__.rpartition('.')[2]}.{reader}"
        for name in (whole, reader):
            if name in WHOLES:
                return WHOLES[name](lambda: self.generate_inner(schema["schema"]))
        if reader in SCALARS:
            return refer(reader)
        message = f"neither SCALARS nor WHOLES says what the reader `{whole}` accepts"
        raise LookupError(message)


def scalars(schemas: Any) -> Schema:
    """The definitions of all scalars that some schemas refer to."""
    used = {EXPRESSION, *_references(schemas)}
    return {
        name: choices[0] if name == EXPRESSION else any_of(*choices, _resolved(refer(EXPRESSION)))
        for name, choices in SCALARS.items()
        if name in used
    }


def _references(schema: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)


def _resolved(schema: Any) -> Any:
    """The same with references that editors know."""
    if isinstance(schema, list):
        return [_resolved(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if _REFERENCE in schema:
        return {"$ref": f"#/{_INNER}/{schema[_REFERENCE]}"}
    found = {key: _resolved(value) for key, value in schema.items()}
    # pydantic takes what a reader comes before for a text
    choices = [choice for choice in found.get("anyOf", [found]) if choice.get("type") == "array"]
    if choices and "minLength" in found:
        choices[0]["minItems"] = found.pop("minLength")
    return found


# --- what the keys mean ---------------------------------------------------------------------------

_ROW = re.compile(r"^\| `([\w.-]+)` \|(.*)\|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_PROVIDER = re.compile(r"^`provider: (\w+)`$")


def meanings() -> dict[tuple[str, str], str]:
    """What the reference says of each key, by provider (empty: of all) and route."""
    found = {}
    parts = re.split(r"^## (.+)$", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        of = _PROVIDER.match(heading.strip())
        for key, rest in _ROW.findall(body):
            # between two bars without a backslash: type, default, meaning, read by
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", rest)]
            said = _LINK.sub(r"\1", cells[2]).replace("\\|", "|")
            found[of[1] if of else "", key] = said.replace(" See below.", "")
    return found


# --- the schemas ----------------------------------------------------------------------------------


def _of(provider: str, said: Mapping[tuple[str, str], str]) -> Callable[[str], str | None]:
    return lambda key: said.get((provider, key), said.get(("", key)))


def workflows() -> Schema:
    """``.dstack/workflows.yaml``."""
    said = meanings()
    inner: Schema = {}
    forms: dict[str, type[ProviderForm]] = {**PROVIDERS, "": ImageForm}
    for provider, form in forms.items():
        inner |= form_schemas(form, _of(provider or _NO_PROVIDER, said))
        # which it is has been decided
        inner[form.__name__]["properties"]["provider"] = {}
        if not provider:
            inner[form.__name__]["required"] = ["name"]
    inner = _shared(inner)
    item = {
        "description": "A workflow: a recipe that can be run.",
        "type": "object",
        "required": ["name"],
        "anyOf": [{"required": ["provider"]}, {"required": ["image"]}],
        "properties": {
            "name": {"description": said["", "name"]},
            "help": {"description": said["", "help"]},
            "provider": {"description": said["", "provider"], **_provider()},
        },
        "allOf": [
            *(
                {
                    "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
                    "then": {"$ref": f"#/{_INNER}/{form.__name__}"},
                }
                for name, form in PROVIDERS.items()
            ),
            {
                "if": {"required": ["image"], "not": {"required": ["provider"]}},
                "then": {"$ref": f"#/{_INNER}/{ImageForm.__name__}"},
            },
        ],
    }
    return {
        "$schema": DRAFT,
        "title": "Workflow file",
        "description": "The workflows of a project: `.dstack/workflows.yaml`.",
        "type": "object",
        "required": ["workflows"],
        "additionalProperties": False,
        "properties": {
            "workflows": {
                "description": "What `wf ls` lists and `wf run` runs.",
                **_list({"$ref": f"#/{_INNER}/workflow"}),
            }
        },
        _INNER: {"workflow": item, **inner, **scalars(inner)},
    }


def _shared(forms: Schema) -> Schema:
    """The same, with keys that are alike in several forms said once."""
    alike = Counter(
        (key, json.dumps(value)) for form in forms.values() for key, value in _properties(form)
    )
    shared: Schema = {}
    for form in forms.values():
        for key, value in _properties(form):
            text = json.dumps(value)
            name = f"key-{key}"
            if alike[key, text] > 1 and value and shared.setdefault(name, value) == value:
                form["properties"][key] = {"$ref": f"#/{_INNER}/{name}"}
    return {**forms, **shared}


def _properties(form: Schema) -> list[tuple[str, Schema]]:
    return list(form.get("properties", {}).items())


def _provider() -> Schema:
    """Names as they should be, and those that are understood and told."""
    branch = rf"^({'|'.join(PROVIDERS)})@\S+$"
    return any_of(
        {"enum": list(PROVIDERS)},
        {"type": "string", "pattern": branch},
        {"type": "string", "pattern": r"^python\s*(==|[:/]|-)?\s*3(\.[0-9]{1,2}){1,2}$"},
        {"type": "array", "minItems": 1, "maxItems": 1},
        _mapping("name", name={}, repo={}),
    )


def task() -> Schema:
    """``NAME.dstack.yml``, a task of today's dstack."""
    said = meanings()
    inner = form_schemas(TaskForm, _of("task", said))
    whole = inner.pop(TaskForm.__name__)
    properties = whole["properties"]
    for key, value in properties.items():
        properties[key] = _maybe_empty(value)
    properties["type"] = {"description": said.get(("task", "type"), ""), "const": "task"}
    whole["required"] = ["type"]
    one = {"type": "array", "minItems": 1}
    whole["anyOf"] = [
        {"required": ["image"], "properties": {"image": {"not": {"type": "null"}}}},
        {"required": ["commands"], "properties": {"commands": one}},
    ]
    on = {key: {"not": {"enum": [False, None]}} for key in properties}
    whole["allOf"] = [
        {"not": {"required": list(two), "properties": {key: on[key] for key in two}}}
        for two in EXCLUDED
    ]
    return {
        "$schema": DRAFT,
        "title": "Task",
        "description": "A task of today's dstack: a file that ends in `.dstack.yml`.",
        **whole,
        _INNER: {**inner, **scalars([whole, inner])},
    }


def variables() -> Schema:
    """``.dstack/variables.yaml``."""
    values = {
        "type": ["object", "null"],
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"},
        "additionalProperties": {"type": [*_SCALARS, "null"]},
        "maxProperties": 1000,
    }
    return {
        "$schema": DRAFT,
        "title": "Variables file",
        "description": "The variables of a project's workflows: `.dstack/variables.yaml`.",
        "type": "object",
        "required": ["variables"],
        "additionalProperties": False,
        "properties": {
            "variables": {
                "description": "Values by workflow, those of all workflows below `global`.",
                "type": ["object", "null"],
                "properties": {
                    "global": {"description": "Values of all workflows.", **values},
                },
                "additionalProperties": {"description": "Values of this workflow.", **values},
            }
        },
    }


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "workflows": workflows,
    "variables": variables,
    "task": task,
}


def form_schemas(form: type[BaseModel], meaning: Callable[[str], str | None]) -> Schema:
    """The schemas of a form and of the forms in it, by name."""
    made = form.model_json_schema(ref_template=f"#/{_INNER}/{{model}}", schema_generator=_Spelled)
    inner: Schema = {**made.pop("$defs", {}), form.__name__: made}
    inner = _resolved({name: {**one, **MORE_KEYS.get(name, {})} for name, one in inner.items()})
    for schema in inner.values():
        _clean(schema)
    whole = inner[form.__name__]
    for route, holder, key in _keys(whole, inner):
        if (said := meaning(route)) is not None:
            holder[key] = _described(holder[key], said)
    if issubclass(form, ProviderForm):
        _say_once(whole, form)
    return inner


def _clean(schema: Schema) -> None:
    """Without what pydantic makes up, and what speaks to programmers."""
    schema.pop("title", None)
    schema.pop("description", None)
    for value in schema.get("properties", {}).values():
        value.pop("title", None)
        if value.get("default") in (None, [], {}):
            value.pop("default", None)


def _keys(schema: Schema, inner: Schema, base: str = "") -> Iterator[tuple[str, Schema, str]]:
    """Every key below a schema: its route, and where its own schema stands."""
    for key, value in list(schema.get("properties", {}).items()):
        yield base + key, schema["properties"], key
        for form in _references(value):
            if form in inner:
                yield from _keys(inner[form], inner, f"{base}{key}.")


def _described(schema: Schema, said: str) -> Schema:
    # draft 7 takes no notice of what stands beside a $ref
    return {"description": said, **({"allOf": [schema]} if "$ref" in schema else schema)}


def _say_once(schema: Schema, form: type[ProviderForm]) -> None:
    """Parts that must be written, spellings of which only one may be, and keys left empty."""
    rules: list[Schema] = []
    filled = set(schema.get("required", ()))
    for part in form.wanted:
        spellings = form.spellings.get(part, (part,))
        filled.update(spellings)
        rules.append(any_of(*({"required": [key]} for key in spellings)))
    rules += [
        {"not": {"required": list(two)}}
        for spellings in form.spellings.values()
        for two in combinations(spellings, 2)
    ]
    schema["allOf"] = rules
    properties = schema["properties"]
    for key, value in properties.items():
        properties[key] = _never_empty(value) if key in filled else _maybe_empty(value)


def _apart(schema: Schema) -> tuple[Schema, list[Schema]]:
    """What is said of a value, and the choices there are for it."""
    said: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    rest: Schema = {key: value for key, value in schema.items() if key not in said}
    (rest,) = rest.get("allOf", [rest])
    return said, [choice for one in rest.get("anyOf", [rest]) for choice in _flat(one)]


def _flat(schema: Schema) -> list[Schema]:
    return list(schema["anyOf"]) if set(schema) == {"anyOf"} else [schema]


def _maybe_empty(schema: Schema) -> Schema:
    """An empty value counts as no key."""
    said, choices = _apart(schema)
    return {**said, **any_of(*choices, {"type": "null"})}


def _never_empty(schema: Schema) -> Schema:
    """What must be written must not be left empty."""
    said, choices = _apart(schema)
    return {**said, **any_of(*(choice for choice in choices if choice != {"type": "null"}))}
