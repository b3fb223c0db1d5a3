"""The documents say what is true: their commands are typed, their tables are compared with code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from benchmarks.picture import picture
from runner import envvars, errors
from runner.allocation.interface import Passed, Standing, Turn
from runner.allocation.inventory import Gpu, Limited
from runner.artifacts.reading.values import Point, Series
from runner.cached import Cache, EnvironmentPaths
from runner.cli.main import VERBS
from runner.engine import run as engine
from runner.engine.accounting.sampler import Sampler, Sources
from runner.engine.ending import reconcile, verdict
from runner.engine.failing.failure import Failure, Place
from runner.paths import Home, RunPaths
from runner.process.confinement.interface import MemoryUse
from runner.process.values import Exit
from runner.records import codes, folder
from runner.records import documents as run_documents
from runner.records.attempts import Attempt
from runner.records.looking import Known
from runner.records.samples import Samples, columns
from runner.records.state import Status
from runner.spec.load import load
from runner.spec.providers.registry import PROVIDERS
from runner.spec.variables import load as load_variables
from runner.spec.workflow import Retry
from tests.acceptance.documents import (
    HOME,
    NEEDS,
    Cast,
    Page,
    Shell,
    Type,
    Write,
    agree,
    blocks,
    install,
    shown,
)
from tests.conftest import CACHE, REQUIRED, ROOT, Result, World, program, require
from tests.fakes.forms import keys_of
from tests.fakes.runners import ALICE, BOB, QUEUE, lab
from tests.servers.images import BASE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from types import ModuleType


DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
# variables of workflows that the documents show, and one that is not there
CHOSEN = {"--lr", "--title", "--lrx"}
SECONDS = 60.0
TRAINING_SECONDS = 900.0
# what a clone of this repository holds, as far as the documents use it
REPOSITORY = (".dstack", ".gitignore", "Makefile", "pyproject.toml", "requirements", "run_exps.sh",
              "workflows")  # fmt: skip


def documents() -> list[Path]:
    """README.md, CONTRIBUTING.md, CHANGELOG.md and every page below docs/."""
    found = [path for path in DOCS.rglob("*.md") if "_build" not in path.parts]
    return [*sorted(ROOT.glob("*.md")), *sorted(found)]


def read(path: Path) -> Page:
    """A document."""
    return Page(path, path.read_text(encoding="utf-8"))


def pages() -> Iterator[Any]:
    """The documents that ask their reader to type something."""
    for path in documents():
        page = read(path)
        if any(isinstance(step, Type) for step in page.steps()):
            named = {"training": pytest.mark.training, "docker": pytest.mark.docker}
            marks = [mark for name, mark in named.items() if name in page.needs]
            yield pytest.param(page, id=str(path.relative_to(ROOT)), marks=marks)


# --- what is typed -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", list(pages()))
def test_commands_print_what_the_page_says(
    page: Page, world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    prepare(page, world, request)
    shell = Shell(tmp_path, world.project, reader(world, tmp_path))
    cast = Cast(world.home)
    limit = TRAINING_SECONDS if "training" in page.needs else SECONDS
    wrong: list[tuple[Type, str]] = []
    silent: list[str] = []
    steps = page.steps()
    try:
        for at, step in enumerate(steps):
            if isinstance(step, Write):
                write(shell.folder() / step.path, step.text)
                continue
            printed, code = shell.run(cast.real(step.command), limit)
            documented = "\n".join(step.printed) + "\n" if step.printed else ""
            cast.meet(documented, printed)
            told = cast.told(printed)
            if not agree(page, documented, told):
                wrong.append((step, told))
            following = steps[at + 1] if at + 1 < len(steps) else None
            told_by = isinstance(following, Type) and following.command.startswith("echo $?")
            if code and not told_by:
                silent.append(f"{place(page, step)} exits with {code}, and no `echo $?` follows")
    finally:
        shell.close()
    if wrong and request.config.getoption("--update-golden"):
        rewrite(page, wrong)
    assert not wrong, "\n".join(difference(page, step, told) for step, told in wrong)
    assert not silent, "\n".join(silent)


def prepare(page: Page, world: World, request: pytest.FixtureRequest) -> None:
    """Make what a page needs, or skip it."""
    if "no gpu" in page.needs and os.path.exists("/proc/driver/nvidia/version"):
        pytest.skip("this machine has a GPU")
    if "past" in page.needs and "past" not in REQUIRED:
        pytest.skip("past: gigabytes to download; ask for it with WF_REQUIRE=past")
    if "training" in page.needs:
        require("training", no_packages(world))
    if "docker" in page.needs:
        request.getfixturevalue("docked")
        request.getfixturevalue("dockerd").client.tag(BASE, "python", "3.11-slim")
    if "repository" in page.needs:
        require("make", program("make"))
        clone(world)
        # of an environment with PyTorch, building it anew shows nothing that other pages do not
        cache = world.home / ".cache" / "wf"
        cache.parent.mkdir(exist_ok=True)
        cache.symlink_to(CACHE / "wf")


def write(path: Path, text: str) -> None:
    """Write a file as the reader of a page would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def reader(world: World, folder: Path) -> dict[str, str]:
    """The variables of somebody who has just installed wf, and set nothing of wf's own."""
    install(folder / "bin")
    own = {envvars.HOME, envvars.CACHE}
    kept = {name: value for name, value in world.variables.items() if name not in own}
    return {
        **kept,
        "PATH": f"{folder / 'bin'}{os.pathsep}{world.variables['PATH']}",
        # as on a terminal: what a line says is seen when it is written
        "PYTHONUNBUFFERED": "1",
    }


