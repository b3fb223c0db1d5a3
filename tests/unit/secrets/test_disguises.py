from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.process.redaction import masked
from runner.secrets.disguises import LEAST_BYTES, disguises

VALUES = [
    "hf_wOrDsThAtNoBoDyKnOwS0123456789",
    'it\'s a "word" $of `mine`\\ & <yours>/+=',
    "ünïcödé→ and more",
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAo==\n-----END KEY-----",
    '{\n  "client_id": "1234567",\n  "private": "a/b\\n+c"\n}',
]
# as os.environ has them: no NUL, and text that can be encoded
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=6, max_size=60
).filter(lambda text: len(text.strip().encode()) >= LEAST_BYTES)


def hidden(printed: bytes, value: str) -> bytes:
    return masked(printed, disguises([value]))


def bash(script: str, value: str) -> bytes:
    return subprocess.run(
        ["bash", "-c", script], env={**os.environ, "S": value}, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize("value", VALUES)
def test_the_value_itself(value: str) -> None:
    assert hidden(f"<{value}>\n".encode(), value) == b"<***>\n"


@given(TEXTS, st.binary(max_size=5), st.binary(max_size=5))
def test_base64_of_it_within_any_text(value: str, before: bytes, after: bytes) -> None:
    core = value.strip().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + core + after)
        # of the letters that no other text shares, none is left
        own = encoded[-(-len(before) * 4 // 3) : (len(before) + len(core)) * 4 // 3]
        assert own not in hidden(encoded, value)


@pytest.mark.parametrize("value", VALUES)
def test_base64_of_it_alone(value: str) -> None:
    assert hidden(base64.b64encode(value.encode()), value) == b"***"
    assert hidden(base64.urlsafe_b64encode(value.encode()), value) == b"***"
    assert hidden(bash('printf %s "$S" | base64', value), value) == b"***\n"


@given(TEXTS)
def test_in_addresses(value: str) -> None:
    core = value.strip()
    for text in (quote(core), quote(core, safe=""), quote_plus(core), quote(core, safe="!'()*")):
        assert hidden(text.encode(), value) == b"***"


@given(TEXTS)
def test_in_json_and_as_python_shows_it(value: str) -> None:
    core = value.strip()
    assert hidden(json.dumps(core).encode(), value) == b'"***"'
    assert hidden(json.dumps(core, ensure_ascii=False).encode(), value) == b'"***"'
    assert hidden(repr(core).encode(), value)[1:-1] == b"***"
    assert hidden(repr(core.encode()).encode(), value)[2:-1] == b"***"


@given(TEXTS)
def test_quoted_for_a_shell(value: str) -> None:
    core = value.strip()
    assert hidden(shlex.quote(core).encode(), value) in {b"***", b"'***'"}


@pytest.mark.parametrize("value", VALUES[:2])
@pytest.mark.parametrize(
    "script",
    ['printf %q "$S"', "export -p | grep '^declare -x S='", 'exec 2>&1; set -x; : "$S"'],
)
def test_as_bash_shows_it(value: str, script: str) -> None:
    told = hidden(bash(script, value), value)
    assert b"***" in told
    assert not any(word in told for word in (b"wOrDs", b"word", b"mine", b"yours"))


def test_each_line_that_is_long_enough() -> None:
    value = "  first line\r\nshort\n\tlast one \n"
    printed = b"  first line\r\nshort\r\n\tlast one \r\n"
    assert hidden(printed, value) == b"  ***\r\nshort\r\n\t*** \r\n"


def test_a_terminals_line_ends() -> None:
    assert hidden(b"<abc\r\ndef>", "abc\ndef") == b"<***>"


@given(TEXTS)
def test_no_form_begins_or_ends_with_white_space_or_is_short(value: str) -> None:
    forms = disguises([value])
    assert len(set(forms)) == len(forms)
    assert all(len(form) >= LEAST_BYTES for form in forms)
    assert not any(form[:1].isspace() or form[-1:].isspace() for form in forms)


@given(TEXTS, TEXTS)
def test_of_several(one: str, other: str) -> None:
    assume(one.strip() not in other and other.strip() not in one)
    assert set(disguises([one, other])) == {*disguises([one]), *disguises([other])}
