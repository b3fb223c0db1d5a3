"""What the compatibility page says is what the reader does."""

from __future__ import annotations

import io
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.context import Context, workflow_files
from runner.engine.opening import open_files
from runner.errors import INVALID, WfError
from runner.settings import resolve
from runner.spec.eras.era import COMMAND_LINE, HOSTED, HOSTED_IMAGES, TASK, Era
from runner.spec.notices import NO_EFFECT
from runner.spec.task_forms import TaskForm
from tests.compatibility import task
from tests.compatibility.page import page
from tests.compatibility.row import Holds, NoEffect, NotLookedAt, Passed, Read, Refused, Row
from tests.compatibility.rows import SECTIONS
from tests.conftest import ROOT
from tests.fakes.forms import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.engine.files import WorkflowFiles


NOW = datetime(2022, 7, 1, tzinfo=timezone.utc)
PAGE = ROOT / "docs" / "reference" / "compatibility.md"
REFERENCE = ROOT / "docs" / "reference" / "workflow-file.md"


def opened(root: Path, row: Row) -> WorkflowFiles:
    """The project of a row, read as every command reads one."""
    for path, text in row.project().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    out = io.StringIO()
    variables = {"HOME": str(root)}
    context = Context(out, out, root, variables, resolve(variables), lambda: NOW)
    source = workflow_files(context, None)
    return open_files(source.workflows, source.root, source.beside)


def cases(kind: type) -> Iterator[Any]:
    """The rows that expect one kind of thing."""
    for section in SECTIONS:
        era = section.era.name if section.era else "every era"
        for row in section.rows:
            if isinstance(row.expected, kind):
                yield pytest.param(row, row.expected, id=f"{era}, {row.place.name}, {row.shown}")


@pytest.mark.parametrize(("row", "expected"), list(cases(Read)))
def test_what_is_read(row: Row, expected: Read, tmp_path: Path) -> None:
    workflow = opened(tmp_path, row).workflows[0]
    assert found(workflow, expected.attribute) == expected.value
    told = [notice.message for notice in workflow.notices]
    if expected.notice:
        told += [notice.message for notice in workflow.outside]
        assert any(expected.notice in message for message in told), told
    else:
        assert told == []


@pytest.mark.parametrize(("row", "expected"), list(cases(Holds)))
def test_what_a_text_holds(row: Row, expected: Holds, tmp_path: Path) -> None:
    workflow = opened(tmp_path, row).workflows[0]
    assert expected.part in found(workflow, expected.attribute)


@pytest.mark.parametrize(("row", "expected"), list(cases(NoEffect)))
def test_what_has_no_effect(row: Row, expected: NoEffect, tmp_path: Path) -> None:
    workflow = opened(tmp_path, row).workflows[0]
    said = (*workflow.notices, *workflow.outside)
    told = [notice for notice in said if notice.code == NO_EFFECT]
    assert [notice.message for notice in told] == [f"`{expected.key}` has no effect here"]
    assert told[0].hint


@pytest.mark.parametrize(("row", "expected"), list(cases(NotLookedAt)))
def test_what_is_not_looked_at(row: Row, expected: NotLookedAt, tmp_path: Path) -> None:
    del expected
    files = opened(tmp_path, row)
    assert list(files.documents) == [row.place.file]


@pytest.mark.parametrize(("row", "expected"), list(cases(Passed)))
def test_what_is_passed_over(row: Row, expected: Passed, tmp_path: Path) -> None:
    files = opened(tmp_path, row)
    assert [workflow.name for workflow in files.workflows] == ["a"]
    (neighbour,) = files.neighbours
    assert neighbour.notice.message == f"this is a {expected.kind}, which wf does not run"


@pytest.mark.parametrize(("row", "expected"), list(cases(Refused)))
def test_what_is_refused(row: Row, expected: Refused, tmp_path: Path) -> None:
    with pytest.raises(WfError) as caught:
        opened(tmp_path, row)
    assert caught.value.kind == INVALID
    assert [problem for problem in caught.value.problems if expected.message in problem.message]


def found(value: Any, attribute: str) -> Any:
    """What stands at ``a.b``, ``a[1]``, or at ``a[].b`` of each item."""
    name, _, rest = attribute.partition(".")
    name, bracket, index = name.partition("[")
    value = getattr(value, name)
    if bracket == "[" and index == "]":
        return tuple(found(item, rest) for item in value)
    if bracket:
        value = value[int(index.rstrip("]"))]
    return found(value, rest) if rest else value


# --- the page, and whether it is complete ---------------------------------------------------------


def test_the_page_is_made_of_the_rows(request: pytest.FixtureRequest) -> None:
    made = page(SECTIONS)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


# the first versions that the reference names in "read by", and the eras they are of
_BEGAN = (
    ("2021", HOSTED_IMAGES),
    ("2022", HOSTED),
    ("0.10 and later", TASK),
    ("0.", COMMAND_LINE),
)
_ERAS = (HOSTED_IMAGES, HOSTED, COMMAND_LINE)
# rows of the reference that two eras share, though it names the later one
_TABLE_ROW = re.compile(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", re.MULTILINE)


def eras(read_by: str) -> set[Era]:
    """The eras of the lists that ``2022 to 0.9.2`` or ``0.1 to 0.2, 0.10`` touches."""
    found: set[Era] = set()
    for stretch in read_by.removeprefix("seen in ").split(", "):
        first, _, last = stretch.partition(" to ")
        begun, ended = _era(first), _era(last) if last else _era(first)
        if begun is not None and ended is not None:
            found |= set(_ERAS[_ERAS.index(begun) : _ERAS.index(ended) + 1])
    return found


def _era(version: str) -> Era | None:
    return next((era for began, era in _BEGAN if version.startswith(began)), None)


def documented() -> Iterator[tuple[Era, str, str]]:
    """Every key of the lists with each era that read it, and the provider it belongs to."""
    text = REFERENCE.read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        provider = re.fullmatch(r"`provider: (\w+)`", heading)
        for key, read_by in _TABLE_ROW.findall(body):
            for era in eras(read_by):
                yield era, provider[1] if provider else "", key


def test_every_key_has_a_row_in_every_era_that_read_it() -> None:
    told = {
        (section.era, of, row.key)
        for section in SECTIONS
        for row in section.rows
        for of in ("", row.place.of)
    }
    known = set(documented())
    assert len(known) > 90
    lacking = {(era.name, of, key) for era, of, key in known - told}
    assert lacking == set()


def test_every_key_of_a_task_has_a_row() -> None:
    told = {row.key for row in task.ROWS if row.place.of == "task"}
    known = set(keys_of(TaskForm))
    assert known - told == set()


def test_no_row_stands_twice() -> None:
    for section in SECTIONS:
        shown = [(row.place, row.shown) for row in section.rows]
        assert sorted({str(one) for one in shown}) == sorted(str(one) for one in shown)
