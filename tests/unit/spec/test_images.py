"""Images that are another word for a Python."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.spec.images import python_of
from runner.spec.text import python_version

TAGS = st.from_regex(r"(-[a-zA-Z0-9_.]{1,12}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("python:3.9", "3.9"),
        ("python:3.9.13", "3.9"),
        ("python:3.10-slim-bullseye", "3.10"),
        ("docker.io/library/python:3.11", "3.11"),
        ("dstackai/python:3.9-cuda-11.1", "3.9"),
        ("dstackai/miniconda:3.8", "3.8"),
        ("dstackai/miniforge:py3.10-0.1", "3.10"),
        ("dstackai/base:py3.11-0.4-cuda-11.8", "3.11"),
    ],
)
def test_images_that_are_a_python(image: str, python: str) -> None:
    assert python_of(image) == python


@pytest.mark.parametrize(
    "image",
    [
        "",
        "python",
        "python:latest",
        "python:3",
        "python:2.7",
        "python:3.1",
        "python:3.5",
        "python:3.09",
        "python:3.٩",
        "me/python:3.9",
        "ghcr.io/me/python:3.9",
        "cpython:3.9",
        "pytorch/pytorch:1.12-cuda11.3",
        "dstackai/base:0.4-base-ubuntu22.04",
        "python:3.9-é",
        "python:3.9.٣",
        "python:3.9 ",
        "python:3.9\n",
        "python:3.9@sha256:00",
    ],
)
def test_images_that_are_more_than_a_python_or_none(image: str) -> None:
    assert python_of(image) is None


@given(
    st.sampled_from(["python:", "docker.io/python:", "dstackai/python:", "dstackai/base:py"]),
    st.integers(6, 99),
    TAGS,
)
def test_whatever_the_tag_says_besides(name: str, minor: int, tag: str) -> None:
    assert python_of(f"{name}3.{minor}{tag}") == f"3.{minor}"


@given(st.text(max_size=30) | st.from_regex(r"(dstackai/)?(python|base):(py)?3\.\d{1,3}.{0,3}"))
def test_any_image_is_one_that_can_be_asked_for_or_none(image: str) -> None:
    found = python_of(image)
    if found is not None:
        assert re.search(rf"[:y]{re.escape(found)}([.-]|\Z)", image)
        assert python_version(found) == found
