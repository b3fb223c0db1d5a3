"""A tar stream is put below a folder, and nowhere else."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.artifacts.collecting.unpacking import Unpacked, unpack
from runner.artifacts.folders import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.artifacts.collecting.unpacking import Way

OUT = ("data", "out")


def member(name: str, kind: bytes = tarfile.REGTYPE, **parts: object) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type = kind
    for part, value in {"mode": 0o644, "mtime": 1000.0, **parts}.items():
        setattr(found, part, value)
    return found


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for one, content in members:
            one.size = len(content)
            archive.addfile(one, io.BytesIO(content))
    return file.getvalue()


def pieces(stream: bytes, size: int = 100) -> Iterator[bytes]:
    return (stream[at : at + size] for at in range(0, len(stream), size))


def unpacked(
    folder: Path,
    stream: bytes,
    way: Way = OUT,
    wanted: Callable[[Way], bool] = lambda _: True,
    told: list[tuple[int, int]] | None = None,
) -> Unpacked:
    folder.mkdir(exist_ok=True)

    def tell(files: int, size: int) -> None:
        if told is not None:
            told.append((files, size))

    with opened(folder) as target:
        return unpack(pieces(stream), target, way, wanted, tell)


def has(folder: Path) -> dict[str, str]:
    """What is below a folder: texts of files, and where links lead."""
    return {
        str(path.relative_to(folder)): (
            f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_a_folder_comes_with_all_that_is_in_it(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    stream = tar(
        (member("out/", tarfile.DIRTYPE, mode=0o2750), b""),
        (member("out/a/", tarfile.DIRTYPE, mode=0o500), b""),
        (member("out/a/x", mode=0o4755), b"hello"),
        (member("out/a/link", tarfile.SYMTYPE, linkname="/etc/passwd"), b""),
        (member("out/a/hard", tarfile.LNKTYPE, linkname="out/a/x"), b""),
        (member("out/empty/", tarfile.DIRTYPE, mode=0o755), b""),
        (member("out/ä", mode=0), b"locked"),
    )
    top = tmp_path / "top"
    assert unpacked(top, stream, told=told) == Unpacked()
    out = top / "data/out"
    os.chmod(out / "ä", 0o600)
    expected = {"a/x": "hello", "a/hard": "hello", "a/link": "-> /etc/passwd", "ä": "locked"}
    assert has(out) == expected
    assert (out / "empty").is_dir()
    # no more rights than the owner's own, and none that a mode gives beyond them
    assert [stat.S_IMODE((out / name).stat().st_mode) for name in (".", "a", "a/x")] == [
        0o750,
        0o700,
        0o755,
    ]
    assert (out / "a/x").stat().st_ino == (out / "a/hard").stat().st_ino
    assert [int((out / name).stat().st_mtime) for name in (".", "a", "a/x")] == [1000] * 3
    assert told[-1] == (4, 11)


def test_a_file_alone_has_its_own_name_in_the_stream(tmp_path: Path) -> None:
    unpacked(tmp_path, tar((member("x"), b"1")), ("a", "x"))
    assert has(tmp_path) == {"a/x": "1"}


def test_the_root_has_no_name_in_the_stream(tmp_path: Path) -> None:
    stream = tar((member("/", tarfile.DIRTYPE), b""), (member("/a/x"), b"1"))
    unpacked(tmp_path, stream, ())
    assert has(tmp_path) == {"a/x": "1"}


def test_only_what_is_wanted_is_there(tmp_path: Path) -> None:
    stream = tar(
        (member("out/x.log"), b"no"),
        (member("out/x.ckpt"), b"yes"),
        (member("out/y.ckpt", tarfile.LNKTYPE, linkname="out/x.log"), b""),
    )
    found = unpacked(tmp_path, stream, wanted=lambda way: way[-1].endswith(".ckpt"))
    assert has(tmp_path) == {"data/out/x.ckpt": "yes"}
    assert found.links == ((*OUT, "y.ckpt"),)


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_what_is_no_file_is_left_out(kind: bytes, tmp_path: Path) -> None:
    found = unpacked(tmp_path, tar((member("out/odd", kind), b""), (member("out/x"), b"1")))
    assert found.skipped == ((*OUT, "odd"),)
    assert has(tmp_path) == {"data/out/x": "1"}


def test_nothing_is_put_through_a_link_of_the_stream(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    stream = tar(
        (member("out/way", tarfile.SYMTYPE, linkname=str(outside)), b""),
        (member("out/way/x"), b"bad"),
        (member("out/way", tarfile.DIRTYPE), b""),
        (member("out/good"), b"1"),
    )
    found = unpacked(tmp_path / "top", stream)
    assert list(outside.iterdir()) == []
    assert found.skipped == ((*OUT, "way", "x"), (*OUT, "way"))
    assert (tmp_path / "top/data/out/good").read_text() == "1"


def test_a_link_leads_to_nothing_outside_of_the_stream(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    stream = tar((member("out/x", tarfile.LNKTYPE, linkname="out/../../../secret"), b""))
    assert unpacked(tmp_path / "top", stream).links == ((*OUT, "x"),)
    assert has(tmp_path / "top") == {}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    stream = tar((member("out/x"), b"first"), (member("out/x"), b"second"))
    assert unpacked(tmp_path, stream).skipped == ((*OUT, "x"),)
    assert has(tmp_path) == {"data/out/x": "first"}


def test_zeros_take_no_room(tmp_path: Path) -> None:
    size = 8 << 20
    stream = tar((member("out/zeros"), b"a" + bytes(size)))
    unpacked(tmp_path, stream)
    found = (tmp_path / "data/out/zeros").stat()
    assert found.st_size == size + 1
    assert found.st_blocks * 512 < size / 2


@pytest.mark.parametrize("at", [700, 1536])
def test_half_of_a_stream_is_an_error(at: int, tmp_path: Path) -> None:
    stream = tar((member("out/x"), b"1" * 2000))
    with pytest.raises(tarfile.TarError):
        unpacked(tmp_path, stream[:at])


names = st.lists(
    st.sampled_from(["..", ".", "", "a", "b", "out", "link", "/"]), min_size=1, max_size=5
).map("/".join)
kinds = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(names, kinds, st.sampled_from(["..", "../..", "a", "/", "out/a"]))),
    st.sampled_from([(), ("x",), OUT]),
)
def test_whatever_the_names_are_nothing_gets_elsewhere(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[tuple[str, bytes, str]],
    way: Way,
) -> None:
    folder = tmp_path_factory.mktemp("unpacking")
    (folder / "beside").write_text("untouched")
    stream = tar(
        *(
            (member(name, kind, linkname=to), b"new" if kind == tarfile.REGTYPE else b"")
            for name, kind, to in members
        )
    )
    unpacked(folder / "top", stream, way)
    assert sorted(os.listdir(folder)) == ["beside", "top"]
    assert (folder / "beside").read_text() == "untouched"
    assert (folder / "beside").stat().st_nlink == 1
