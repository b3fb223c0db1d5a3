"""What shell commands start, told without a shell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.programs import install, started, use_conda


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pip install six", [("pip", "install", "six")]),
        ("a && b || c; d & e | f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("echo 'pip install' \"uv x\"", [("echo", "pip install", "uv x")]),
        ("a 'it'\\''s' b\\ c", [("a", "it's", "b c")]),
        ("a # pip install x\nb", [("a",), ("b",)]),
        ("a b#c", [("a", "b#c")]),
        ("A=1 B='x y' a", [("a",)]),
        ("sudo -E env A=1 a b", [("a", "b")]),
        ("timeout 10 a", [("a",)]),
        ("if a; then b; else c; fi", [("a",), ("b",), ("c",)]),
        ("a \\\n  b", [("a", "b")]),
        ("a > out 2>&1 < in", [("a", "2")]),
        ("(a; (b))", [("a",), ("b",)]),
        ("echo $(a b)", [("a", "b"), ("echo", "$(a b)")]),
        ('echo "x $(a "b c") y"', [("a", "b c"), ("echo", 'x $(a "b c") y')]),
        ("echo `a b`", [("a", "b"), ("echo", "`a b`")]),
        ("x=$(a)", [("a",)]),
        ("diff <(a) <(b)", [("a",), ("b",), ("diff",)]),
        ("echo ${X:-pip install} $((1 + (2)))", [("echo", "${X:-pip install}", "$((1 + (2)))")]),
        ("cat <<EOF\npip install x\nEOF\na", [("cat",), ("a",)]),
        ("cat <<-'END' > f && a\n\tb\n\tEND\nc", [("cat",), ("a",), ("c",)]),
        ("cat <<EOF", [("cat",)]),
        ("bash -ec 'a && b'", [("bash", "-ec", "a && b"), ("a",), ("b",)]),
        ('eval "$X" a', [("eval", "$X", "a"), ("$X", "a")]),
        ("case x in a) b;; esac", [("case", "x", "in", "a"), ("b",), ("esac",)]),
        ("'", [("",)]),
        ("$(", [("$(",)]),
        ("", []),
    ],
)
def test_words(text: str, words: list[tuple[str, ...]]) -> None:
    assert list(started(text)) == words


@pytest.mark.parametrize(
    "command",
    [
        "echo 'pip install six'",
        "# pip install six",
        "python train.py  # after pip install six",
        "cat <<EOF > notes\npip install six\nEOF",
        "grep pip install.log",
        "python -m pipdeptree --all",
        "python setup.py build_ext",
        "echo pip install",
        "run --pip install",
    ],
)
def test_what_only_speaks_of_pip_does_not_install(command: str) -> None:
    assert not install((command,))


@pytest.mark.parametrize(
    "command",
    [
        "A=$(pip install six)",
        "bash -c 'pip install six'",
        "PIP_NO_INPUT=1 python3.11 -u -m pip install six",
        "python -mpip install six",
        "python setup.py --quiet develop",
        "python -W ignore -X utf8 setup.py install",
        "cd lib && python setup.py install",
        "test -f x || pip install six",
        "sudo pip install six",
        "easy_install six",
    ],
)
def test_what_installs(command: str) -> None:
    assert install(("true", command))


@pytest.mark.parametrize(
    "command",
    [
        "conda env create --file environment.yml",
        "/opt/conda/bin/conda install pip",
        "source activate proj",
        ". activate proj && python train.py",
        "micromamba create -n x",
        'eval "$(conda shell.bash hook)"',
    ],
)
def test_what_uses_conda(command: str) -> None:
    assert use_conda((command,))


@pytest.mark.parametrize(
    "command",
    [
        "echo conda activate x",
        "ls /opt/conda/bin",
        "# conda activate x",
        "source venv/bin/activate",
        "python -m conda_pack",
        "python miniconda.py",
    ],
)
def test_what_does_not_use_conda(command: str) -> None:
    assert not use_conda((command,))


@given(st.text(alphabet="ab \n;&|()<>`$'\"\\#{}=-E", max_size=60))
def test_any_text_is_read_to_its_end(text: str) -> None:
    for words in started(text):
        assert words


def test_deep_nesting_is_read() -> None:
    assert list(started("$(" * 5000 + "a" + ")" * 5000))


_WORD = st.sampled_from(["a", "b c", "d'e", 'f"g', "h\\i", "#j", "k#", "$l", "m;n", "o\np", "*"])


@given(st.lists(_WORD, min_size=1, max_size=4))
def test_quoted_words_are_read_back(words: list[str]) -> None:
    quoted = " ".join(_quoted(word) for word in words)
    assert list(started(f"echo {quoted}")) == [("echo", *words)]


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