def no_packages(world: World) -> str | None:
    """Why no package can be installed here, or ``None``."""
    probe = World(world.home, world.home / "probe", world.variables)
    probe.write("requirements.txt", "packaging\n")
    probe.workflows(
        "workflows: [{name: probe, provider: bash, commands: 'true', "
        "requirements: requirements.txt}]"
    )
    done = probe.wf("run", "probe", timeout=SECONDS)
    shutil.rmtree(probe.project)
    return None if done.code == errors.OK else f"packages cannot be installed: {done.err}"


def clone(world: World) -> None:
    """Make the project a clone of this repository in which `make setup` has nothing to do."""
    for name in REPOSITORY:
        if (ROOT / name).is_dir():
            left_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, world.project / name, ignore=left_out)
        else:
            shutil.copy2(ROOT / name, world.project / name)
    install(world.project / ".venv" / "bin")
    (world.project / ".venv" / ".ready").touch()
    world.git()


def rewrite(page: Page, wrong: list[tuple[Type, str]]) -> None:
    """Write what was printed into the page; read the difference before committing."""
    lines = page.text.splitlines()
    for step, told in reversed(wrong):
        lines[step.line : step.line + len(step.printed)] = shown(told)
    page.path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def difference(page: Page, step: Type, told: str) -> str:
    """Where a page is wrong."""
    said = "\n".join(step.printed)
    return f"{place(page, step)} should print\n{said}\nbut it printed\n{told}"


def place(page: Page, step: Type) -> str:
    """Where a command stands."""
    return f"{page.path.relative_to(ROOT)}:{step.line}: `{step.command}`"


# --- what is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text)
    named = [first or second for first, second in links]
    missing = [
        link for link in named if "://" not in link and not (path.parent / link).resolve().exists()
    ]
    assert missing == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_needs_are_known(path: Path) -> None:
    assert read(path).needs <= NEEDS.keys()


def examples() -> Iterator[Any]:
    """Every workflow file that the documents show, with the variables shown before it."""
    for path in documents():
        variables = "variables:\n"
        for block in blocks(path.read_text(encoding="utf-8")):
            text = "\n".join(block.lines) + "\n"
            if block.language == "yaml" and text.startswith("variables:"):
                variables = text
            if block.language == "yaml" and text.startswith(("workflows:", "type: task")):
                name = f"{path.relative_to(ROOT)}:{block.line}"
                yield pytest.param(text, variables, id=name)


@pytest.mark.parametrize(("text", "variables"), list(examples()))
def test_workflow_files_can_be_read(text: str, variables: str) -> None:
    from runner.document.reader import read as compose

    known = load_variables(compose(variables.encode(), "variables.yaml"))
    if "# a mistake" in text:
        with pytest.raises(errors.WfError):
            load(compose(text.encode(), "workflows.yaml"), known)
    else:
        assert load(compose(text.encode(), "workflows.yaml"), known)


# --- reference: the tables are complete, and name nothing that is not there ----------------------


