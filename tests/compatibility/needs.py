"""Rows for ``depends-on`` and ``deps``, which two eras each had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.compatibility.row import Read, Refused, Row

if TYPE_CHECKING:
    from tests.compatibility.row import Place

PREPARE = {
    ".dstack/workflows/prepare.yaml": (
        "workflows:\n  - name: prepare\n    provider: bash\n    commands: [make]\n"
    )
}
MODES = "dependencies[].mode"


def depends_on(place: Place, listed: str, mapped: str) -> tuple[Row, ...]:
    """Hosted: what is named runs first. ``listed`` and ``mapped`` say when the forms were read."""
    return (
        Row(
            place,
            "depends-on",
            "depends-on: [prepare]",
            Read(MODES, ("run",)),
            f"{listed}They run first, or runs that were the same are reused; their artifacts are "
            "there when the job starts.",
            files=PREPARE,
        ),
        Row(
            place,
            "depends-on",
            "depends-on: [prepare:latest]",
            Read("dependencies[].tag", ("latest",)),
            "The run of `prepare` that carries the tag; `latest` is a tag like any other.",
            form="depends-on: [NAME:TAG]",
            files=PREPARE,
        ),
        Row(
            place,
            "depends-on",
            "depends-on:\n  - prepare: latest",
            Refused("a workflow is wanted here, not a mapping"),
            "Refused then too; `prepare:latest`, without the space, is proposed.",
            form="depends-on: [NAME: TAG]",
            files=PREPARE,
        ),
        Row(
            place,
            "depends-on",
            "depends-on: prepare",
            Refused("a list is wanted here"),
            "Refused then too.",
            form="depends-on: NAME",
            files=PREPARE,
        ),
        Row(
            place,
            "depends-on",
            "depends-on: [gone]",
            Refused("`gone`"),
            "A workflow that no file of the project defines.",
            form="depends-on: [UNKNOWN]",
        ),
        Row(
            place,
            "depends-on.workflows",
            "depends-on: {workflows: [prepare]}",
            Read(MODES, ("run",)),
            f"{mapped}The same as a list.",
            files=PREPARE,
        ),
        Row(
            place,
            "depends-on.repo",
            "depends-on: {repo: {include: [train.py, src]}}",
            Read("code", ("train.py", "src")),
            f"{mapped}The files and folders that tell whether a former run was the same; else all "
            "of the project does.",
            form="depends-on.repo.include",
        ),
    )


def deps(place: Place) -> tuple[Row, ...]:
    """The command line: what is named has run before."""
    return (
        Row(
            place,
            "deps",
            "deps: [prepare]",
            Read(MODES, ("last",)),
            "Until 0.0.14. The last run of `prepare` that succeeded; it is never run for this. "
            "What it left behind is there when the job starts, as a copy.",
            form="deps: [NAME]",
            files=PREPARE,
        ),
        Row(
            place,
            "deps",
            'deps: [":mnist", prepare:v1]',
            Read("dependencies[].tag", ("mnist", "v1")),
            "Until 0.0.14. The run that carries the tag.",
            form="deps: [:TAG]",
            files=PREPARE,
        ),
        Row(
            place,
            "deps",
            "deps:\n  - :mnist",
            Read("dependencies[].tag", ("mnist",)),
            "The same; the colon needs no quotes.",
            form="deps: - :TAG",
        ),
        Row(
            place,
            "deps",
            "deps: [me/other/prepare]",
            Refused("belongs to another repository"),
            "Runs of other projects are named by a tag.",
            form="deps: [USER/REPO/NAME]",
        ),
        Row(
            place,
            "deps.workflow",
            "deps: [{workflow: prepare}]",
            Read(MODES, ("last",)),
            "The same as `NAME`; from 0.1 the only spelling.",
            files=PREPARE,
        ),
        Row(
            place,
            "deps.tag",
            "deps: [{tag: mnist}]",
            Read("dependencies[].tag", ("mnist",)),
            "The same as `:TAG`; from 0.1 the only spelling.",
        ),
        Row(
            place,
            "deps.mount",
            "deps: [{workflow: prepare, mount: true}]",
            Read(MODES, ("last",)),
            "Until 0.0.14. Makes no difference: the files lie on this machine either way.",
            files=PREPARE,
        ),
        Row(
            place,
            "deps",
            "deps: [{}]",
            Refused("either `workflow` or `tag` is wanted here"),
            "Refused then too.",
            form="deps: [{}]",
        ),
    )
