"""Files and what is made of them: a new case is two files.

invalid/NAME.yaml and NAME.err
    a workflow file with mistakes, and what ``wf validate`` says to it
notices/NAME.yaml and NAME.err
    a sound file that holds something without effect, and what ``wf validate`` says to that
plans/NAME.yaml and NAME.json
    a sound file, and what would be done for each of its workflows
fixes/NAME.yaml, NAME.fixed and NAME.out
    a file with mistakes, what ``wf validate --fix`` makes of it, and what it says
valid/NAME.yaml
    a sound file, to which nothing is said

``NAME.variables.yaml`` beside a case is its variables file (what becomes of it is not compared),
``NAME.profiles.yaml`` its profiles.

The files keep every byte (see ``.gitattributes``): some mistakes are in their line endings.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.problems import show_error, show_fixed, show_notices
from runner.cli.render.style import style
from runner.document.mend import mend
from runner.engine.files import Beside, FileText
from runner.engine.opening import open_files
from runner.errors import INVALID, WfError
from runner.plan.facts import FileFact, History, ProjectFacts, ThenFacts, script_path
from runner.plan.plan import Choices
from runner.plan.planner import plan
from runner.spec import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.engine.files import WorkflowFiles
    from runner.errors import Problem
    from runner.spec.workflow import Workflow

    Golden = Callable[[Path, str], None]

HERE = Path(__file__).parent
SHOWN_AS = "workflows.yaml"
VARIABLES = ".variables.yaml"
PROFILES = ".profiles.yaml"

# the providers of the project itself
OWN_PROVIDERS = b"""\
providers:
  - name: my-provider
    image: me/my-provider:2
    commands: [python3 main.py]
  - name: bare-provider
"""

# the requirement files of the project that all plans are made in
REQUIREMENTS = {
    "requirements.txt": "torch==2.13.0\nlightning\n",
    "src/requirements.txt": "-r ../requirements.txt\n-c env/constraints.txt\nsix\n",
    "src/env/constraints.txt": "six==1.16.0\n",
}


def cases(folder: str) -> list[Path]:
    """The workflow files of a folder."""
    found = (HERE / folder).glob("*.yaml")
    return sorted(path for path in found if not path.name.endswith((VARIABLES, PROFILES)))


def texts(case: Path) -> dict[str, bytes]:
    """The files of a case: itself, and those beside it."""
    found = {SHOWN_AS: case.read_bytes()}
    beside = ((ending[1:], case.with_suffix(ending)) for ending in (VARIABLES, PROFILES))
    return {**found, **{name: path.read_bytes() for name, path in beside if path.exists()}}


def opened_texts(files: Mapping[str, bytes]) -> WorkflowFiles:
    """The files of a case, read."""
    variables, profiles = (
        FileText(files[ending[1:]], ending[1:]) if ending[1:] in files else None
        for ending in (VARIABLES, PROFILES)
    )
    beside = Beside(variables, FileText(OWN_PROVIDERS, "providers.yaml"), profiles)
    return open_files([FileText(files[SHOWN_AS], SHOWN_AS)], HERE, beside)


def opened(case: Path) -> WorkflowFiles:
    """A case, read."""
    return opened_texts(texts(case))


class Utf8(io.StringIO):
    """A stream that knows our symbols and is no terminal."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"


@pytest.mark.parametrize("case", cases("invalid"), ids=lambda case: case.stem)
def test_what_is_said_to_a_file_with_mistakes(case: Path, golden: Golden) -> None:
    with pytest.raises(WfError) as caught:
        opened(case)
    assert caught.value.kind == INVALID
    out = Utf8()
    show_error(caught.value, out, {})
    golden(case.with_suffix(".err"), out.getvalue())


@pytest.mark.parametrize("case", cases("notices"), ids=lambda case: case.stem)
def test_what_is_said_to_a_file_with_parts_that_have_no_effect(case: Path, golden: Golden) -> None:
    out = Utf8()
    workflows = opened(case).workflows
    show_notices((notice for workflow in workflows for notice in workflow.notices), out, {})
    golden(case.with_suffix(".err"), out.getvalue())


