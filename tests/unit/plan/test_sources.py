"""Where packages come from: a project on disk, what is known of it, and the plan made of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.errors import Problem, WfError
from runner.plan.metadata.block import block
from runner.plan.metadata.pyproject import pyproject
from runner.plan.plan import Choices
from runner.plan.planner import plan
from runner.plan.sources.dates import last_day
from runner.plan.sources.python import admits, fitting
from runner.spec.load import load
from runner.workspace.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from runner.plan.plan import Job

BARE = "provider: python\nscript: train.py"
NAMED = f"{BARE}\nrequirements: requirements.txt"
SHELL = "provider: bash\ncommands: [python train.py]"
BUILT = '[build-system]\nrequires = []\n[project]\nname = "mine"\n'
PROJECT = '[project]\nname = "mine"\ndependencies = [\n  "six",\n  "attrs>=1",\n]\n'


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def planned(
    root: Path, files: dict[str, str], keys: str = NAMED, choices: Choices | None = None
) -> Job:
    """The job of a workflow with these keys, in a project with these files and a script."""
    write(root, {"train.py": "", **files})
    text = "workflows:\n- name: a\n" + "".join(f"  {line}\n" for line in keys.splitlines())
    (workflow,) = load(read(text.encode(), "workflows.yaml"))
    facts = Project(root).facts(workflow)
    return plan(workflow, choices or Choices(), facts, "3.11").job


def refused(root: Path, files: dict[str, str], keys: str = NAMED) -> list[Problem]:
    with pytest.raises(WfError) as caught:
        planned(root, files, keys)
    return list(caught.value.problems)


def place(problem: Problem) -> tuple[str, int, str]:
    """The file, the line and the text that a problem points at."""
    found = problem.place
    assert found is not None
    return found.file, found.line, found.excerpt[found.column - 1 : found.end_column - 1]


def lines(job: Job) -> list[tuple[str, int]]:
    """What is asked for, with the line of the file that says so."""
    return [
        (text, file.numbers[at] if file.numbers else at + 1)
        for file in job.environment.requirements
        for at, text in enumerate(file.text.splitlines())
        if text
    ]


# --- what lies in the project ---------------------------------------------------------------------


def test_local_requirements_are_left_out_of_the_shared_environment(tmp_path: Path) -> None:
    job = planned(tmp_path, {"requirements.txt": "six\n-e .[a]\n./lib\n", "pyproject.toml": BUILT,
                             "lib/setup.py": ""})  # fmt: skip
    assert lines(job) == [("six", 1)]
    found = [(one.shown, one.file, one.line) for one in job.environment.local]
    assert found == [("-e .[a]", "requirements.txt", 2), ("./lib", "requirements.txt", 3)]


def test_paths_begin_in_the_working_directory_as_those_of_pip(tmp_path: Path) -> None:
    files = {"src/requirements.txt": "-r more/dev.txt\n", "src/more/dev.txt": "./lib\n",
             "src/lib/setup.py": "", "src/train.py": ""}  # fmt: skip
    job = planned(tmp_path, files, f"{NAMED}\nworking_dir: src")
    assert [one.path for one in job.environment.local] == ["src/lib"]


def test_an_address_of_a_file_in_the_project_is_local(tmp_path: Path) -> None:
    files = {"requirements.txt": f"mine[a] @ {tmp_path.as_uri()}/lib\n", "lib/setup.py": ""}
    (one,) = planned(tmp_path, files).environment.local
    assert (one.path, one.extras, one.editable) == ("lib", ("a",), False)


def test_an_archive_outside_the_project_is_a_package_that_a_change_makes_another(
    tmp_path: Path,
) -> None:
    project, wheel = tmp_path / "project", tmp_path / "mine-1.0-py3-none-any.whl"
    project.mkdir()
    wheel.write_text("a")
    files = {"requirements.txt": f"{wheel}[more]; python_version > '3'\n"}
    spec = planned(project, files).environment
    assert spec.packages == (f"mine[more] @ {wheel.as_uri()} ; python_version > '3'",)
    assert spec.local == ()
    wheel.write_text("ab")
    other = planned(project, files).environment
    assert other.packages == spec.packages
    assert other.stamps != spec.stamps


def test_what_is_named_twice_is_installed_once_with_all_extras(tmp_path: Path) -> None:
    text = "-r base.txt\n-e .[a]\n"
    files = {"requirements.txt": text, "base.txt": ".[b]\n", "setup.py": ""}
    (one,) = planned(tmp_path, files).environment.local
    assert one.shown == "-e .[a,b]"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("-e ../other", "`../other` lies outside the project folder", "move it into the project"),
        ("./lib", "there is no `./lib` in the project", "begin in the working directory"),
        ("./folder", "it has neither pyproject.toml nor setup.py", "without this line"),
        ("./train.py", "`./train.py` is no package", "wheel"),
        ("numpy @ file:///croot/numpy_1/work", "is where conda once built `numpy`", "numpy==…"),
        ("~/lib", "there is no `~/lib` in the project", "begin in the working directory"),
    ],
)
def test_what_cannot_be_installed_from_the_project(
    tmp_path: Path, line: str, message: str, hint: str
) -> None:
    (tmp_path.parent / "other").mkdir(exist_ok=True)
    (problem,) = refused(tmp_path, {"requirements.txt": f"six\n{line}\n", "folder/a": ""})
    assert message in problem.message
    assert hint in str(problem.hint)
    assert place(problem) == ("requirements.txt", 2, line)


def test_a_constraint_has_a_name_and_a_version(tmp_path: Path) -> None:
    files = {"requirements.txt": "-c limits.txt\n", "limits.txt": "-e .\n", "setup.py": ""}
    (problem,) = refused(tmp_path, files)
    assert "cannot be a constraint" in problem.message
    files["requirements.txt"] = "-c limits.txt\n-r limits.txt\n"
    assert planned(tmp_path, {**files, "limits.txt": "six\n"}).environment.local == ()


def test_a_file_that_is_missing_is_told_where_it_is_included(tmp_path: Path) -> None:
    files = {"requirements.txt": "-r base.txt\n", "base.txt": "six\n\n-r gone.txt\n"}
    (problem,) = refused(tmp_path, files)
    assert problem.message == "the requirements file `gone.txt` does not exist"
    assert place(problem) == ("base.txt", 3, "gone.txt")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"train.py": ""})
    (tmp_path / "requirements.txt").write_bytes(b"six # \xfcber")
    (problem,) = refused(tmp_path, {})
    assert problem.message.startswith("the requirements file `requirements.txt` cannot be read: ")


def test_a_file_that_is_too_large_is_not_read_in_part(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, {"requirements.txt": "#" * (1 << 20) + "\nsix\n"})
    assert "larger than" in problem.message


# --- folders of packages --------------------------------------------------------------------------


def test_a_folder_of_packages_counts_with_what_lies_in_it(tmp_path: Path) -> None:
    files = {"env/requirements.txt": "-f wheels\nsix\n", "env/wheels/a-1.whl": "1",
             "env/wheels/notes.md": "1", "env/train.py": ""}  # fmt: skip
    keys = f"{BARE}\nrequirements: env/requirements.txt"
    job = planned(tmp_path, files, keys)
    assert lines(job) == [("--find-links ${PROJECT_ROOT}/env/wheels", 1), ("six", 2)]
    (before,) = job.environment.links
    assert (before.path, before.files) == ("env/wheels", ("a-1.whl",))
    assert "env/wheels/a-1.whl" in job.needs
    (same,) = planned(tmp_path, {"env/wheels/notes.md": "2"}, keys).environment.links
    assert same == before
    (other,) = planned(tmp_path, {"env/wheels/a-1.whl": "2"}, keys).environment.links
    assert other.digest != before.digest


def test_a_folder_of_packages_that_is_not_there_is_left_out_as_pip_does(tmp_path: Path) -> None:
    job = planned(tmp_path, {"requirements.txt": "-f wheels\nsix\n"})
    assert lines(job) == [("six", 2)]
    (notice,) = job.notices
    assert place(notice) == ("requirements.txt", 1, "wheels")


@pytest.mark.parametrize("order", [1, -1])
def test_a_folder_can_be_installed_and_have_packages(tmp_path: Path, order: int) -> None:
    text = "\n".join(["-e .", "-f ."][::order])
    job = planned(tmp_path, {"requirements.txt": text, "setup.py": "", "a-1.whl": "1"})
    assert [one.shown for one in job.environment.local] == ["-e ."]
    assert [folder.files for folder in job.environment.links] == [("a-1.whl",)]


# --- scripts --------------------------------------------------------------------------------------

BLOCK = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.12"
# dependencies = ["six", 'attrs>=1',
#   "numpy; python_version < '4'"]
#
# [tool.uv]
# exclude-newer = "2024-05-17"
# ///
import six
"""


