"""``provider: bash``: the commands are those of one shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Result, World

HEAD = """\
workflows:
  - name: job
    provider: bash
"""


def run(world: World, commands: str) -> Result:
    """Run a workflow with what stands below ``commands:``."""
    lines = "".join(f"      {line}\n" if line else "\n" for line in commands.split("\n"))
    world.workflows(f"{HEAD}    commands:\n{lines}")
    return world.wf("run", "job")


def test_what_one_command_sets_the_next_one_has(world: World) -> None:
    done = run(
        world,
        "- mkdir -p sub\n"
        "- cd sub\n"
        "- export A=1\n"
        "- b=2\n"
        "- greet() { echo hello $1; }\n"
        "- set -u\n"
        "- basename $PWD\n"
        "- greet $A$b",
    )
    assert (done.code, done.out) == (0, "sub\nhello 12\n")


@pytest.mark.parametrize(
    ("failing", "code"), [("false", 1), ("(exit 7)", 7), ("no-such-command-here", 127)]
)
def test_the_first_that_fails_ends_it_with_its_code(world: World, failing: str, code: int) -> None:
    done = run(world, f"- echo before\n- {failing}\n- echo after")
    assert done.code == code
    assert "before" in done.out
    assert "after" not in done.out


def test_exit_ends_it(world: World) -> None:
    done = run(world, "- echo before\n- exit 0\n- echo after\n- false")
    assert (done.code, done.out) == (0, "before\n")


def test_what_is_allowed_to_fail_does_not_end_it(world: World) -> None:
    done = run(
        world, "- false || true\n- '! true || echo negated'\n- if false; then :; fi\n- echo on"
    )
    assert (done.code, done.out) == (0, "negated\non\n")


def test_a_failure_within_one_command_is_as_bash_has_it(world: World) -> None:
    """The last one counts, as in `bash -c`; nobody has set -e."""
    assert run(world, "- false; echo going on").out == "going on\n"


def test_the_workflow_may_be_stricter(world: World) -> None:
    done = run(world, "- set -eo pipefail\n- false | cat; echo not reached")
    assert (done.code, done.out) == (1, "")


def test_a_trailing_ampersand_works(world: World) -> None:
    done = run(world, "- echo from behind > out &\n- wait\n- cat out")
    assert (done.code, done.out) == (0, "from behind\n")


def test_a_here_document_works(world: World) -> None:
    done = run(world, "- |\n  cat <<'END'\n  $HOME stays\n  END\n- echo next")
    assert (done.code, done.out) == (0, "$HOME stays\nnext\n")


def test_a_command_over_several_lines_works(world: World) -> None:
    done = run(world, "- |\n  for i in 1 2; do\n    echo $i\n  done\n- >\n  echo a\n  b")
    assert (done.code, done.out) == (0, "1\n2\na b\n")


def test_a_comment_is_no_command(world: World) -> None:
    done = run(world, "- '# only a comment'\n- echo one  # and its comment\n- 'echo two # three'")
    assert (done.code, done.out) == (0, "one\ntwo\n")


def test_a_line_that_goes_on_works(world: World) -> None:
    done = run(world, "- |\n  echo one \\\n    two")
    assert done.out == "one two\n"


@pytest.mark.parametrize("broken", ["echo 'never closed", "if true", "echo )"])
def test_a_syntax_error_is_an_end_with_a_code(world: World, broken: str) -> None:
    done = run(world, f"- |\n  {broken}\n- echo after")
    assert done.code in {1, 2}
    assert "after" not in done.out.splitlines()
    assert world.record()["status"] == "failed"


def test_a_syntax_error_in_a_later_command_leaves_the_earlier_ones_done(world: World) -> None:
    done = run(world, "- echo done first\n- echo )")
    assert done.code == 2
    assert done.out.startswith("done first\n")


def test_it_is_bash_and_not_sh(world: World) -> None:
    done = run(world, "- a=(1 2 3)\n- '[[ ${#a[@]} == 3 ]]'\n- echo ${a[@]/2/two}\n- cat <<< here")
    assert (done.code, done.out) == (0, "1 two 3\nhere\n")


def test_no_start_up_file_of_the_user_is_read(world: World) -> None:
    for name in (".bashrc", ".bash_profile", ".profile"):
        (world.home / name).write_text("echo from $HOME; exit 3\n")
    assert run(world, "- echo clean").out == "clean\n"


def test_a_text_stands_for_a_list_of_its_lines(world: World) -> None:
    world.workflows(HEAD + "    commands: |\n      cd /\n\n      pwd\n")
    assert world.wf("run", "job").out == "/\n"


def test_values_are_never_spliced_into_the_text(world: World) -> None:
    world.workflows(
        HEAD + "    env: ['NAME=x\"; touch pwned; #$(touch pwned)']\n"
        "    commands: ['echo \"$NAME\"; ls']\n"
    )
    done = world.wf("run", "job")
    assert done.out == 'x"; touch pwned; #$(touch pwned)\n'


def test_python_is_the_environments(world: World) -> None:
    done = run(world, '- test "$(command -v python)" = "$VIRTUAL_ENV/bin/python"\n- echo $?')
    assert done.out == "0\n"


def test_the_variable_of_the_last_code_is_there(world: World) -> None:
    assert run(world, "- (exit 0)\n- echo $?").out == "0\n"


def test_unicode_arrives(world: World) -> None:
    assert run(world, "- echo 'gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n \N{SNOWMAN}'").out == (
        "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n \N{SNOWMAN}\n"
    )
