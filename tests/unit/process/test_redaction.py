from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.process.redaction import MASK, Masker, Redaction, masked

# few letters, so that needles begin within each other, overlap and repeat
LETTERS = st.binary(min_size=0, max_size=60).map(lambda text: bytes(b"ab\n"[c % 3] for c in text))
NEEDLES = st.lists(
    st.binary(min_size=1, max_size=8).map(lambda text: bytes(b"ab"[c % 2] for c in text)),
    max_size=5,
)


class Recorder:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.pieces: list[bytes] = []
        self.over = False

    def write(self, piece: memoryview) -> None:
        assert piece, "nothing is no piece"
        self.pieces.append(bytes(piece))

    def finish(self) -> None:
        self.over = True

    def mark(self) -> bytes:
        return bytes(sum(map(len, self.pieces)))

    def go_on(self, mark: bytes) -> None:
        self.pieces.append(mark)


def covered(text: bytes, needles: list[bytes]) -> bytes:
    """What masking means, said in the slowest way: each byte of a needle is masked, and needles
    that share a byte are one."""
    spans = sorted(
        (at, at + len(needle))
        for needle in needles
        for at in range(len(text))
        if text.startswith(needle, at)
    )
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    told, at = b"", 0
    for start, end in joined:
        told += text[at:start] + MASK
        at = end
    return told + text[at:]


@pytest.mark.parametrize(
    ("text", "needles", "told"),
    [
        (b"a secret word", [b"secret"], b"a *** word"),
        (b"secret", [b"secret"], b"***"),
        (b"secretsecret", [b"secret"], b"******"),
        (b"secre", [b"secret"], b"secre"),
        (b"a long secret", [b"secret", b"long secret"], b"a ***"),
        (b"abcdefghi.", [b"abcdef", b"defghi"], b"***."),
        (b"aaaaaaaaaa.", [b"aaaaaa"], b"***."),
        (b"\x00\xffsecret\r\n\x1b[0m", [b"secret"], b"\x00\xff***\r\n\x1b[0m"),
        (b"", [b"secret"], b""),
        (b"anything", [], b"anything"),
    ],
)
def test_what_is_masked(text: bytes, needles: list[bytes], told: bytes) -> None:
    assert masked(text, needles) == told


@given(LETTERS, NEEDLES)
def test_each_byte_of_a_needle_is_masked_and_no_other(text: bytes, needles: list[bytes]) -> None:
    assert masked(text, needles) == covered(text, needles)


@given(LETTERS, NEEDLES, st.data())
def test_where_it_is_cut_makes_no_difference(
    text: bytes, needles: list[bytes], data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    ends = [*sorted(cuts), len(text)]
    masker = Masker(needles)
    told = b"".join(
        masker.feed(text[start:end]) for start, end in zip([0, *ends], ends, strict=False)
    )
    assert told + masker.end() == masked(text, needles)


@given(LETTERS, NEEDLES)
def test_no_needle_is_left_and_what_comes_early_is_never_taken_back(
    text: bytes, needles: list[bytes]
) -> None:
    masker = Masker(needles)
    told = b""
    for at in range(len(text)):
        told += masker.feed(text[at : at + 1])
        # whoever looks at any moment sees no needle
        assert not any(needle in told for needle in needles)
        assert masked(text, needles).startswith(told)


@given(st.binary(max_size=2000), st.lists(st.binary(min_size=6, max_size=40), max_size=4))
def test_a_text_without_needles_is_untouched(text: bytes, needles: list[bytes]) -> None:
    if not any(needle in text for needle in needles):
        assert masked(text, needles) == text


def test_only_an_end_that_can_become_a_needle_is_held_back() -> None:
    masker = Masker([b"secret", b"see"])
    assert masker.feed(b"Continue? [y/N] ") == b"Continue? [y/N] "
    assert masker.feed(b"two s") == b"two "
    assert masker.feed(b"e") == b""
    assert masker.feed(b"ven") == b"seven"
    assert masker.feed(b"secre") == b""
    assert masker.end() == b"secre"


def test_longer_than_what_is_looked_through_at_once() -> None:
    needle = bytes(range(256)) * 1200
    text = b"x" * 5 + needle + b"y" * 300_000 + needle[:-1] + b"z"
    assert masked(text, [needle]) == b"x" * 5 + MASK + b"y" * 300_000 + needle[:-1] + b"z"


def test_a_sink_is_given_what_is_known() -> None:
    behind = Recorder()
    sink = Redaction(behind, [b"secret"])
    for piece in (b"one se", b"cret and a s", b"", b"e"):
        sink.write(memoryview(piece))
    assert behind.pieces == [b"one ", b"*** and a "]
    sink.finish()
    assert behind.pieces[2:] == [b"se"]
    assert behind.over
    assert sink.error is None
    behind.error = "full"
    assert sink.error == "full"