def test_a_block_in_a_script_says_what_it_needs(tmp_path: Path) -> None:
    job = planned(tmp_path, {"train.py": BLOCK}, BARE)
    assert lines(job) == [("six", 4), ("attrs>=1", 4), ("numpy; python_version < '4'", 5)]
    found = job.environment
    assert (found.python, found.python_reason) == ("3.12", "train.py asks for >=3.12")
    assert found.as_of == "2024-05-17"
    assert found.origins == ("train.py",)


def test_the_workflows_own_requirements_come_first_and_that_is_said(tmp_path: Path) -> None:
    job = planned(tmp_path, {"train.py": BLOCK, "requirements.txt": "torch\n"})
    assert lines(job) == [("torch", 1)]
    assert job.environment.python == "3.11"
    (notice,) = job.notices
    assert notice.message == (
        "this block of metadata has no effect: the workflow names `requirements.txt`"
    )
    assert place(notice) == ("train.py", 2, "# /// script")


def test_a_python_that_the_script_does_not_take_is_a_mistake(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, {"train.py": BLOCK}, f"{BARE}\npython: 3.10")
    assert problem.message == "train.py wants Python >=3.12, and 3.10 is asked for"
    assert place(problem) == ("train.py", 3, ">=3.12")


@pytest.mark.parametrize(
    ("inner", "message", "line", "text"),
    [
        ("dependencies = [", "the block of metadata cannot be read", 2, None),
        ("dependencies = 'six'", "`dependencies` must be a list of texts", 2, None),
        ("dependencies = [1]", "`dependencies` must be a list of texts", 2, None),
        ("requires-python = 3", "`requires-python` must be a text", 2, None),
        ("requires-python = 'new'", "`new` is no range of versions", 2, "new"),
        ("requires-python = '<3'", "train.py wants Python <3", 2, "<3"),
        ("dependencies = ['six', 'a b']", "`a b` is not a requirement", 2, "a b"),
        ("dependencies = ['-e .']", "`-e .` is not a requirement", 2, "-e ."),
    ],
)
def test_a_mistake_in_a_block_is_told_on_the_scripts_line(
    tmp_path: Path, inner: str, message: str, line: int, text: str | None
) -> None:
    (problem,) = refused(tmp_path, {"train.py": f"# /// script\n# {inner}\n# ///\n"}, BARE)
    assert message in problem.message
    file, number, shown = place(problem)
    assert (file, number) == ("train.py", line)
    assert text is None or shown == text


