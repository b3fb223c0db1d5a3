"""``wf validate``: every mistake in the workflow file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.errors import INVALID, OK, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context, Source
    from runner.engine.prepare import WorkflowFiles
    from runner.errors import Problem


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "validate",
        "Check the workflow file, and the files it names, without running anything.",
        [
            ("wf validate", "the workflow file of this project"),
            ("wf validate other.yaml", "another one"),
            ("wf validate --json", "the mistakes for programs, each with line and column"),
        ],
    )
    made.add_argument("path", nargs="?", metavar="FILE", help="the file to check")
    made.add_file()
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Check it: exit 0 when it can be run, 65 when not."""
    from runner.cli.render.problems import show_notices
    from runner.cli.render.style import style
    from runner.units import count

    source = workflow_files(context, arguments.path or arguments.file)
    try:
        opened = _check(source)
    except WfError as error:
        if not error.problems:
            raise
        return _tell(error, source, arguments, context)
    if arguments.json:
        context.say_json(_document(source, opened, ()))
        return OK
    dress = style(context.out, context.variables)
    others = {other.notice.place.file for other in opened.neighbours if other.notice.place}
    for found in opened.documents:
        if found.file in others:
            continue
        own = [workflow for workflow in opened.workflows if workflow.file == found.file]
        era = opened.era(found)
        said = f"{count(len(own), 'workflow')}, no mistakes"
        read_as = dress.paint(f"(format: {era.name}, {era.versions})", "dim")
        context.out.write(f"{dress.paint('✓', 'green')} {found.file}: {said} {read_as}\n")
    notices = _notices(opened)
    if notices:
        context.out.flush()
        show_notices(notices, context.err, context.variables)
    return OK


def _document(
    source: Source, opened: WorkflowFiles | None, problems: tuple[Problem, ...]
) -> dict[str, object]:
    from runner.cli.render.problems import problem_document

    workflows = opened.workflows if opened else ()
    return {
        "file": source.workflows[0].file,
        "files": [
            {
                "file": found.file,
                "era": opened.era(found).name,
                "versions": opened.era(found).versions,
                "workflows": [named.name for named in workflows if named.file == found.file],
            }
            for found in opened.documents
        ]
        if opened
        else [],
        "valid": opened is not None,
        "workflows": [workflow.name for workflow in workflows],
        "problems": [problem_document(problem) for problem in problems],
        "notices": [problem_document(notice) for notice in (_notices(opened) if opened else [])],
    }


def _notices(opened: WorkflowFiles) -> list[Problem]:
    """What is read and does nothing here: keys, and whole files."""
    keys = [notice for workflow in opened.workflows for notice in workflow.notices]
    return [*keys, *(other.notice for other in opened.neighbours)]


def _check(source: Source) -> WorkflowFiles:
    """The file itself, then what each workflow needs of the project."""
    from runner.engine.prepare import open_files, prepare
    from runner.errors import invalid
    from runner.plan.plan import Choices

    opened = open_files(source.workflows, source.root, source.beside)
    problems: list[Problem] = []
    for workflow in opened.workflows:
        try:
            prepare(opened, workflow.name, Choices())
        except WfError as error:
            problems += [problem for problem in error.problems if not _known(problem, problems)]
    if problems:
        raise invalid(problems)
    return opened


def _known(problem: Problem, problems: list[Problem]) -> bool:
    """Two workflows may name one faulty requirements file."""
    return any(_key(problem) == _key(other) for other in problems)


def _key(problem: Problem) -> tuple[object, ...]:
    place = problem.place
    return (problem.message, place and (place.file, place.line, place.column))


def _tell(error: WfError, source: Source, arguments: argparse.Namespace, context: Context) -> int:
    from runner.cli.render.problems import count_line, show_problems
    from runner.cli.render.style import style

    if arguments.json:
        context.say_json(_document(source, None, error.problems))
        return INVALID
    show_problems(error.problems, context.err, context.variables)
    context.err.write(count_line(len(error.problems), style(context.err, context.variables)))
    return INVALID