def sections(name: str) -> dict[str, str]:
    """The sections of a reference page, by the code in their heading or the heading itself."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    found = re.split(r"^##+ (.+)$", text, flags=re.MULTILINE)
    return {heading.strip(): body for heading, body in zip(found[1::2], found[2::2], strict=True)}


def first_column(text: str) -> list[str]:
    """The code that stands in the first cells of the tables of a text."""
    rows = re.findall(r"^\|([^|]*)\|", text, flags=re.MULTILINE)
    return [word for cell in rows for word in re.findall(r"`([^`]+)`", cell)]


def page_words(name: str) -> list[str]:
    return first_column((REFERENCE / name).read_text(encoding="utf-8"))


def test_every_key_of_the_workflow_file_is_documented() -> None:
    keys = {key for form in PROVIDERS.values() for key in keys_of(form)}
    assert sorted(set(page_words("workflow-file.md"))) == sorted(keys)


def test_every_option_of_a_requirements_file_is_documented() -> None:
    from runner.plan.requirements.options import FOR_ALL, OF_ONE

    page = (REFERENCE / "packages.md").read_text(encoding="utf-8")
    short = {"--requirement": "-r", "--constraint": "-c", "--editable": "-e"}
    assert [name for name in FOR_ALL | OF_ONE if f"`{short.get(name, name)}" not in page] == []


def test_every_key_of_a_limits_file_is_documented() -> None:
    from runner.allocation.limits.form import LimitsForm

    page = (REFERENCE / "limits-file.md").read_text(encoding="utf-8")
    _, table, rest = page.partition("| key | value |\n")
    assert table
    assert first_column(rest.partition("\n\n")[0]) == list(LimitsForm.model_fields)


def test_every_key_of_a_task_is_documented() -> None:
    from runner.spec.profiles import ProfilesForm
    from runner.spec.task_forms import PolicyForm, TaskForm, TaskResourcesForm

    # a profile has many keys of a task, which are not said again
    resources = ("resources", *keys_of(TaskResourcesForm, "resources."))
    again = {f"profiles.{key}" for key in (*keys_of(PolicyForm), *resources)}
    documented = set(page_words("task-file.md"))
    assert documented == {*keys_of(TaskForm), *keys_of(ProfilesForm)} - again


def test_every_key_of_a_task_without_effect_is_documented_as_such() -> None:
    from runner.spec.task_effects import NO_EFFECT, WITHOUT_CONTAINER

    said = sections("task-file.md")
    outer = {key for key in first_column(said["Without effect"]) if "." not in key}
    assert outer == set(NO_EFFECT) - {"project"}
    contained = {key for key in first_column(said["Its container"]) if "." not in key}
    assert contained - {"image"} == set(WITHOUT_CONTAINER)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_key_is_documented_where_its_provider_is(provider: str) -> None:
    own = set(keys_of(PROVIDERS[provider])) - common_keys()
    section = sections("workflow-file.md")[f"`provider: {provider}`"]
    assert set(first_column(section)) == own


def common_keys() -> set[str]:
    from runner.spec.forms import WorkflowForm

    return set(keys_of(WorkflowForm))


def commands() -> dict[str, ModuleType]:
    """Every verb, and every action that has arguments of its own: ``env``, ``artifacts list``."""
    found = {verb: import_module(f"runner.cli.commands.{at}") for verb, (at, _) in VERBS.items()}
    for verb, own in tuple(found.items()):
        actions = getattr(own, "ACTIONS", ())
        found |= {f"{verb} {action}": own.module(action) for action in actions}
    return found


COMMANDS = commands()


def test_every_verb_is_documented() -> None:
    documented = [name for name in sections("command-line.md") if name.startswith("`wf ")]
    assert sorted(documented) == sorted(f"`wf {command}`" for command in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_of_a_verb_is_documented(command: str) -> None:
    section = sections("command-line.md")[f"`wf {command}`"]
    actions = getattr(COMMANDS[command], "ACTIONS", ())
    assert sorted(first_column(section)) == sorted([*spellings(command), *actions])


def spellings(command: str) -> Iterator[str]:
    """The options of a command as the reference spells them: ``-f FILE``, ``--file FILE``."""
    actions: list[argparse.Action] = COMMANDS[command].parser()._actions
    for action in actions:
        if action.dest == "help":
            continue
        value = f" {action.metavar}" if action.metavar else ""
        if action.option_strings:
            yield from (f"{option}{value}" for option in action.option_strings)
        else:
            yield str(action.metavar)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_example_of_a_verb_is_right(command: str) -> None:
    """What ``--help`` shows as examples is accepted by the parser itself."""
    import shlex

    module = COMMANDS[command]
    help_text = module.parser().epilog
    shown = re.findall(rf"^  (wf {command}\b.*?)(?:  |$)", help_text, flags=re.MULTILINE)
    assert shown
    for line in shown:
        words = shlex.split(line.partition(" | ")[0])[1 + len(command.split()) :]
        parse = getattr(module, "parse", lambda parser, words: parser.parse_args(words))
        parse(module.parser(), words)


def variables_of_this_repository() -> set[str]:
    """What can be said by name to the workflows that it brings."""
    text = (ROOT / ".dstack" / "variables.yaml").read_text(encoding="utf-8")
    return {f"--{name}" for name in re.findall(r"^    ([\w-]+):", text, re.MULTILINE)}


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_names_a_verb_or_an_option_that_is_not_there(path: Path) -> None:
    known = {one: {word.split(" ")[0] for word in spellings(one)} for one in COMMANDS}
    variables = CHOSEN | variables_of_this_repository()
    text = path.read_text(encoding="utf-8")
    for line in re.findall(r"(?:^\$ |`|^)wf ((?!VERB)[a-z][^`\n|<>]*)", text, flags=re.MULTILINE):
        verb, *words = line.partition("#")[0].partition(" -- ")[0].split()
        if verb in {"help", "runs", "is"}:  # a verb of ours, and verbs of English
            continue
        assert verb in known, line
        verb = max((verb, " ".join([verb, *words[:1]])), key=lambda one: (one in known, one))
        options = {word for word in words if word.startswith("-")} - {"--", "--help"}
        if verb in {"run", "plan"}:
            options = {word for word in options if word.replace("_", "-") not in variables}
        assert options <= known[verb], line


def test_every_exit_code_is_documented() -> None:
    codes = {
        value
        for name, value in vars(errors).items()
        if name.isupper() and isinstance(value, int) and name != "SIGNAL_BASE"
    }
    documented = {int(word) for word in page_words("exit-codes.md") if word.isdigit()}
    assert documented == codes


def test_every_variable_is_documented() -> None:
    declared = {
        value for name, value in vars(envvars).items() if name.isupper() and isinstance(value, str)
    }
    declared |= {name for given in envvars.GIVEN for name in given.names}
    declared |= {*envvars.THREAD_COUNTS, *envvars.RANK_VARIABLES, *envvars.INTERPRETER_VARIABLES}
    declared |= {f"{prefix}*" for prefix in envvars.SCRUBBED_PREFIXES}
    documented = set(page_words("environment-variables.md"))
    assert declared - documented == set()
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "runner").rglob("*.py"))
    named = {word.removesuffix("*") for word in documented - declared}
    options = {f"PIP_{option.upper().replace('-', '_')}" for option in pip_options()}
    assert {name for name in named - options if f'"{name}' not in source} == set()


def pip_options() -> Iterable[str]:
    from runner.environments import pip_settings

    return pip_settings._UV


def test_the_table_of_what_a_job_is_given_is_that_of_the_code(
    request: pytest.FixtureRequest,
) -> None:
    path = REFERENCE / "environment-variables.md"
    text = path.read_text(encoding="utf-8")
    head = "| variable | value | from |\n| --- | --- | --- |\n"
    before, found, rest = text.partition(head)
    assert found
    table = re.match(r"(?:\|.*\n)*", rest)
    assert table is not None
    expected = "".join(
        f"| {', '.join(f'`{name}`' for name in given.names)} | {given.meaning} | {given.source} |\n"
        for given in envvars.GIVEN
    )
    if table[0] != expected and request.config.getoption("--update-golden"):
        path.write_text(before + head + expected + rest[table.end() :], encoding="utf-8")
    assert table[0] == expected


def test_every_variable_that_a_job_is_given_is_documented(world: World) -> None:
    world.workflows("workflows: [{name: a, provider: bash, commands: env, resources: {cpu: 1}}]")
    done = world.wf("run", "a")
    given = {line.partition("=")[0] for line in done.out.splitlines() if "=" in line}
    new = given - world.variables.keys() - {"_", "SHLVL", "PWD", "LC_CTYPE"}
    assert envvars.WF_NOTES in new
    assert new - set(page_words("environment-variables.md")) == set()


def test_every_status_and_reason_is_documented() -> None:
    section = sections("statuses.md")
    assert set(first_column(section["Statuses"])) == set(get_args(Status))
    assert set(first_column(section["Reasons"])) == reasons()


def reasons() -> set[str]:
    ends = [
        Exit(code=0, signal=None),
        Exit(code=1, signal=None),
        Exit(code=None, signal=9),
        Exit(code=None, signal=9, memory=MemoryUse(1, 1, 1)),
        Exit(code=None, signal=2, asked=(2,)),
        Exit(code=None, signal=15, asked=(15,)),
        Exit(code=None, signal=15, asked=(15,), limit=1.0),
    ]
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("engine", "records")
        for path in (ROOT / "runner" / folder).rglob("*.py")
    )
    return {
        *(verdict.judge(end).reason for end in ends),
        *codes._OF_REASONS,
        *codes._OF_JOBS,
        reconcile.DIED,
        reconcile.RESTARTED,
        *engine._REASONS.values(),
        *re.findall(r"reason=\"(\w+)\"", source),
        *re.findall(r"_REASONS\.get\([\w.]+, \"(\w+)\"\)", source),
    }


def test_every_file_on_disk_is_documented() -> None:
    section = sections("files.md")
    root = Path("ROOT")
    for heading, paths in (
        ("The state folder", Home(root)),
        ("A run's folder", RunPaths(root)),
        ("The cache folder", Cache(root)),
        ("An environment's folder", EnvironmentPaths(root)),
    ):
        made = (
            getattr(paths, name)
            for name, value in vars(type(paths)).items()
            if isinstance(value, property)
        )
        names = {str(path.relative_to(root)) for path in made}
        documented = {word.rstrip("/") for word in first_column(section[heading])}
        assert names <= documented, heading
        assert {word for word in documented - names if "FINGERPRINT" not in word} == set(), heading


# --- reference: JSON -----------------------------------------------------------------------------

FILE = """\
workflows:
  - name: good
    provider: python
    script: train.py
    requirements: requirements.txt
    python: "{python}"
    env: [A=1]
    artifacts: [out]
    resources: {{cpu: 1, memory: 512MB}}
  - name: next
    provider: bash
    depends-on: [good]
    commands: echo more > more/a
    artifacts: [more]
  - name: long
    provider: bash
    commands: sleep 1.5
  - name: big
    provider: bash
    commands: "true"
    resources: {{gpu: {{count: 4096}}}}