def test_two_blocks_are_a_mistake(tmp_path: Path) -> None:
    once = "# /// script\n# dependencies = []\n# ///\n"
    (problem,) = refused(tmp_path, {"train.py": f"{once}x = 1\n{once}"}, BARE)
    assert problem.message == "train.py has two blocks of metadata"
    assert place(problem)[1] == 5


def test_a_block_without_an_end_is_none_and_that_is_said(tmp_path: Path) -> None:
    text = "# /// script\n# dependencies = ['six']\nimport six\n"
    job = planned(tmp_path, {"train.py": text, "pyproject.toml": PROJECT}, BARE)
    assert job.environment.origins == ("pyproject.toml",)
    assert [notice.message for notice in job.notices] == [
        "this block of metadata has no end, and so is none"
    ]


def test_a_block_may_hold_what_looks_like_an_end() -> None:
    """The example of PEP 723 itself: a block ends at the last mark of its comment."""
    text = "# /// script\n# dependencies = ['six']\n# [tool.x]\n# a = '''\n# ///\n# '''\n# ///\n"
    found = block("a.py", text)
    assert found is not None
    assert found.problems == ()
    assert found.requirements.text == "six\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_block_may_have_any_line_endings(ending: str) -> None:
    found = block("a.py", ending.join(["# /// script", "# dependencies = ['six']", "# ///", ""]))
    assert found is not None
    assert found.requirements.text == "six\n"


