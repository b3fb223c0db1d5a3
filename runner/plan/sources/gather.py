"""Facts of the project -> the packages a job needs, and which of its files say so.

The workflow's own word comes first (``requirements``), then that of its script (PEP 723), then
that of the project it lies in (``pyproject.toml``, with its ``uv.lock``); without any, the
environment is a bare Python, as it was for the tools that read these files before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import Problem
from runner.plan import programs
from runner.plan.environment import EnvironmentSpec, LockedProject, RequirementFile
from runner.plan.facts import requirements_path, script_path
from runner.plan.missing import unusable
from runner.plan.sources import paths
from runner.plan.sources.dates import last_day
from runner.plan.sources.python import admits, fitting
from runner.units import quoted

if TYPE_CHECKING:
    from runner.errors import Place
    from runner.plan.environment import LinksFolder, LocalRequirement
    from runner.plan.facts import ProjectFacts
    from runner.plan.metadata.tables import Metadata, Said
    from runner.plan.requirements import Requirements
    from runner.spec.workflow import Workflow


class Wanted(NamedTuple):
    """The version of Python that is asked for, in the workflow file or on the command line.

    ``own`` is the one that is taken where nobody says anything.
    """

    python: str | None
    own: str


@dataclass(slots=True)
class Sources:
    """Where packages come from, while it is found out; ``problems`` stand in the way."""

    requirements: list[RequirementFile] = field(default_factory=list)
    local: dict[str, LocalRequirement] = field(default_factory=dict)
    links: list[LinksFolder] = field(default_factory=list)
    apart: dict[str, str] = field(default_factory=dict)
    """Archives outside the project, as uv reads them, with what tells a change."""
    options: list[tuple[str, str]] = field(default_factory=list)
    project: LockedProject | None = None
    python: str | None = None
    python_reason: str | None = None
    as_of: str | None = None
    notices: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def spec(self, wanted: Wanted, packages: tuple[str, ...]) -> EnvironmentSpec:
        """The environment; ``packages`` are the provider's own."""
        return EnvironmentSpec(
            wanted.python or self.python or wanted.own,
            tuple(self.requirements),
            (*packages, *self.apart),
            tuple(self.local.values()),
            tuple(self.links),
            tuple(dict.fromkeys(self.options)),
            self.project,
            as_of=self.as_of,
            python_reason=None if wanted.python else self.python_reason,
            stamps=tuple(self.apart.values()),
        )


def sources(workflow: Workflow, project: ProjectFacts, wanted: Wanted) -> Sources:
    """What the workflow, its script or its project asks for."""
    return _Gathering(workflow, project, wanted).gather()


