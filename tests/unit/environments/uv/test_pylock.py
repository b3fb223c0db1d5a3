"""What does not get into a lock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environments.uv.pylock import without_credentials


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("https://ada:secret@example.org/a.whl", "https://example.org/a.whl"),
        ("https://token@example.org/a.whl", "https://example.org/a.whl"),
        ("https://ada:se@cret@example.org/a.whl", "https://example.org/a.whl"),
        ("git+https://token@example.org/a@v1", "git+https://example.org/a@v1"),
        # whose user is part of the address, and who takes no password from there
        ("ssh://git@example.org/a", "ssh://git@example.org/a"),
        ("git+ssh://git@example.org/a@v1", "git+ssh://git@example.org/a@v1"),
        ("https://example.org/a@1.0.whl", "https://example.org/a@1.0.whl"),
        ("https://example.org?mail=a@b", "https://example.org?mail=a@b"),
        ("file:///wheels/a@b.whl", "file:///wheels/a@b.whl"),
    ],
)
def test_names_and_passwords_are_taken_out_of_addresses(address: str, left: str) -> None:
    assert without_credentials(f'url = "{address}"\n') == f'url = "{left}"\n'


@given(st.text("abc:@%", min_size=1, max_size=20))
def test_no_password_stays(secret: str) -> None:
    text = without_credentials(f'"https://{secret}XX@example.org/a.whl"')
    assert text == '"https://example.org/a.whl"'


def test_what_stands_beside_an_address_stays() -> None:
    text = 'a = "https://x/y"\nb = "ada@example.org"\n'
    assert without_credentials(text) == text