PARTS = [
    *("# /// script", "# ///", "# /// other", "#", "# dependencies = ['six', './a']", "x = 1", ""),
    *("# [tool.uv.sources]", "# six = {path = 'x'}", "# requires-python = '>3'", "# a = ["),
]


@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=12).map("\n".join))
def test_any_script_has_a_block_or_none(text: str) -> None:
    found = block("a.py", text)
    shown = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in () if found is None else (*found.problems, *found.notices):
        assert problem.place is not None
        assert problem.place.excerpt == shown[problem.place.line - 1]


# --- projects -------------------------------------------------------------------------------------


def test_a_project_says_what_its_scripts_need(tmp_path: Path) -> None:
    job = planned(tmp_path, {"pyproject.toml": PROJECT}, BARE)
    assert lines(job) == [("six", 4), ("attrs>=1", 5)]
    assert job.environment.local == ()


def test_a_project_that_can_be_built_is_installed_itself(tmp_path: Path) -> None:
    job = planned(tmp_path, {"pyproject.toml": BUILT}, BARE)
    (one,) = job.environment.local
    assert (one.shown, one.file, one.line) == ("-e .", "pyproject.toml", 1)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("[tool.ruff]\nline-length = 100\n[build-system]\nrequires = []\n", BARE),
        (PROJECT, SHELL),
        (PROJECT, f"{BARE}\nbefore_run: [pip install -r requirements.txt]"),
    ],
    ids=["settings", "shell", "pip"],
)
def test_what_ran_on_a_bare_python_still_does(tmp_path: Path, text: str, keys: str) -> None:
    job = planned(tmp_path, {"pyproject.toml": text}, keys)
    assert job.environment.origins == ()
    assert job.notices == ()


@pytest.mark.parametrize(
    "text",
    [
        PROJECT + 'requires-python = ">=3.12"\n',
        '[project]\ndependencies = ["a b"]\n',
        '[project]\ndependencies = ["a"]\n[tool.uv.sources]\na = {path = "../a"}\n',
        "[project]\ndependencies = [\n",
    ],
    ids=["python", "requirement", "outside", "syntax"],
)
def test_a_project_that_cannot_be_used_leaves_it_bare_and_that_is_said(
    tmp_path: Path, text: str
) -> None:
    job = planned(tmp_path, {"pyproject.toml": text}, f"{BARE}\npython: 3.10")
    assert job.environment.origins == ()
    assert job.environment.python == "3.10"
    assert job.notices[-1].message == "so nothing of pyproject.toml is installed"
    assert {place(notice)[0] for notice in job.notices} == {"pyproject.toml"}


def test_a_project_named_by_the_workflow_must_be_one(tmp_path: Path) -> None:
    keys = f"{SHELL}\nrequirements: pyproject.toml"
    assert planned(tmp_path, {"pyproject.toml": PROJECT}, keys).environment.origins
    (problem,) = refused(tmp_path, {"pyproject.toml": "[tool.ruff]\n"}, keys)
    assert problem.message == "`pyproject.toml` describes no project"
    (problem,) = refused(tmp_path, {"pyproject.toml": "[project\n"}, keys)
    assert problem.message.startswith("pyproject.toml cannot be read: ")


def test_the_nearest_project_is_taken(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "a/pyproject.toml": "[project]\ndependencies=['six']\n",
             "a/b/train.py": ""}  # fmt: skip
    job = planned(tmp_path, files, f"{BARE}\nworking_dir: a/b")
    assert job.environment.origins == ("a/pyproject.toml",)