class _Gathering:
    """One workflow's sources."""

    def __init__(self, workflow: Workflow, project: ProjectFacts, wanted: Wanted) -> None:
        self._workflow = workflow
        self._files = project.files
        self._wanted = wanted
        self._found = Sources()

    def gather(self) -> Sources:
        named = requirements_path(self._workflow)
        block = self._block()
        if named is not None:
            self._named(named)
            if block is not None and not block.problems:
                self._overruled(block, named)
        elif block is not None:
            self._described(block)
        else:
            self._project()
        return self._found

    def _block(self) -> Metadata | None:
        script = script_path(self._workflow)
        block = self._files[script].block if script is not None else None
        if block is not None and not block.said_anything:
            self._found.notices += block.notices
            return None
        return block

    def _overruled(self, block: Metadata, named: str) -> None:
        message = f"this block of metadata has no effect: the workflow names `{named}`"
        hint = "remove `requirements` from the workflow, and the block is taken"
        notice = Problem(message, place=block.place, hint=hint, code="requirement")
        self._found.notices.append(notice)

    # --- requirement files ------------------------------------------------------------------------

    def _named(self, path: str) -> None:
        route = self._workflow.route("requirements")
        problems = unusable(path, self._files[path], route, "requirements file")
        self._found.problems += problems
        if problems:
            return
        if paths.is_pyproject(path):
            self._named_project(path)
        elif paths.is_pylock(path):
            text = self._files[path].text
            self._found.requirements.append(RequirementFile(path, text or ""))
        else:
            self._all_files(path)

    def _named_project(self, path: str) -> None:
        described = self._files[path].project
        if described is None:
            route = self._workflow.route("requirements")
            message = f"`{path}` describes no project"
            hint = "it has no table [project], whose `dependencies` are installed"
            self._found.problems.append(Problem(message, route=route, hint=hint, code="missing"))
            return
        self._take_project(described)

    def _all_files(self, first: str) -> None:
        """The file, and all it includes, breadth first, each once."""
        reached: dict[str, bool] = {}
        waiting: list[tuple[str, bool, Place | None]] = [(first, False, None)]
        while waiting:
            path, constrains, place = waiting.pop(0)
            if reached.get(path, True) <= constrains and path in reached:
                continue
            fact = self._files[path]
            if place is not None:
                problems = unusable(path, fact, (), "requirements file", place)
                self._found.problems += problems
                if problems:
                    continue
            is_new = path not in reached
            reached[path] = constrains
            known = fact.requirements or _read(path, fact.text or "")
            if is_new:
                self._file(path, known)
            self._take_local(known, constrains=constrains)
            waiting += [
                (paths.included(path, one), constrains or one.constrains, one.place)
                for one in known.includes
            ]

    def _file(self, path: str, known: Requirements) -> None:
        found = self._found
        found.problems += known.problems
        found.notices += known.notices
        found.options += known.options
        text = known.text
        for link in known.links:
            from runner.plan.sources.inside import found_links

            folder, said = found_links(self._workflow.working_dir, path, link, self._files)
            if folder is not None:
                found.links.append(folder)
            (found.problems if said and said.code == "outside" else found.notices).extend(
                [said] if said else []
            )
            text = _replaced(text, link.line, folder.path if folder else None)
        found.requirements.append(RequirementFile(path, text))

    def _take_local(self, known: Requirements, *, constrains: bool) -> None:
        for one in known.local:
            if constrains:
                message = f"{quoted(one.target.at)} cannot be a constraint, as it has no version"
                hint = "name it in a file that is included with -r"
                problem = Problem(message, place=one.place, hint=hint, code="requirement")
                self._found.problems.append(problem)
                continue
            from runner.plan.sources.inside import found_apart, found_local

            apart = found_apart(self._workflow.working_dir, one, self._files)
            if apart is not None:
                self._found.apart.update([apart])
                continue
            found, said = found_local(self._workflow.working_dir, one, self._files)
            self._found.problems += [said] if said else []
            if found is not None:
                known_already = self._found.local.get(found.path)
                extras = (*(known_already.extras if known_already else ()), *found.extras)
                merged = replace(known_already or found, extras=tuple(dict.fromkeys(extras)))
                self._found.local[found.path] = merged

    # --- metadata ---------------------------------------------------------------------------------

    def _described(self, said: Metadata) -> None:
        """Take what a script or a project says."""
        found = self._found
        found.problems += said.problems
        found.notices += said.notices
        found.options += said.requirements.options
        if said.file is not None:
            found.requirements.append(said.file)
        self._take_local(said.requirements, constrains=False)
        if said.requires_python is not None:
            self._python(said.requires_python)
        if said.exclude_newer is not None:
            self._exclude_newer(said.exclude_newer)

    def _python(self, said: Said) -> None:
        wanted, found = self._wanted, self._found
        try:
            if wanted.python is None:
                found.python = fitting(said.value, wanted.own)
                if found.python is not None and found.python != wanted.own:
                    found.python_reason = f"{said.place.file} asks for {said.value}"
                fits = found.python is not None
            else:
                fits = admits(said.value, wanted.python)
        except ValueError:
            message = f"{quoted(said.value)} is no range of versions"
            problem = Problem(message, place=said.place, hint='write, for example, ">=3.10"')
            found.problems.append(problem)
            return
        if not fits:
            asked = f", and {wanted.python} is asked for" if wanted.python else ""
            message = f"{said.place.file} wants Python {said.value}{asked}"
            hint = "change one of them: `python` in the workflow file, or `--python`"
            found.problems.append(Problem(message, place=said.place, hint=hint, code="requirement"))

    def _exclude_newer(self, said: Said) -> None:
        self._found.as_of = last_day(said.value)
        if self._found.as_of is None:
            message = f"`exclude-newer` is no day, and has no effect: {said.value}"
            hint = "write the day: 2024-05-17"
            notice = Problem(message, place=said.place, hint=hint, code="requirement")
            self._found.notices.append(notice)

    # --- the project ------------------------------------------------------------------------------

    def _project(self) -> None:
        """The nearest ``pyproject.toml`` that describes a project, where nothing else does.

        Not where it could break a workflow that was written without it: where the workflow installs
        packages itself, asks for a Python that the project does not take, or where the file has
        mistakes; those are told, and the environment stays bare.
        """
        if programs.install(self._workflow.before):
            return
        for path in paths.projects(self._workflow):
            fact = self._files.get(path)
            if fact is None or fact.project is None:
                continue
            before, self._found = self._found, Sources()
            self._take_project(fact.project)
            if self._found.problems:
                before.notices += self._found.problems
                message = f"so nothing of {path} is installed"
                hint = "put it right, or name a file in the workflow: `requirements: …`"
                before.notices.append(
                    Problem(message, place=self._found.problems[0].place, hint=hint)
                )
                self._found = before
            else:
                self._found.notices[:0] = before.notices
            return

    def _take_project(self, said: Metadata) -> None:
        """A project's packages, those of its lock where it has one, and the project on top."""
        from runner.plan.sources.inside import itself, of_lock

        found = self._found
        lock = self._files.get(paths.lock_of(said.path))
        text = self._files[said.path].text
        if lock is None or lock.text is None or text is None or not said.is_readable:
            self._described(said)
            if said.itself is not None:
                found.local[said.folder] = itself(said)
            return
        found.project = LockedProject(said.path, text, lock.text)
        found.local.update((one.path, one) for one in of_lock(said.path, lock.text))
        if said.requires_python is not None:
            self._python(said.requires_python)


def _read(path: str, text: str) -> Requirements:
    from runner.plan.requirements import read

    return read(RequirementFile(path, text))


def _replaced(text: str, line: int, folder: str | None) -> str:
    """The text with the folder of a ``--find-links`` as it is below the project, or without it."""
    from runner.plan.requirements.variables import PROJECT

    lines = text.split("\n")
    lines[line - 1] = "" if folder is None else f"--find-links {PROJECT}/{folder}"
    return "\n".join(lines)
