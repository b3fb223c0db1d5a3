"""Files are compiled in the order in which a job will most likely import them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environments.finishing.order import imports, in_order


def order(files: dict[str, str], *roots: str) -> list[str]:
    return list(in_order(list(files), roots, lambda name: files[name].encode()))


def test_imports_are_followed_where_they_stand() -> None:
    files = {
        "a.py": "",
        "b/__init__.py": "import c\nfrom b import late\n",
        "b/late.py": "",
        "c.py": "import d.e\n",
        "d/__init__.py": "",
        "d/e.py": "",
    }
    assert order(files, "b") == [
        "b/__init__.py", "c.py", "d/__init__.py", "d/e.py", "b/late.py", "a.py",
    ]  # fmt: skip


def test_what_a_function_imports_comes_after_all_that_is_imported_at_once() -> None:
    files = {
        "a.py": "def f():\n    import seldom\nimport often\n",
        "often.py": "",
        "other.py": "",
        "seldom.py": "import behind\n",
        "behind.py": "",
    }
    assert order(files, "a") == ["a.py", "often.py", "seldom.py", "behind.py", "other.py"]


def test_tests_come_last() -> None:
    files = dict.fromkeys(["p/tests/test_a.py", "p/testing/b.py", "p/c.py", "test/d.py"], "")
    assert order(files)[0] == "p/c.py"


def test_tests_that_are_imported_do_not() -> None:
    files = {"p/__init__.py": "from p import testing\n", "a.py": "", "p/testing/__init__.py": ""}
    assert order(files, "p") == ["p/__init__.py", "p/testing/__init__.py", "a.py"]


def test_modules_that_import_each_other_end() -> None:
    assert order({"a.py": "import b\n", "b.py": "import a\n"}, "a") == ["a.py", "b.py"]


def test_a_root_that_is_not_there_is_passed_over() -> None:
    assert order({"a.py": ""}, "compiled_in_c") == ["a.py"]


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        ("import a", "m.py", ["a"]),
        ("import a.b as c, d", "m.py", ["a.b", "d"]),
        ("from a.b import c, d as e  # f", "m.py", ["a.b", "a.b.c", "a.b.d"]),
        ("from a import (  # all\n    b,\n    c as d,\n)\n", "m.py", ["a", "a.b", "a.c"]),
        ("from a import b, \\\n    c\n", "m.py", ["a", "a.b", "a.c"]),
        ("from . import b", "p/__init__.py", ["p", "p.b"]),
        ("from . import b", "p/m.py", ["p", "p.b"]),
        ("from .b import c", "p/q/m.py", ["p.q.b", "p.q.b.c"]),
        ("from ..b import *", "p/q/m.py", ["p.b"]),
        ("important = 1\nfrom_ = 2\n# import a\n", "m.py", []),
    ],
)
def test_statements_are_read_as_python_reads_them(
    text: str, file: str, expected: list[str]
) -> None:
    assert list(imports(text.encode(), file).first) == expected


def test_what_stands_deeper_comes_later() -> None:
    found = imports(b"try:\n    import a\nexcept ImportError:\n    a = None\nimport b\n", "m.py")
    assert found == (("b",), ("a",))


_NAMES = st.sampled_from(["a", "b", "c", "tests"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".py")
_TEXTS = st.one_of(
    st.text(max_size=30).map(str.encode),
    st.lists(_NAMES, max_size=3).map(
        lambda names: "".join(f"import {n}\n" for n in names).encode()
    ),
    st.builds(
        "from {}{} import {}\n".format, st.sampled_from(["", ".", "...."]), _NAMES, _NAMES
    ).map(str.encode),
    st.binary(max_size=20),
)


@given(st.dictionaries(_PATHS, _TEXTS, max_size=8), st.lists(_NAMES, max_size=2))
def test_every_file_comes_once_whatever_stands_in_it(
    files: dict[str, bytes], roots: list[str]
) -> None:
    found = list(in_order(list(files), roots, files.__getitem__))
    assert sorted(found) == sorted(files)