def test_a_lock_of_uvs_is_taken_with_what_of_it_lies_in_the_project(tmp_path: Path) -> None:
    lock = (
        'version = 1\n\n[[package]]\nname = "six"\nversion = "1"\n'
        'source = { registry = "https://mirror.example/simple" }\n\n'
        '[[package]]\nname = "mine"\nversion = "1.0"\nsource = { editable = "." }\n\n'
        '[[package]]\nname = "part"\nversion = "1.0"\nsource = { directory = "libs/part" }\n\n'
        '[[package]]\nname = "all"\nversion = "1.0"\nsource = { virtual = "libs/all" }\n'
    )
    # uv knows where the rest of a workspace is, and says so in the lock
    described = f'{BUILT}dependencies = ["part"]\n[tool.uv.sources]\npart = {{workspace = true}}\n'
    files = {"pyproject.toml": described, "uv.lock": lock}
    found = planned(tmp_path, files, BARE).environment
    assert found.project is not None
    assert (found.project.path, found.project.pyproject) == ("pyproject.toml", described)
    assert found.project.lock == lock
    assert found.requirements == ()
    assert [(one.shown, one.line) for one in found.local] == [("-e .", 9), ("./libs/part", 14)]


def test_sources_of_uvs_are_addresses_paths_and_indexes(tmp_path: Path) -> None:
    text = """\
[project]
dependencies = ["a[x]>=1", "B_c", "d; python_version > '3'", "e", "f"]
[tool.uv.sources]
a = {git = "https://example.org/a.git", tag = "v1", subdirectory = "lib"}
b-c = {url = "https://example.org/b.zip"}
d = {path = "libs/d", editable = true}
e = {index = "torch"}
[[tool.uv.index]]
name = "torch"
url = "https://example.org/torch"
explicit = true
[[tool.uv.index]]
url = "https://example.org/main"
default = true
[[tool.uv.index]]
name = "unused"
url = "https://example.org/unused"
explicit = true
"""
    found = planned(tmp_path, {"pyproject.toml": text, "libs/d/setup.py": ""}, BARE)
    assert [line for line, _ in lines(found)] == [
        "a[x] @ git+https://example.org/a.git@v1#subdirectory=lib",
        "B_c @ https://example.org/b.zip",
        "e",
        "f",
        "--extra-index-url https://example.org/torch",
        "--index-url https://example.org/main",
    ]
    (one,) = found.environment.local
    assert (one.shown, one.marker) == ("-e ./libs/d", 'python_version > "3"')


def test_dependencies_that_only_a_build_tells_are_told(tmp_path: Path) -> None:
    text = BUILT + 'dynamic = ["version", "dependencies"]\n'
    job = planned(tmp_path, {"pyproject.toml": text}, BARE)
    (notice,) = job.notices
    assert place(notice) == ("pyproject.toml", 5, "dependencies")
    assert [one.shown for one in job.environment.local] == ["-e ."]


@given(st.text(max_size=60))
def test_any_text_is_a_project_or_none(text: str) -> None:
    found = pyproject("pyproject.toml", text)
    assert found is None or found.path == "pyproject.toml"


def test_a_common_lock_is_taken_as_it_is(tmp_path: Path) -> None:
    text = 'lock-version = "1.0"\ncreated-by = "x"\n'
    job = planned(tmp_path, {"pylock.toml": text}, f"{BARE}\nrequirements: pylock.toml")
    (file,) = job.environment.requirements
    assert (file.path, file.text) == ("pylock.toml", text)


# --- versions and days ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "python"),
    [
        (">=3.9", "3.11"),
        (">=3.12", "3.12"),
        ("<3.10", "3.9"),
        (">=3.8,<3.10", "3.9"),
        ("!=3.11.*", "3.10"),
        ("==3.9.*", "3.9"),
        ("==3.11.4", "3.11.4"),
        ("<=3.9.7,>=3.9", "3.9.7"),
        ("~=3.12", "3.12"),
        (">=4", None),
        ("", "3.11"),
    ],
)
def test_the_python_is_our_own_if_it_will_do_else_the_nearest(
    wanted: str, python: str | None
) -> None:
    assert fitting(wanted, "3.11") == python
    if python is not None:
        assert admits(wanted, python)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-05-17", "2024-05-17"),
        ("2024-05-17T00:00:00Z", "2024-05-16"),
        ("2024-03-01T12:00:00+02:00", "2024-02-29"),
        ("2024-02-30", None),
        ("0001-01-01T00:00:00Z", None),
        ("7 days", None),
    ],
)
def test_the_last_day_before_a_moment(written: str, day: str | None) -> None:
    assert last_day(written) == day