"""
# keys below which the names are the user's own
OPEN = {"variables", "plan.jobs[].variables", "jobs[].variables"}


def keys(document: Any, base: str = "") -> Iterator[str]:
    """Every key of a document with its route, ``[]`` standing for the items of a list."""
    if isinstance(document, dict):
        for key, value in document.items():
            route = f"{base}.{key}" if base else key
            yield route
            if route not in OPEN:
                yield from keys(value, route)
    elif isinstance(document, list):
        for item in document:
            yield from keys(item, f"{base}[]")


def documented_keys(heading: str) -> set[str]:
    return set(first_column(sections("json.md")[heading]))


@pytest.fixture
def told(world: World) -> dict[str, set[str]]:
    """The keys of every document that wf prints, by the heading in the reference."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    world.workflows(FILE.format(python=version))
    world.variables["WF_CACHE"] = str(world.home / "cache")  # environments are removed from it
    world.write("requirements.txt", "# nothing\n")
    world.write("train.py", "open('out/a', 'w').write('a')\n")
    told = {
        "A run": world.wf("run", "next", "--json"),
        "A plan": world.wf("plan", "next", "--json"),
        "The list of runs": world.wf("ps", "--json"),
        "The list of workflows": world.wf("ls", "--json"),
        "A validation": world.wf("validate", "--json"),
        "The artifacts of a run": world.wf("artifacts", "list", good(world), "--json"),
        "Pulled artifacts": world.wf("artifacts", "pull", good(world), "-o", "its", "--json"),
        "Pushed artifacts": world.wf("artifacts", "push", good(world), "--to", "remote", "--json"),
        "What files hold": world.wf("artifacts", "show", f"{good(world)}:out/a", "--json"),
        "The log of a run": world.wf("logs", "last", "--json"),
        "A start": world.wf("init", "train.py", "--dry-run", "--json"),
        "An export": world.wf("export", "good", "--json"),
        "Verified artifacts": world.wf("artifacts", "verify", "--json"),
        "All workflows": world.wf("run", "--all", "--keep-going", "--json"),
    }
    world.wf("run", "good", "-t", "best")
    world.wf("secrets", "add", "TOKEN", given="value of it")
    for listed in ("secrets", "tags"):
        told[f"The list of {listed}"] = world.wf(listed, "list", "--json")
    told["The list of environments"] = world.wf("env", "list", "--json")
    told["An environment"] = world.wf("env", "show", "last", "--json")
    told["Verified environments"] = world.wf("env", "verify", "--json")
    shown = world.wf("show", "last", "--json")
    assert shown.json().keys() == told["A run"].json().keys()
    machine = lab(Standing((ALICE, BOB), QUEUE)).document()
    assert world.wf("runners", "--json").json().keys() == machine.keys()
    found = {heading: set(keys(result.json())) for heading, result in told.items()}
    found |= {"A difference of artifacts": compared(), "Metrics": measured()}
    found["A comparison"] = side_by_side()
    found["The machine"] = set(keys(machine)) | set(
        keys(Limited("cpu", 2, "x")._asdict(), "limits[]")
    )
    turn = Turn(1, 2.0, (Passed("wet-mango-1", "ada", "1 core"),))
    found["A run"] |= set(keys(turn.document(), "resources.queue"))
    for heading in ("A run", "The list of runs"):
        found[heading] |= {f"waiting.{key}" for key in folder._WAITING}
        found[heading] |= set(keys(going(), "progress"))
    found["A run"] |= set(keys({"added": added(world)}))
    found["A run"] |= {f"restored.{key}" for key in run_documents._RESTORED}
    found["A run"] |= {f"container.{key}" for key in run_documents._CONTAINER}
    found["A plan"] |= {f"jobs[].retry.{key}" for key in Retry._fields}
    big = world.wf("plan", "big", "--json").json()
    found["A plan"] |= {key for key in keys(big) if not key.startswith("problem.")}
    found["A run"] |= {f"attempts[].{key}" for key in Attempt._fields} | {
        *keys({"usage": with_a_gpu()})
    }
    place = Failure(Place("train.py", 3), 1, (), None).document()
    found["A run"] |= set(keys(place, "failure"))
    world.wf("run", "long")
    samples = world.wf("show", "last", "--samples", "--json").json()
    assert samples["samples"]
    of_a_gpu = Samples(columns(1), ((1.0,) * len(columns(1)),)).documents()
    found["The samples of a run"] = set(keys(samples)) | set(keys({"samples": of_a_gpu}))
    world.write(".dstack/workflows.yaml", "workflows: [{name: a, name: b}]\n")
    found["A validation"] |= set(keys(world.wf("validate", "--json").json()))
    world.write(".dstack/workflows.yaml", "workflows: [{Name: a, provider: bash, commands: ls}]\n")
    found["A validation"] |= set(keys(world.wf("validate", "--fix", "--json").json()))
    world.write(".dstack/workflows.yaml", "workflows: [{name: a, name: b}]\n")
    found["An error"] = set(keys(world.wf("run", "a", "--json").json()))
    found["Removed environments"] = set(keys(removed(world).json()))
    return {heading: {key.removeprefix("[].") for key in found[heading]} for heading in found}


