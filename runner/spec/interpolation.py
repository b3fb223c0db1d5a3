"""``${{ name }}``: variables put into a workflow before its types are checked.

A value replaces the expression in every text of the workflow, and a text that was nothing but one
expression takes the value's own type: ``gpu: ${{ gpus }}`` is a number when the variable is. Once
replaced, a text is not looked at again. In the text of a shell nothing is replaced; the expression
becomes a reference to an environment variable (``shell.py``).

``${{ secrets.NAME }}`` may stand below ``env:``, where it stays until the job starts, below
``registry_auth:``, where it stays until the image is fetched, and in shell text, where it becomes a
reference to the variable of that name.

Hosted dstack also read ``$name`` for the names of variables; outside shell text, so does this
module. In shell text ``$name`` is an environment variable, which the job has by that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner import envvars
from runner.document.document import Scalar
from runner.document.scalars import plain
from runner.errors import Problem
from runner.spec import shell
from runner.spec.mistakes import MAX_PROBLEMS, did_you_mean
from runner.spec.workflow import SecretReference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.errors import Route

_MENTION = re.compile(
    rf"{shell.EXPRESSION.pattern}|(\$\{{\{{)|\$\{{([A-Za-z_]\w*)\}}|\$([A-Za-z_]\w*)"
)
REGISTRY_AUTH = "registry_auth"
# keys of a workflow whose texts a shell reads
SHELL_KEYS = frozenset({"commands", "setup", "before_run", "build", "init"})
# keys in whose texts secrets stay until they are needed
_SECRET_KEYS = frozenset({"env", "environment", REGISTRY_AUTH})
_MAX_TEXT = 1 << 16
# characters that variables may add to one file
MAX_GROWTH = 1 << 20

RUN_NAME = "run.name"
RUN_ARGS = "run.args"
_SECRET_PREFIX = "secrets."  # noqa: S105 - the place of one
_SECRET_NAME = re.compile(rf"{re.escape(_SECRET_PREFIX)}([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
SECRET_LATER = re.compile(r"\$\{\{ secrets\.([A-Za-z_][A-Za-z0-9_]*) \}\}", re.ASCII)
"""A secret in a value, until the job starts (:func:`with_secrets`)."""
NODE_RANK = "dstack.node_rank"
# stays in texts outside a shell until the run has its name (:func:`with_run_name`); one word, as
# a text may be split into words before
RUN_NAME_LATER = "${{run.name}}"
# the second is the word of 2021-06 to 2021-08
ARGS_PLACEHOLDERS = ("variables_as_args", "config_args")
_PLACEHOLDER = f"(?:{'|'.join(ARGS_PLACEHOLDERS)})"
_ARGS = re.compile(rf"\$(?:{_PLACEHOLDER}\b|\{{{_PLACEHOLDER}\}}|\{{\{{\s*{_PLACEHOLDER}\s*\}}\}})")


@dataclass(slots=True)
class Room:
    """How many characters variables may still add to a file."""

    left: int = MAX_GROWTH


@dataclass(slots=True)
class Scope:
    """The variables of one workflow, and what was found to be wrong while using them.

    ``takes_args`` becomes true when shell text uses the words given to the run, and ``secrets`` are
    those that texts refer to. ``room`` is shared by all workflows of a file.
    """

    variables: Mapping[str, str]
    room: Room = field(default_factory=Room)
    problems: list[Problem] = field(default_factory=list)
    takes_args: bool = False
    secrets: list[SecretReference] = field(default_factory=list)

    def workflow(self, item: dict[str, Any], route: Route) -> dict[str, Any]:
        """A workflow with every expression in it replaced, or referred to."""
        return {
            key: self.of_key(key, value, (*route, key), in_shell=key in SHELL_KEYS)
            for key, value in item.items()
        }

    def of_key(self, key: str, value: Any, route: Route, *, in_shell: bool) -> Any:  # noqa: ANN401
        """The value of a workflow's key with every expression in it replaced, or referred to."""
        if in_shell:
            return _each(value, route, self._shell)
        return _each(value, route, self._variable if key in _SECRET_KEYS else self._text)

    def resolve(self, value: Any, route: Route, *, in_shell: bool = False) -> Any:  # noqa: ANN401
        """``value`` with every expression replaced, or referred to."""
        return self.of_key("", value, route, in_shell=in_shell)

    def _variable(self, text: Scalar, route: Route) -> Scalar:
        """A variable of the job's, or another text in which secrets may stand."""
        return self._text(text, route, secrets=True)

    def _text(self, text: Scalar, route: Route, *, secrets: bool = False) -> Scalar:
        replaced = self._replaced(text, route, secrets=secrets)
        if replaced is None:
            message = "with its variables this text is too long"
            hint = f"{_MAX_TEXT:,} characters are the limit, and {MAX_GROWTH:,} more in all texts"
            self._tell(Problem(message, route=route, hint=hint, code="too-long"))
            return Scalar("")
        return plain(replaced) if _MENTION.fullmatch(text) else Scalar(replaced)

    def _replaced(self, text: str, route: Route, *, secrets: bool) -> str | None:
        """A text with values put in, or ``None`` as soon as it is too long."""
        pieces: list[str] = []
        at = length = 0
        for found in _MENTION.finditer(text):
            value = self._mention(found, route, secrets=secrets)
            pieces += [text[at : found.start()], value]
            length += found.start() - at + len(value)
            self.room.left -= max(len(value) - len(found[0]), 0)
            at = found.end()
            if length > _MAX_TEXT or self.room.left < 0:
                return None
        return "".join([*pieces, text[at:]]) if length + len(text) - at <= _MAX_TEXT else None

    def _mention(self, found: re.Match[str], route: Route, *, secrets: bool) -> str:
        if found[1] is not None:
            name = found[1].strip()
            secret = self._secret(found[0], name, route) if secrets else None
            return self._value(found[0], name, route) if secret is None else _later(secret)
        if found[2] is not None:
            self._not_closed(route)
            return ""
        name = found[3] or found[4]
        return self._known(name) or self.variables.get(name, found[0])

    def _known(self, name: str) -> str | None:
        """What a name stands for that hosted dstack gave a value."""
        if name in self.variables:
            return None
        if name in envvars.HOSTED_PLACEHOLDERS:
            return RUN_NAME_LATER
        return self._joined() if name in ARGS_PLACEHOLDERS else None

    def _joined(self) -> str:
        import shlex

        words = (word for name, value in self.variables.items() for word in (f"--{name}", value))
        return shlex.join(words)

    def _secret(self, written: str, name: str, route: Route) -> str | None:
        """The secret that is meant, if it is one."""
        found = _SECRET_NAME.fullmatch(name)
        if found is None:
            return None
        self.secrets.append(SecretReference(found[1], route, written))
        return found[1]

    def _value(self, written: str, name: str, route: Route) -> str:
        if name == RUN_NAME:
            return RUN_NAME_LATER
        if name in self.variables:
            return self.variables[name]
        known = self._known(name)
        if known is not None:
            return known
        self._unknown(written, name, route)
        return ""

    def _shell(self, text: Scalar, route: Route) -> Scalar:
        expanded = self._as_args(text)
        try:
            return Scalar(
                shell.refer(expanded, lambda text, name: self._reference(text, name, route))
            )
        except shell.CannotReferError as error:
            self._refused(error, route)
            return Scalar(text)

    def _refused(self, error: shell.CannotReferError, route: Route) -> None:
        written = error.expression
        if error.place is None:
            self._not_closed(route)
            return
        if error.place == "arithmetic":
            message = "a variable cannot stand where the shell evaluates what it holds"
            hint = f"on a line before: n=$(printf %d {written}), and then use n"
        else:
            message = "a variable cannot stand in a here-document whose delimiter is quoted"
            hint = "take the quotes off the delimiter, and write \\$ for each $ that is to stay"
        self._tell(Problem(message, route=route, mark=written, hint=hint, code="variable-place"))

    def _not_closed(self, route: Route) -> None:
        hint = "close it with `}}`"
        message = "`${{` begins an expression that is not closed"
        self._tell(Problem(message, route=route, mark="${{", hint=hint))

    def _as_args(self, text: str) -> str:
        """``$variables_as_args`` is ``--name value`` for every variable (2021-08 to 2022-07)."""
        if not any(word in text for word in ARGS_PLACEHOLDERS):
            return text
        words = " ".join(f'--{name} "${{{{ {name} }}}}"' for name in self.variables)
        return _ARGS.sub(lambda _: words, text)

    def _reference(self, written: str, name: str, route: Route) -> str:
        """The environment variable that holds the value of an expression in shell text."""
        if name == RUN_NAME:
            return envvars.RUN_NAME_REFERENCE
        if name == RUN_ARGS:
            self.takes_args = True
            return "@"
        if name == NODE_RANK:
            return envvars.NODE_RANK
        secret = self._secret(written, name, route)
        if secret is not None:
            return secret
        if name not in self.variables:
            self._unknown(written, name, route, in_shell=True)
        return reference_name(name)

    def _unknown(self, written: str, name: str, route: Route, *, in_shell: bool = False) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            return
        if any(known.route == route and known.mark == written for known in self.problems):
            return  # said once a text is enough
        if name.startswith(_SECRET_PREFIX):
            message, hint = _misplaced_secret(name)
        elif name == RUN_ARGS:
            message = f"`{name}` can stand in commands only"
            hint = "a script is given the words behind `--` after its args"
        elif name == NODE_RANK:
            message, hint = f"`{name}` can stand in commands only", "read it from $DSTACK_NODE_RANK"
        else:
            known = [*self.variables, RUN_NAME]
            known += [RUN_ARGS] if in_shell else []
            message = f"there is no variable `{name}`"
            hint = did_you_mean(name, known, "the variables here are")
        self._tell(Problem(message, route=route, mark=written, hint=hint, code="unknown-variable"))

    def _tell(self, problem: Problem) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def _each(
    value: Any,  # noqa: ANN401
    route: Route,
    resolve: Callable[[Scalar, Route], Scalar],
) -> Any:  # noqa: ANN401
    """``value`` with every text in it that may hold an expression resolved."""
    if isinstance(value, dict):
        return {key: _each(item, (*route, key), resolve) for key, item in value.items()}
    if isinstance(value, list):
        return [_each(item, (*route, index), resolve) for index, item in enumerate(value)]
    if not isinstance(value, Scalar) or "$" not in value:
        return value
    return resolve(value, route)


