"""The paths of artifacts: what may be written, and what it comes to."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from runner.document.document import Scalar
from runner.spec.artifact_paths import artifact_path


def refused(written: str) -> tuple[str, str]:
    with pytest.raises(PydanticCustomError) as raised:
        artifact_path(Scalar(written))
    context = raised.value.context
    assert context is not None
    return context["message"], context["hint"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("data", "data"),
        ("./data/", "data"),
        ("a/../b", "b"),
        ("..data", "..data"),
        ("out/*.ckpt", "out/*.ckpt"),
        ("**/*.ckpt", "**/*.ckpt"),
        ("*.ckpt", "*.ckpt"),
        ("/opt/conda/", "/opt/conda"),
        ("//opt//conda", "/opt/conda"),
        ("/opt/*/envs", "/opt/*/envs"),
        ("/../opt", "/opt"),
        ("~/data/", "~/data"),
        ("~//data", "~/data"),
        ("~/a/../b", "~/b"),
        ("~/*.csv", "~/*.csv"),
        ("a/~", "a/~"),
        ("a/@root", "a/@root"),
        ("/@root", "/@root"),
        ("/device", "/device"),
        ("-rf", "-rf"),
    ],
)
def test_a_path_comes_in_its_shortest_form(written: str, meant: str) -> None:
    assert artifact_path(Scalar(written)) == meant


@pytest.mark.parametrize("written", [".", "./", "data/..", "*", "**", "./**/", "a/../*"])
def test_it_is_never_the_whole_project(written: str) -> None:
    assert "the whole project folder" in refused(written)[0]


@pytest.mark.parametrize("written", ["~", "~/", "~/.", "~/a/..", "~/*", "~/**"])
def test_nor_the_whole_home(written: str) -> None:
    assert "the whole home folder" in refused(written)[0]


@pytest.mark.parametrize("written", ["/", "//", "/.", "/opt/..", "/*", "/**/model", "/o?t/x"])
def test_nor_the_whole_file_system(written: str) -> None:
    assert "the whole file system" in refused(written)[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("..", "leads out of the project folder"),
        ("../data", "leads out of the project folder"),
        ("a/../../b", "leads out of the project folder"),
        ("~/..", "leads out of the home folder"),
        ("~/../x", "leads out of the home folder"),
        ("~/a/../../x", "leads out of the home folder"),
        ("~bob/x", "another user"),
        ("~*/x", "another user"),
        ("/proc/1/environ", "a part of the system"),
        ("/opt/../dev/null", "a part of the system"),
        ("@root", "where absolute paths are kept"),
        ("./@root/opt", "where absolute paths are kept"),
    ],
)
def test_what_is_refused(written: str, said: str) -> None:
    message, hint = refused(written)
    assert said in message
    assert hint


PARTS = st.sampled_from(["a", "..", ".", "", "b c", "~", "*", "**", "é", "@root", "proc", "[x]"])


@given(st.sampled_from(["", "/", "//", "~/", "~"]), st.lists(PARTS, max_size=8))
def test_no_path_leads_out_of_where_it_begins(begin: str, parts: list[str]) -> None:
    written = begin + "/".join(parts)
    try:
        path = artifact_path(Scalar(written))
    except PydanticCustomError:
        return
    assert path.startswith("/") == written.startswith("/")
    assert path.startswith("~") == written.startswith("~")
    assert ".." not in path.split("/")
    assert posixpath.normpath(path) == path
    assert artifact_path(Scalar(path)) == path