def compared() -> set[str]:
    """What is told of runs that differ in every way."""
    from runner.artifacts.entries import Entry
    from runner.artifacts.looking.comparing import Change, Difference
    from runner.artifacts.reading.contrast import Contrast, Fact, Measured
    from runner.cli.differing import Found, Side
    from runner.records.contents import Contents

    entry = Entry("a", "file", 1, "blake3:0")
    change = Change(entry, entry)
    side = Side(Contents("wet-mango-1", Path(), ()), None, [entry])
    files = Difference([entry], [entry], [change], [change], 0)
    contents = [("a", Contrast((Fact("epoch", 1, 2),)))]
    metrics = [Measured("loss", a_metric(), None)]
    told = set(keys(Found(side, side, files, contents, [("a", [])], metrics).document()))
    # entries are the same everywhere, and so are metrics
    again = ("removed[].", "moved[].", "changed[].before.", "changed[].after.", "metrics[].before.")
    return {key for key in told if not key.startswith(again)}


def side_by_side() -> set[str]:
    """What is told of runs that are compared, and differ."""
    from runner.records.comparing.comparison import compare
    from tests.unit.records.comparing.runs import a_run

    run = {"name": "wet-mango-1", "workflow": "train", "status": "succeeded"}
    metrics = {"metrics": {"loss": [[1, 0.5]]}, "phases": {"fit": 1.0}, "samples": {"fit": 5}}
    document = compare([a_run(run), a_run(run | metrics | {"commit": "a"})])
    told = set(keys(document.document()))
    # the names below these are the user's own, and those of what happens to be the same
    return {
        key for key in told if not re.match(r"runs\[\]\.(phases|samples|metrics)\.|same\.", key)
    }