def _misplaced_secret(name: str) -> tuple[str, str]:
    if _SECRET_NAME.fullmatch(name) is None:
        return f"`{name}` is no name of a secret", "write ${{ secrets.NAME }}"
    message = f"`{name}` can stand below `env:` and in commands only"
    return message, f"the job has it in the variable {name.removeprefix(_SECRET_PREFIX)}"


def _later(secret: str) -> str:
    return f"${{{{ {_SECRET_PREFIX}{secret} }}}}"


def with_secrets(text: str, values: Mapping[str, str]) -> str:
    """A value with the secrets that it refers to, as far as there are ``values``."""
    return SECRET_LATER.sub(lambda found: values.get(found[1], found[0]), text)


def reference_name(name: str) -> str:
    """The environment variable by which shell text refers to a variable.

    It is one that nothing else uses, whatever the variable is called (``path``, say); two names
    that differ in signs alone get different ones.
    """
    spelled = "".join(c if c.isalnum() else f"_{ord(c):02X}_" for c in name)
    return f"WF_VAR_{spelled}"


def exported(variables: Mapping[str, str], run: str) -> dict[str, str]:
    """The variables as the job's environment has them: by name, upper-cased, and for references.

    Other signs than letters and digits become ``_`` (0.0.9:runner/internal/environment/common.go).
    A variable must not take the place of what programs need to start at all, and what is written
    as a name wins over what was upper-cased.
    """
    twins = {re.sub(r"[^A-Z0-9_]", "_", name.upper()): value for name, value in variables.items()}
    plain_names = {name: value for name, value in variables.items() if name.isidentifier()}
    references = {reference_name(name): value for name, value in variables.items()}
    named = {**twins, **plain_names}
    return {
        **{name: value for name, value in named.items() if name not in PROTECTED},
        **references,
        envvars.RUN_NAME_REFERENCE: run,
    }


def with_run_name(text: str, run: str) -> str:
    """A text with the run's name where it was asked for."""
    return text.replace(RUN_NAME_LATER, run)


PROTECTED = frozenset(
    {"PATH", "HOME", "SHELL", "USER", "LANG", "PWD", "IFS", "TMPDIR", "LD_LIBRARY_PATH",
     "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES",
     "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "WF_RUN", "WF_WORKFLOW", "WF_NOTES"}
)  # fmt: skip
