"""Commands of a shell: that they are not there, and what they are given."""

from __future__ import annotations

import re

from runner.engine.failing.causes.rule import Rule, Seen, rule
from runner.engine.failing.failure import Cause
from runner.plan.requirements.distributions import of_command

_NOT_FOUND = 127
_WRONG_USE = 2
_ENVIRON = re.compile(r"<frozen os>|/os\.py |environ")
_SECRET = ("key", "token", "secret", "password")


def _not_found(seen: Seen) -> Cause:
    command = seen["command"] or seen["env"]
    package = of_command(command)
    said = f"there is no command `{command}`"
    if package is not None:
        return Cause("missing_command", said, seen.known.add(package))
    if seen.known.contained:
        hint = "take an image that has it, or add the package that brings it to the requirements"
        return Cause("missing_command", said, hint)
    hint = "install it on this machine, or add the package that brings it to the requirements"
    return Cause("missing_command", said, hint)


def _windows(_: Seen) -> Cause:
    said = "the script has the line ends of Windows"
    return Cause("line_ends", said, r"sed -i 's/\r$//' FILE, with the name of the script")


def _arguments(seen: Seen) -> Cause | None:
    if seen.known.code != _WRONG_USE:
        return None
    hint = f"{seen.known.again('-- --help')} shows what it takes"
    return Cause("wrong_arguments", f"its arguments are wrong: {seen['said'][:200]}", hint)


def _unset(seen: Seen) -> Cause | None:
    name = seen["shell"] or seen["python"]
    if seen["python"] and not _ENVIRON.search(f"{seen.reading.innermost} {seen.reading.source}"):
        return None
    said = f"the variable {name} is not set"
    if name.lower().endswith(_SECRET):
        return Cause("missing_variable", said, f"wf secrets add {name}")
    return Cause("missing_variable", said, seen.known.again(f"-e {name}=VALUE"))


def _no_shell(seen: Seen) -> Cause | None:
    if not seen.known.contained:
        return None
    hint = "take an image that has one, or name the program of this one as the `entrypoint`"
    return Cause("missing_command", "the image has no shell to run the commands", hint)


RULES: tuple[Rule, ...] = (
    rule(r"^\[FATAL tini \(\d+\)\] exec (?:\S*/)?(?:ba)?sh failed: No such file", _no_shell),
    rule(
        r"\$'[^']*\\r': command not found|bash\\r|python3?\\r|\^M: bad interpreter|set: -\r",
        _windows,
    ),
    rule(
        r"(?:^|: )(?P<command>[^\s:]{1,200}): (?:command )?not found$"
        r"|^(?:/usr/bin/)?env: [\u2018'](?P<env>[^\u2019']{1,200})[\u2019']: No such file",
        _not_found,
    ),
    rule(r"(?:^|: )(?P<shell>\w{1,100}): unbound variable", _unset),
    rule(r"^KeyError: '(?P<python>[A-Z][A-Z0-9_]{2,100})'", _unset),
    rule(r"^(?:\S+: )?(?:[Ee]rror|FATAL)[: ]+(?P<said>\S.*)$", _arguments),
)