def measured() -> set[str]:
    """What is told of a metric."""
    return set(Known((("a.csv", a_metric()),), ()).document()["loss"])


def a_metric() -> Series:
    """A metric with one value."""
    point = Point(1, None, None, 0.5)
    return Series("loss", 1, 0, point, 0.5, 0.5, (point,))


def added(world: World) -> Any:
    """What the record of files that were added by hand says of them; else it is as any record."""
    world.wf("tags", "add", "files", "-a", "train.py")
    record = world.record(":files")
    assert record.keys() == world.record(":best").keys()
    return record["added"]


def with_a_gpu() -> dict[str, Any]:
    """What is said of a run's use of a GPU, which may not be there."""
    gpu = Gpu("GPU-1", 0, "NVIDIA Fake", 80)
    sources = Sources(lambda: None, (gpu,), dict, lambda: 0.0, lambda: 0.0)
    return Sampler(sources, Path(os.devnull)).document()


def going() -> dict[str, Any]:
    """How far a job with a GPU is."""
    seconds = iter(range(9))
    gpu = Gpu("GPU-1", 0, "NVIDIA Fake", 80)
    sources = Sources(lambda: None, (gpu,), dict, lambda: float(next(seconds)), lambda: 0.0)
    sampler = Sampler(sources, Path(os.devnull))
    sampler.tick()
    return {**dict.fromkeys(folder._PROGRESS), "metrics": {}, "usage": sampler.latest()}


