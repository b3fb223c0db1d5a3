from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.remote import layout
from runner.artifacts.remote.layout import PIECE


@given(st.integers(0, 5 * PIECE))
def test_pieces_lie_one_behind_the_other(size: int) -> None:
    end = 0
    for piece in layout.pieces("x", size):
        assert piece.start == end
        assert piece.size <= PIECE
        end += piece.size
    assert end == size


@given(st.integers(PIECE + 1, 5 * PIECE), st.integers(0, 3))
def test_the_rest_of_pieces_is_the_end_of_all(size: int, skipped: int) -> None:
    whole = list(layout.pieces("x", size))
    assert list(layout.pieces("x", size, skipped * PIECE)) == whole[skipped:]


@given(st.integers(0, 5 * PIECE))
def test_the_size_is_known_by_what_is_there(size: int) -> None:
    files = {piece.name: piece.size for piece in layout.pieces("x", size)}
    assert layout.size_of("x", {**files, "x-": 7, "xy": 9}) == size


@given(st.integers(PIECE + 1, 5 * PIECE), st.data())
def test_what_is_not_complete_has_no_size(size: int, data: st.DataObject) -> None:
    files = {piece.name: piece.size for piece in layout.pieces("x", size)}
    cut = data.draw(st.sampled_from(sorted(files)[:-1] or sorted(files)))
    files[cut] -= 1
    assert layout.size_of("x", files) != size


@pytest.mark.parametrize(
    "digest",
    ["blake3:../../etc", "blake3:" + "g" * 64, "blake3:" + "a" * 63, "sha1:" + "a" * 64, "", "a/b"],
)
def test_no_digest_is_no_name(digest: str) -> None:
    with pytest.raises(ValueError, match="no digest"):
        layout.content(digest)


def test_a_content_lies_as_in_the_pool() -> None:
    assert layout.content("blake3:ab" + "c" * 62) == ("objects/ab", "c" * 62)


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "-rf", ".hidden", "a\nb", "a\0", "ä"])
def test_no_names_of_runs(name: str) -> None:
    assert not layout.is_run(name)
