"""Everything that can be wrong with what a run is given: said clearly, and no run is left behind.

Where the file is at fault every reading verb says the same.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import World

GOOD = """\
workflows:
  - name: train
    provider: python
    script: train.py
"""
# every alias stands for ten of the one before: ten thousand million
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 11)
)


def refused(world: World, said: str, code: int = 65, *words: str) -> str:
    """``wf run train`` is refused with ``said``, and there is no run; what was said."""
    done = world.wf("run", "train", *words)
    assert done.code == code, done.err
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert world.runs() == []
    return done.err


def test_an_empty_file(world: World) -> None:
    world.workflows("")
    said = refused(world, "error: .dstack/workflows.yaml is empty")
    assert "hint: it starts with `workflows:`" in said


@pytest.mark.parametrize("text", ["\n\n", "# only a comment\n", "---\n", "~\n"])
def test_as_good_as_empty(world: World, text: str) -> None:
    world.workflows(text)
    done = world.wf("run", "train")
    assert done.code == 65
    assert "hint:" in done.err
    assert world.runs() == []


def test_a_directory_in_its_place(world: World) -> None:
    (world.project / ".dstack" / "workflows.yaml").mkdir(parents=True)
    refused(world, ".dstack/workflows.yaml is a folder")


def test_a_pipe_in_its_place_is_not_waited_for(world: World) -> None:
    (world.project / ".dstack").mkdir()
    os.mkfifo(world.project / ".dstack" / "workflows.yaml")
    refused(world, ".dstack/workflows.yaml is not a regular file")


def test_a_socket_in_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.project / ".dstack").mkdir()
    monkeypatch.chdir(world.project / ".dstack")  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("workflows.yaml")
        refused(world, ".dstack/workflows.yaml")


def test_an_endless_device_in_its_place(world: World) -> None:
    (world.project / ".dstack").mkdir()
    (world.project / ".dstack" / "workflows.yaml").symlink_to("/dev/zero")
    refused(world, ".dstack/workflows.yaml is not a regular file")


def test_a_dangling_link_in_its_place(world: World) -> None:
    (world.project / ".dstack").mkdir()
    (world.project / ".dstack" / "workflows.yaml").symlink_to("nowhere")
    done = world.wf("run", "train")
    assert done.code in {64, 65}
    assert ".dstack/workflows.yaml" in done.err
    assert world.runs() == []


@pytest.mark.parametrize(
    "content",
    [b"\x7fELF\x02\x01\x01\x00\x00", bytes(range(256)), b"\x89PNG\r\n\x1a\n\x00", b"workflows:\0"],
    ids=["elf", "all", "png", "nul"],
)
def test_a_binary_file(world: World, content: bytes) -> None:
    world.workflows("").write_bytes(content)
    done = world.wf("run", "train")
    assert done.code == 65
    assert "is not UTF-8 text" in done.err or "is a binary file" in done.err
    assert content.decode("latin-1") not in done.err
    assert world.runs() == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_another_encoding(world: World, encoding: str) -> None:
    text = GOOD.replace("train.py", "tr\N{LATIN SMALL LETTER A WITH DIAERESIS}in.py")
    world.workflows("").write_bytes(text.encode(encoding))
    done = world.wf("run", "train")
    assert done.code == 65
    assert "hint:" in done.err
    assert world.runs() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"---\n" + text + b"...\n",
        lambda text: text.rstrip(b"\n"),
    ],
    ids=["byte order mark", "crlf", "markers", "no last newline"],
)
def test_what_is_odd_but_fine(world: World, change: Callable[[bytes], bytes]) -> None:
    world.workflows("").write_bytes(change(GOOD.encode()))
    world.write("train.py", "print('fine')\n")
    assert world.wf("run", "train").out == "fine\n"


def test_50_megabytes(world: World) -> None:
    path = world.workflows(GOOD)
    with path.open("ab") as file:
        file.truncate(50_000_000)
    said = refused(world, "has 50.0 MB; a workflow file has at most 1 MiB")
    assert "hint:" in said


def test_50_megabytes_of_yaml(world: World) -> None:
    line = "  - {name: x, provider: bash, commands: [a]}\n"
    world.workflows("workflows:\n" + line * (50_000_000 // len(line)))
    refused(world, "50.0 MB")


def test_anchors_that_explode(world: World) -> None:
    world.workflows(BOMB)
    said = refused(world, "error:")
    assert ".dstack/workflows.yaml:" in said
    assert "alias" in said


def test_an_anchor_that_holds_itself(world: World) -> None:
    world.workflows("workflows: &a\n  - *a\n")
    refused(world, "stands for nothing")


def test_nesting_without_end(world: World) -> None:
    world.workflows("workflows: " + "[" * 100_000)
    refused(world, "nested deeper than 50 levels")


def test_a_merge_key(world: World) -> None:
    world.workflows("base: &b {provider: bash}\nworkflows:\n  - <<: *b\n    name: train\n")
    refused(world, "merge keys (`<<`) are not read")


def test_a_tag_that_would_make_an_object(world: World) -> None:
    world.workflows("workflows: !!python/object/apply:os.system [touch pwned]\n")
    refused(world, "tags are not read")
    assert not (world.project / "pwned").exists()


def test_duplicate_keys(world: World) -> None:
    world.workflows(GOOD + "    script: other.py\n")
    said = refused(world, "`script` stands here for the second time (first on line 4)")
    assert ".dstack/workflows.yaml:5:5: error:" in said
    assert "    script: other.py" in said
    assert "    ^^^^^^" in said


def test_tabs(world: World) -> None:
    world.workflows("workflows:\n\t- name: train\n")
    said = refused(world, ".dstack/workflows.yaml:2:1: error: not valid YAML")
    assert "hint: YAML is indented with spaces; replace the tab" in said


def test_two_documents(world: World) -> None:
    world.workflows(GOOD + "---\n" + GOOD)
    said = refused(world, "a second document starts here")
    assert ".dstack/workflows.yaml:5:1" in said


@pytest.mark.parametrize(
    "text",
    [
        "workflows: [",
        "workflows:\n  - name: 'train\n",
        "workflows:\n  - name: train\n   provider: bash\n",
        "workflows:\n  - name: a: b\n",
        "%YAML 9.9\n---\nworkflows: []\n",
        "workflows:\n  - name: @train\n",
    ],
    ids=["open", "quote", "indent", "colon", "directive", "at"],
)
def test_what_is_no_yaml(world: World, text: str) -> None:
    world.workflows(text)
    said = refused(world, "not valid YAML")
    assert ".dstack/workflows.yaml:" in said


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "42\n"])
def test_what_is_yaml_and_no_mapping(world: World, text: str) -> None:
    world.workflows(text)
    refused(world, "a mapping is wanted here")


@pytest.mark.parametrize("value", ["{}", "[]", "text", "", "3"])
def test_what_is_no_list_of_workflows(world: World, value: str) -> None:
    world.workflows(f"workflows: {value}\n")
    refused(world, "a list of workflows is wanted here")


def test_an_unknown_workflow(world: World) -> None:
    world.workflows(GOOD)
    done = world.wf("run", "trian")
    assert done.code == 64
    assert "there is no workflow `trian` in .dstack/workflows.yaml" in done.err
    assert "hint: did you mean `train`?" in done.err
    assert world.runs() == []


def test_an_unknown_workflow_that_is_like_none(world: World) -> None:
    world.workflows(GOOD)
    assert "hint: the workflows are: train" in world.wf("run", "xyzzy").err


def test_an_unknown_provider(world: World) -> None:
    world.workflows(GOOD.replace("provider: python", "provider: pyton"))
    said = refused(world, ".dstack/workflows.yaml:3:15: error: unknown provider `pyton`")
    assert "hint: did you mean `python`?" in said


def test_an_unknown_key(world: World) -> None:
    world.workflows(GOOD + "    artefacts: [model]\n")
    said = refused(world, ".dstack/workflows.yaml:5:5: error: unknown key `artefacts`")
    assert "hint: did you mean `artifacts`?" in said


@pytest.mark.parametrize("missing", ["name", "provider", "script"])
def test_a_missing_key(world: World, missing: str) -> None:
    lines = [line for line in GOOD.splitlines(keepends=True) if f"{missing}:" not in line]
    text = "".join(lines)
    if missing == "name":
        text = text.replace("    provider", "  - provider")
    world.workflows(text)
    refused(world, f"`{missing}`")


def test_every_mistake_at_once_in_the_order_of_the_file(world: World) -> None:
    world.workflows(
        "workflows:\n"
        "  - name: train\n"
        "    provider: python\n"
        "    script: 3\n"
        "    resources: {cpu: none}\n"
        "  - name: train\n"
        "    provider: bash\n"
        "    comands: [a]\n"
    )
    world.write("3", "")
    said = refused(world, "unknown key `comands`")
    assert said.index("whole number") < said.index("unknown key `comands`")


def test_a_name_twice(world: World) -> None:
    world.workflows(GOOD + GOOD.removeprefix("workflows:\n"))
    refused(world, "the workflow `train` is already defined on line 2")


def test_a_missing_script(world: World) -> None:
    world.workflows(GOOD)
    world.write("trian.py", "")
    said = refused(
        world, ".dstack/workflows.yaml:4:13: error: the script `train.py` does not exist"
    )
    assert "    script: train.py" in said
    assert "hint: did you mean `trian.py`?" in said


def test_a_script_that_is_a_folder(world: World) -> None:
    world.workflows(GOOD)
    (world.project / "train.py").mkdir()
    refused(world, "the script `train.py` is a folder")


@pytest.mark.parametrize("path", ["../train.py", "a/../../train.py", "/etc/passwd", "~/train.py"])
def test_a_script_outside_the_project(world: World, path: str) -> None:
    world.workflows(GOOD.replace("train.py", path))
    (world.project.parent / "train.py").write_text("print('no')\n")
    said = refused(world, ".dstack/workflows.yaml:4:13: error:")
    assert path in said


def test_a_script_that_a_link_leads_outside(world: World, tmp_path: Path) -> None:
    world.workflows(GOOD)
    outside = tmp_path / "outside.py"
    outside.write_text("print('no')\n")
    (world.project / "train.py").symlink_to(outside)
    refused(world, "the script `train.py` lies outside the project folder")


def test_a_missing_requirements_file(world: World) -> None:
    world.workflows(GOOD + "    requirements: requirments.txt\n")
    world.write("train.py", "")
    world.write("requirements.txt", "")
    said = refused(world, "the requirements file `requirments.txt` does not exist")
    assert ".dstack/workflows.yaml:5:19" in said
    assert "hint: did you mean `requirements.txt`?" in said


def test_an_included_requirements_file_that_is_missing(world: World) -> None:
    world.workflows(GOOD + "    requirements: requirements.txt\n")
    world.write("train.py", "")
    world.write("requirements.txt", "-r base.txt\n")
    said = refused(world, "the requirements file `base.txt` does not exist")
    assert "requirements.txt:1:4: error:" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("torch=2.0", "`torch=2.0` is not a requirement"),
        ("torch>=", "`torch>=` is not a requirement"),
        ("two words", "`two words` is not a requirement"),
        ("-e .", "`.` cannot be installed: it has neither pyproject.toml nor setup.py"),
        ("./local", "there is no `./local` in the project"),
        ("-e ../other", "`../other` lies outside the project folder"),
        ("six @ file:///opt/six", "`/opt/six` lies outside the project folder"),
        ("--no-deps", "`--no-deps` is no option of a requirements file"),
    ],
)
def test_a_requirement_with_a_syntax_error(world: World, line: str, said: str) -> None:
    world.workflows(GOOD + "    requirements: requirements.txt\n")
    world.write("train.py", "")
    world.write("requirements.txt", f"# fine\nsix==1.16.0\n{line}\n")
    told = refused(world, said)
    assert "requirements.txt:3:" in told
    assert f"│ {line}" in told


def test_requirements_that_include_each_other(world: World) -> None:
    """Not a mistake: each is read once."""
    world.workflows(GOOD + "    requirements: a.txt\n")
    world.write("train.py", "print('fine')\n")
    world.write("a.txt", "-r b.txt\n")
    world.write("b.txt", "-r a.txt\n")
    done = world.wf("plan", "train")
    assert done.code == 0
    assert "a.txt, b.txt" in done.out


@pytest.mark.parametrize(
    "path",
    [
        "../model",
        "a/../../model",
        "..",
        ".",
        "/",
        "/*/x",
        "~",
        "~/..",
        "~bob/x",
        "a/..",
        "'*'",
        "''",
    ],
)
def test_an_artifact_path_that_leads_out(world: World, path: str) -> None:
    world.workflows(GOOD + f"    artifacts: [model, {path}]\n")
    world.write("train.py", "")
    said = refused(world, ".dstack/workflows.yaml:5:24: error:")
    assert "hint:" in said or path == "''"


@pytest.mark.parametrize("path", ["../elsewhere", "/tmp", "no-such-folder", "train.py"])
def test_a_working_directory_that_is_none(world: World, path: str) -> None:
    world.workflows(GOOD + f"    working_dir: {path}\n")
    world.write("train.py", "")
    refused(world, path)


@pytest.mark.parametrize(
    "resources",
    ["{cpu: 0}", "{cpu: -1}", "{cpu: 1.5}", "{memory: 16}", "{memory: big}", "{gpu: one}", "[1]"],
)
def test_resources_that_make_no_sense(world: World, resources: str) -> None:
    world.workflows(GOOD + f"    resources: {resources}\n")
    world.write("train.py", "")
    refused(world, ".dstack/workflows.yaml:5:")


@pytest.mark.parametrize(
    "env", ["[A=1, A=2]", "[1A=2]", "[A-B=1]", "{A B: 1}", "text", "{A: [1]}", "[[A]]"]
)
def test_variables_that_make_no_sense(world: World, env: str) -> None:
    world.workflows(GOOD + f"    env: {env}\n")
    world.write("train.py", "")
    refused(world, ".dstack/workflows.yaml:5:")


def test_escape_sequences_of_the_file_do_not_reach_the_terminal(world: World) -> None:
    world.workflows(GOOD.replace("provider: python", 'provider: "\\e]0;title\\a\\e[31mred"'))
    said = refused(world, "unknown provider")
    assert "\x1b" not in said
    assert "\x07" not in said


def test_more_than_the_machine_has(world: World) -> None:
    world.workflows(GOOD + "    resources: {cpu: 4096}\n")
    world.write("train.py", "")
    said = refused(world, "train asks for 4,096 cores; this machine has", 69)
    assert ".dstack/workflows.yaml:5:17" in said
    assert "`wf run train --cpus" in said


def test_an_unreadable_state_folder_is_said(world: World) -> None:
    world.workflows(GOOD)
    world.write("train.py", "")
    (world.home / "state").write_text("a file")
    done = world.wf("run", "train")
    assert done.code == 73
    assert str(world.home / "state") in done.err
    assert "WF_HOME" in done.err
    assert "Traceback" not in done.err


def test_an_unwritable_cache_is_said_and_recorded(world: World) -> None:
    world.workflows(GOOD)
    world.write("train.py", "")
    cache = world.home / "cache"
    cache.write_text("a file")
    done = world.wf("run", "train", WF_CACHE=str(cache))
    assert done.code == 78
    assert "WF_CACHE" in done.err
    record = world.record()
    assert (record["status"], record["reason"]) == ("failed", "environment")


@pytest.mark.parametrize("verb", [("ls",), ("validate",), ("plan", "train")])
@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\xff\xfe", "is not UTF-8 text"), (BOMB.encode(), "alias")],
    ids=["empty", "binary", "bomb"],
)
def test_every_reading_verb_says_the_same(
    world: World, verb: tuple[str, ...], content: bytes, said: str
) -> None:
    world.workflows("").write_bytes(content)
    done = world.wf(*verb)
    assert done.code == 65
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert not (world.home / "state").exists()