@pytest.mark.parametrize("case", cases("outside"), ids=lambda case: case.stem)
def test_what_is_said_besides_where_there_is_no_container(case: Path, golden: Golden) -> None:
    out = Utf8()
    workflows = opened(case).workflows
    show_notices((notice for workflow in workflows for notice in workflow.outside), out, {})
    golden(case.with_suffix(".err"), out.getvalue())


@pytest.mark.parametrize("case", cases("fixes"), ids=lambda case: case.stem)
def test_what_is_put_right_in_a_file_with_mistakes(case: Path, golden: Golden) -> None:
    mended = mend(texts(case), opened_texts)
    out = Utf8()
    out.writelines(show_fixed(mended.fixed, style(out, {})))
    if mended.error is not None:
        show_error(mended.error, out, {})
    golden(case.with_suffix(".out"), out.getvalue())
    golden(case.with_suffix(".fixed"), mended.files[SHOWN_AS].decode())


@pytest.mark.parametrize("case", cases("plans"), ids=lambda case: case.stem)
def test_what_would_be_done_for_a_sound_file(case: Path, golden: Golden) -> None:
    planned = {
        workflow.name: plan(workflow, Choices(), all_there(workflow), "3.11").job.document()
        for workflow in opened(case).workflows
    }
    found = json.dumps(planned, indent=2, ensure_ascii=False) + "\n"
    golden(case.with_suffix(".json"), found)


def all_there(workflow: Workflow) -> ProjectFacts:
    """A project that has every file the workflow names."""
    files = {path: FileFact("file", text) for path, text in REQUIREMENTS.items()}
    files |= {file.local: FileFact("file") for file in workflow.files}
    files[workflow.working_dir] = FileFact("directory")
    script = script_path(workflow)
    if script is not None:
        files[script] = FileFact("file")
    history = History("requirements.txt", "2022-05-20")
    return ProjectFacts(files, ThenFacts("2026-11-20", history, ("3.12.1", "3.10.13")))


@pytest.mark.parametrize("case", cases("valid"), ids=lambda case: case.stem)
def test_nothing_is_said_to_a_sound_file(case: Path) -> None:
    assert opened(case).workflows


@pytest.mark.parametrize(
    "case", cases("plans") + cases("notices") + cases("valid"), ids=lambda case: case.stem
)
def test_what_is_kept_of_a_file_is_all_of_it(case: Path) -> None:
    for workflow in opened(case).workflows:
        kept = json.dumps(stored.written(workflow))
        again = stored.read(json.loads(kept))
        assert json.dumps(stored.written(again)) == kept
        assert silent(again) == silent(workflow)
        assert list(map(told, again.notices)) == list(map(told, workflow.notices))


def silent(workflow: Workflow) -> Workflow:
    """Without notices, which are equal to themselves alone."""
    return replace(workflow, notices=(), outside=())


def told(problem: Problem) -> list[object]:
    return [str(getattr(problem, name)) for name in ("message", "hint", "route", "at_key", "code")]


@pytest.mark.parametrize(
    ("folder", "endings"),
    [
        ("invalid", {".err"}),
        ("notices", {".err"}),
        ("outside", {".err"}),
        ("plans", {".json"}),
        ("fixes", {".out", ".fixed"}),
    ],
)
def test_every_expectation_belongs_to_a_file(folder: str, endings: set[str]) -> None:
    for ending in endings:
        expected = {path.stem for path in (HERE / folder).glob(f"*{ending}")}
        assert expected == {path.stem for path in cases(folder)}
    assert {path.suffix for path in (HERE / folder).iterdir()} == {".yaml", *endings}


@pytest.mark.parametrize("folder", ["invalid", "notices", "outside", "plans", "fixes", "valid"])
@pytest.mark.parametrize("ending", [VARIABLES, PROFILES])
def test_every_file_beside_belongs_to_a_file(folder: str, ending: str) -> None:
    beside = {path.name for path in (HERE / folder).glob(f"*{ending}")}
    assert beside <= {f"{path.stem}{ending}" for path in cases(folder)}
