"""`wf schema`: what an editor reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

if TYPE_CHECKING:
    from tests.conftest import World


@pytest.mark.parametrize(
    ("option", "sound", "faulty"),
    [
        (
            [],
            {"workflows": [{"name": "a", "provider": "bash", "commands": ["true"]}]},
            {"workflows": [{"name": "a", "provider": "bash", "command": ["true"]}]},
        ),
        (
            ["--variables"],
            {"variables": {"global": {"seed": 7}}},
            {"variables": {"global": {"seed": [7]}}},
        ),
        (
            ["--task"],
            {"type": "task", "commands": ["true"], "resources": {"gpu": "24GB..:2"}},
            {"type": "task", "commands": "true"},
        ),
    ],
)
def test_the_schema_tells_a_sound_file_from_a_faulty_one(
    world: World, option: list[str], sound: object, faulty: object
) -> None:
    done = world.wf("schema", *option)
    assert (done.code, done.err) == (0, "")
    schema = Draft7Validator(done.json())
    assert schema.is_valid(sound)
    assert not schema.is_valid(faulty)


def test_a_key_says_what_it_means(world: World) -> None:
    known = world.wf("schema").json()["definitions"]
    key = known["PythonForm"]["properties"]["requirements"]["$ref"].rpartition("/")[2]
    described = known[key]["description"]
    assert described.startswith("A requirements file as pip reads it")


def test_one_schema_is_printed_at_a_time(world: World) -> None:
    done = world.wf("schema", "--task", "--variables")
    assert (done.code, done.out) == (64, "")