def removed(world: World) -> Result:
    """One of two environments is removed; the other is in use."""
    job = "provider: bash\n    commands:\n      - python -c 'import time; time.sleep(60)'\n"
    world.workflows(f"workflows:\n  - name: long\n    {job}")
    world.start("run", "long")
    world.running()
    pruned = world.wf("env", "prune", "--all", "--json")
    assert pruned.json()["in_use"]
    return pruned


def good(world: World) -> str:
    """The run that left something behind."""
    listed = world.wf("ps", "-a", "--json").json()
    return next(str(run["name"]) for run in listed if run["workflow"] == "good")


def test_every_key_of_every_document_is_documented(told: dict[str, set[str]]) -> None:
    for heading, found in told.items():
        # a run holds the plan it was made from, an unsatisfiable plan and a validation the mistakes
        own = {key for key in found if not key.startswith(("plan.", "problems[].", "runs[]."))}
        if heading in {"Pushed artifacts", "A comparison"}:
            own = found  # their runs are no documents of runs
        if heading == "An error":
            own = {key for key in found if not key.startswith("problems[].")}
            mistakes = {
                key.removeprefix("problems[].") for key in found if key.startswith("problems[].")
            }
            assert documented_keys("A mistake") == mistakes
        assert documented_keys(heading) == own, heading


# --- explanation ---------------------------------------------------------------------------------


def test_the_architecture_names_every_part_of_the_package() -> None:
    text = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
    there = {
        entry.name + ("/" if entry.is_dir() else "")
        for entry in (ROOT / "runner").iterdir()
        if not entry.name.startswith("_")
    }
    documented = set(first_column(text))
    assert documented == there


def test_the_person_in_the_documents_is_the_same_everywhere() -> None:
    homes = {
        home for path in documents() for home in re.findall(r"/home/\w+", path.read_text("utf-8"))
    }
    # the second is that of a job in a container
    assert homes <= {HOME, "/home/wf"}


@pytest.mark.skipif(shutil.which("git") is None, reason="git: `git` is not on PATH")
def test_the_documents_hold_no_build() -> None:
    done = subprocess.run(
        ["git", "ls-files", "docs/_build"], cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout == b""


def test_the_picture_of_starts_is_that_of_the_figures_beside_it() -> None:
    drawn = ROOT / "docs" / "_static" / "start-up.svg"
    figures = json.loads(drawn.with_suffix(".json").read_text())
    assert drawn.read_text() == picture(figures)
