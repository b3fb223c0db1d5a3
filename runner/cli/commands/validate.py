"""``wf validate``: every mistake in the workflow file at once, and its correction on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.errors import INVALID, OK, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from runner.cli.context import Context, Source
    from runner.document.mend import Fixed
    from runner.engine.files import WorkflowFiles
    from runner.errors import Problem
    from runner.plan.plan import Job


class _Said(NamedTuple):
    """What is said to files without mistakes."""

    warnings: list[Problem]
    notices: list[Problem]


class _Checked(NamedTuple):
    opened: WorkflowFiles
    jobs: tuple[Job, ...]


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "validate",
        "Check the workflow file, and the files it names, without running anything.",
        [
            ("wf validate", "the workflow file of this project"),
            ("wf validate other.yaml", "another one"),
            ("wf validate --fix", "put right what can only have been meant one way"),
            ("wf validate --json", "the mistakes for programs, each with line and column"),
        ],
    )
    made.add_argument("path", nargs="?", metavar="FILE", help="the file to check")
    made.add_argument(
        "--fix", action="store_true", help="put right every mistake that leaves no doubt"
    )
    made.add_file()
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Check it: exit 0 when it can be run, 65 when not."""
    source = workflow_files(context, arguments.path or arguments.file)
    fixed: tuple[Fixed, ...] = ()
    if arguments.fix:
        source, fixed = _mended(source, context)
        if not arguments.json:
            _tell_fixed(fixed, context)
    try:
        checked = _check(source, context)
    except WfError as error:
        if not error.problems:
            raise
        return _tell(error, source, fixed, arguments, context)
    return _agree(checked, source, fixed, arguments, context)


def _document(
    source: Source,
    opened: WorkflowFiles | None,
    problems: tuple[Problem, ...],
    fixed: tuple[Fixed, ...],
    said: _Said,
) -> dict[str, object]:
    from runner.cli.render.problems import fixed_document, problem_document

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
            for found in opened.documents.values()
        ]
        if opened
        else [],
        "valid": opened is not None,
        "workflows": [workflow.name for workflow in workflows],
        "problems": [problem_document(problem) for problem in problems],
        "warnings": [problem_document(warning) for warning in said.warnings],
        "notices": [problem_document(notice) for notice in said.notices],
        "fixed": [fixed_document(done) for done in fixed],
    }


def _notices(checked: _Checked) -> list[Problem]:
    """What is read and does nothing here: keys, whole files, and lines of the files they name."""
    keys = [notice for workflow in checked.opened.workflows for notice in workflow.notices]
    files = [other.notice for other in checked.opened.neighbours]
    # one file can be named by many workflows
    lines = {_identity(notice): notice for job in checked.jobs for notice in job.notices}
    return [*keys, *files, *lines.values()]


def _identity(notice: Problem) -> tuple[object, ...]:
    place = notice.place
    return (notice.message, place and (place.file, place.line, place.column))


def _check(source: Source, context: Context) -> _Checked:
    """The file itself, then what each workflow needs of the project."""
    from runner.engine.opening import open_files
    from runner.engine.prepare import check

    opened = open_files(source.workflows, source.root, source.beside)
    return _Checked(opened, check(opened, context.today(), context.variables))


def _mended(source: Source, context: Context) -> tuple[Source, tuple[Fixed, ...]]:
    """The files with what could be put right, written."""
    from runner.cli.rewrite import rewrite
    from runner.document.mend import mend

    before = _texts(source)
    mended = mend(before, lambda texts: _check(_with_texts(source, texts), context))
    for name, text in mended.files.items():
        if text != before[name]:
            rewrite(context.cwd / name, name, source.root, before[name], text)
    return _with_texts(source, mended.files), mended.fixed


def _texts(source: Source) -> dict[str, bytes]:
    files = (*source.workflows, source.beside.variables)
    return {file.file: file.text for file in files if file is not None}


def _with_texts(source: Source, texts: Mapping[str, bytes]) -> Source:
    from dataclasses import replace

    variables = source.beside.variables
    changed = variables and replace(variables, text=texts[variables.file])
    return source._replace(
        workflows=tuple(replace(file, text=texts[file.file]) for file in source.workflows),
        beside=replace(source.beside, variables=changed),
    )


def _tell_fixed(fixed: tuple[Fixed, ...], context: Context) -> None:
    from runner.cli.render.problems import show_fixed
    from runner.cli.render.style import style

    context.out.writelines(show_fixed(fixed, style(context.out, context.variables)))


def _warnings(checked: _Checked, context: Context) -> list[Problem]:
    """What the scripts use that will not be there any more."""
    from runner.engine.ageing import Ageing

    return Ageing(checked.opened.root, context.variables).warnings(checked.jobs)


def _agree(
    checked: _Checked,
    source: Source,
    fixed: tuple[Fixed, ...],
    arguments: argparse.Namespace,
    context: Context,
) -> int:
    from runner.cli.render.problems import show_notices, show_warnings
    from runner.cli.render.style import style
    from runner.units import count

    opened = checked.opened
    warnings = _warnings(checked, context)
    notices = _notices(checked)
    if arguments.json:
        context.say_json(_document(source, opened, (), fixed, _Said(warnings, notices)))
        return OK
    dress = style(context.out, context.variables)
    left = "no mistakes left" if fixed else "no mistakes"
    others = {other.notice.place.file for other in opened.neighbours if other.notice.place}
    for name, found in opened.documents.items():
        if name in others:
            continue
        own = [workflow for workflow in opened.workflows if workflow.file == found.file]
        era = opened.era(found)
        said = f"{count(len(own), 'workflow')}, {left}"
        read_as = dress.paint(f"(format: {era.name}, {era.versions})", "dim")
        context.out.write(f"{dress.paint('✓', 'green')} {found.file}: {said} {read_as}\n")
    context.out.flush()
    show_warnings(warnings, context.err, context.variables)
    show_notices(notices, context.err, context.variables)
    return OK


def _tell(
    error: WfError,
    source: Source,
    fixed: tuple[Fixed, ...],
    arguments: argparse.Namespace,
    context: Context,
) -> int:
    from runner.cli.render.problems import count_line, show_problems
    from runner.cli.render.style import style

    if arguments.json:
        context.say_json(_document(source, None, error.problems, fixed, _Said([], [])))
        return INVALID
    show_problems(error.problems, context.err, context.variables)
    # what is left after a correction cannot be put right by another one
    fixable = 0 if arguments.fix else sum(problem.fix is not None for problem in error.problems)
    dress = style(context.err, context.variables)
    context.err.write(count_line(len(error.problems), fixable, dress))
    return INVALID
