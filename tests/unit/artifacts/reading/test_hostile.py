"""Damaged and hostile files: a sentence each, in little memory, and nothing is executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.reading import recognise
from runner.artifacts.reading.records import masked
from runner.artifacts.reading.values import Checkpoint, Parameters, Unread

FILES = Path(__file__).parent / "files"
NAMES = sorted(path.name for path in FILES.iterdir())
MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
FEW = 64 << 20


def sentence(data: bytes, name: str) -> str:
    """What is said of a file that cannot be read."""
    tracemalloc.start()
    try:
        found = recognise.read(io.BytesIO(data), name)
        assert tracemalloc.get_traced_memory()[1] < FEW
    finally:
        tracemalloc.stop()
    assert isinstance(found, Unread), found
    assert "\n" not in found.why
    return found.why


def archive(pickled: bytes, how: int = zipfile.ZIP_STORED, numbers: bytes | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as file:
        file.writestr("archive/data.pkl", pickled)
        if numbers is not None:
            file.writestr("archive/data/0", numbers)
    return made.getvalue()


def storage(kind: str = "FloatStorage", key: str = "0", count: int = 4) -> bytes:
    """The opcodes for ``persistent_load(("storage", torch.KIND, KEY, "cpu", COUNT))``."""
    counted = b"\x8a" + bytes([len(packed := count.to_bytes(16, "little"))]) + packed
    spelled = key.encode()
    return (
        b"(X\x07\x00\x00\x00storagectorch\n" + kind.encode() + b"\n"
        b"X" + struct.pack("<I", len(spelled)) + spelled + b"X\x03\x00\x00\x00cpu" + counted + b"tQ"
    )


def rebuilt(shape: bytes, kept: bytes) -> bytes:
    return b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(" + (
        kept + b"K\x00" + shape + b"(t\x89NtRs."
    )


# --- what is damaged --------------------------------------------------------------------------


@given(st.sampled_from(NAMES), st.floats(0, 1), st.data())
def test_a_file_cut_off_or_changed_anywhere_is_read_calmly(
    name: str, share: float, data: st.DataObject
) -> None:
    whole = bytearray((FILES / name).read_bytes())
    at = int(share * (len(whole) - 1))
    how = data.draw(st.sampled_from(["cut", "flip", "insert", "fill"]))
    if how == "cut":
        del whole[at:]
    elif how == "flip":
        whole[at] ^= data.draw(st.integers(1, 255))
    elif how == "insert":
        whole[at:at] = data.draw(st.binary(min_size=1, max_size=20))
    else:
        whole[at : at + 8] = b"\xff" * len(whole[at : at + 8])
    found = recognise.read(io.BytesIO(bytes(whole)), name)
    if found is not None:
        json.dumps(found.document(), allow_nan=False)


@given(
    st.sampled_from(["a.ckpt", "a.pt", "a.npz", "a.npy", "a.csv", "hparams.yaml",
                     "a.safetensors", "x.tfevents.1", "a.png"]),
    st.sampled_from([b"", b"PK\x03\x04", MAGIC, b"\x93NUMPY\x01\x00", b"\x89PNG\r\n\x1a\n",
                     b"GIF89a", b"RIFF\0\0\0\0WEBP", b"BM", b"\xff\xd8\xff", b"step,x\n"]),
    st.binary(max_size=300),
)  # fmt: skip
def test_whatever_a_file_holds_it_is_read_calmly(name: str, head: bytes, rest: bytes) -> None:
    found = recognise.read(io.BytesIO(head + rest), name)
    if found is not None:
        json.dumps(found.document(), allow_nan=False)


@given(st.binary(max_size=200))
def test_any_opcodes_in_any_order_are_no_danger(code: bytes) -> None:
    recognise.read(io.BytesIO(archive(b"\x80\x02" + code + b".")), "a.ckpt")


@pytest.mark.parametrize("name", ["lightning.ckpt", "legacy.pt", "model.safetensors"])
def test_a_checkpoint_that_was_cut_off_says_so(name: str) -> None:
    whole = (FILES / name).read_bytes()
    assert "cut off" in sentence(whole[: len(whole) - 20], name)


def test_an_empty_checkpoint_says_so() -> None:
    assert sentence(b"", "last.ckpt") == "it is empty"


def test_another_kind_of_file_with_the_name_of_a_checkpoint() -> None:
    assert sentence(b"hello", "last.ckpt") == "it does not begin as such a file does"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a.txt", "a")
    assert "torch.save" in sentence(made.getvalue(), "last.ckpt")


# --- what is hostile --------------------------------------------------------------------------


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch executed",)


def test_nothing_in_a_pickle_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        evil = pickle.dumps({"state_dict": {}, "optimizer_states": [], "args": Evil()}, protocol)
        found = recognise.read(io.BytesIO(archive(evil)), "a.ckpt")
        assert isinstance(found, Checkpoint)
        json.dumps(found.document())
    assert list(tmp_path.iterdir()) == []


def test_a_name_says_what_would_have_been_called() -> None:
    evil = pickle.dumps({"hyper_parameters": {"x": Evil()}, "state_dict": {},
                         "optimizer_states": []})  # fmt: skip
    found = recognise.read(io.BytesIO(archive(evil)), "a.ckpt")
    assert isinstance(found, Checkpoint)
    assert found.hyper_parameters == {"x": f"{os.system.__module__}.system(touch executed)"}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (b"r\xff\xff\xff\xff.", "damaged"),  # a memo of four thousand million places
        (b"]r\xff\xff\xff\xff0N.", ""),
        (b"\x8e" + b"\xff" * 8 + b".", "too early"),  # bytes of 16 EB
        (b"\x8b\xff\xff\xff\x7f.", "too early"),  # a number of 2 GB
        (b"(" * 300_000 + b".", "more objects"),
        (b"]" * 300_000 + b".", "more objects"),
        (b"](" + b"]" * 150_000 + b"e(" + b"]" * 150_000 + b"e(" + b"]" * 150_000 + b"e.",
         "more objects"),
        (b"I" + b"9" * 100_000 + b"\n.", "a number in it is none"),
        (b"K\x01" * 100 + b"t.", "no beginning"),
        (b"h\x01.", "recalls"),
        (b"R.", "missing"),
        (b"\xf0.", "no pickle"),
    ],
)  # fmt: skip
def test_a_pickle_that_asks_for_much_gets_little(code: bytes, says: str) -> None:
    if not says:
        assert isinstance(recognise.read(io.BytesIO(archive(code)), "a.ckpt"), Checkpoint)
    else:
        assert says in sentence(archive(code), "a.ckpt")


@pytest.mark.parametrize("levels", [30, 100])
@pytest.mark.parametrize("form", ["lightning", "torch"])
def test_lists_within_lists_that_would_unfold_without_end_are_cut(form: str, levels: int) -> None:
    inner: Any = ["x"] * 10
    for _ in range(levels):
        inner = [inner] * 10
    made: dict[str, Any] = {"state_dict": {"a": 1}, "hyper_parameters": {"a": inner}}
    made |= {"pytorch-lightning_version": "2"} if form == "lightning" else {}
    found = recognise.read(io.BytesIO(archive(pickle.dumps(made))), "a.ckpt")
    assert isinstance(found, Checkpoint)
    assert found.document()["format"] == form
    said = json.dumps(found.hyper_parameters, ensure_ascii=False)
    assert "…" in said
    assert len(said) < 100_000


def test_lists_of_tensors_that_would_unfold_without_end() -> None:
    """Each list holds the one before ten times: the tensor would have another name each time."""
    made = rebuilt(b"K\x02\x85", storage()).removesuffix(b"s.") + b"q\x000"
    for at in range(30):
        made += b"](" + (b"h" + bytes([at])) * 10 + b"eq" + bytes([at + 1]) + b"0"
    assert "more tensors" in sentence(archive(made + b"h\x1es."), "a.ckpt")


def test_a_tensor_deep_below_what_else_is_seen_is_found() -> None:
    """What lies too deep on one way is looked for on a shorter one."""
    made = rebuilt(b"K\x02\x85", storage()).removesuffix(b"s.") + b"q\x000"
    made += b"]h\x00aq\x010" + b"]h\x01aq\x010" * 9  # in ten lists
    made += b"](" + b"h\x01" + b"q\x020]h\x02a" * 55 + b"h\x01es."
    found = recognise.read(io.BytesIO(archive(made, numbers=bytes(16))), "a.ckpt")
    assert isinstance(found, Checkpoint)
    assert [one.name for one in found.tensors] == [f"w.1{'.0' * 10}"]


def test_a_list_that_holds_itself() -> None:
    holds: list[Any] = []
    holds.append(holds)
    found = recognise.read(io.BytesIO(archive(pickle.dumps({"args": {"a": holds}}))), "a.ckpt")
    assert isinstance(found, Checkpoint)
    json.dumps(found.document())


def test_an_archive_that_unpacks_to_much_is_not_unpacked() -> None:
    bomb = archive(b"\x80\x02" + b"N0" * (20 << 20), zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert "more than wf unpacks" in sentence(bomb, "a.ckpt")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", b"\0" * (40 << 20))
    assert "no array" in sentence(made.getvalue(), "a.npz")


def test_tensors_larger_than_the_file_are_not_believed() -> None:
    claimed = rebuilt(b"(\x8a\x07" + b"\x00" * 6 + b"\x01t", storage(count=1 << 48))
    said = sentence(archive(claimed, numbers=b""), "a.ckpt")
    assert "claims 1,125,899,906,842,624 bytes" in said
    assert "in a part that has 0" in said


def test_a_size_that_is_none() -> None:
    assert "size that is none" in sentence(archive(rebuilt(b"(J\xff\xff\xff\xfft", storage())),
                                           "a.ckpt")  # fmt: skip


def test_the_older_format_is_compared_with_its_file_too() -> None:
    system = pickle.dumps({"little_endian": True}, 2)
    whole = MAGIC + pickle.dumps(1001, 2) + system
    whole += rebuilt(b"(K\x04t", storage(count=1 << 40)) + pickle.dumps(["0"], 2)
    assert "claims 4,398,046,511,112 bytes" in sentence(whole, "a.pt")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (struct.pack("<Q", 1 << 60) + b"{}", "claims a header"),
        (struct.pack("<Q", 30 << 20) + b" " * (30 << 20), "more than wf reads"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "no JSON"),
        (struct.pack("<Q", 2) + b"[]", "names no tensors"),
        (b"\x01\x02", "too early"),
    ],
)
def test_a_header_of_safetensors_that_lies(data: bytes, says: str) -> None:
    assert says in sentence(data, "a.safetensors")


@pytest.mark.parametrize(
    "said",
    [
        {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 1 << 40]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": "x", "data_offsets": [0, 4]},
        {"dtype": 4, "shape": [1], "data_offsets": [0, 4]},
        {"shape": [1]},
        7,
    ],
)
def test_a_tensor_of_safetensors_that_lies(said: Any) -> None:
    header = json.dumps({"w": said}).encode()
    whole = struct.pack("<Q", len(header)) + header + b"\0" * 4
    assert "`w`" in sentence(whole, "a.safetensors")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x93NUMPY\x01\x00\xff\xff", "too early"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "longer"),
        (b"\x93NUMPY\x01\x00\x04\x00abcd", "no type"),
        (b"\x93NUMPY\x01\x00\x46\x00"
         + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(70),
         "cut off"),
    ],
)  # fmt: skip
def test_an_array_that_lies(data: bytes, says: str) -> None:
    assert says in sentence(data, "a.npy")


def test_yaml_that_would_unfold_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 12)]
    assert "more than 20,000 values" in sentence("\n".join(lines).encode(), "hparams.yaml")


@pytest.mark.parametrize(
    ("form", "end"),
    [
        ("c: !!python/object/apply:foo [{}]", ""),
        ("c: !!python/object/apply:pathlib.PosixPath [{}]", ""),
        ("c: [{}]", ""),
        ("? [{}]", "\n: 1"),
    ],
)
def test_yaml_that_would_repeat_a_long_text(form: str, end: str) -> None:
    text = f"a: &a {'y' * 250_000}\n" + form.format(", ".join(["*a"] * 5000)) + end
    assert "more than 1,024 kB" in sentence(text.encode(), "hparams.yaml")


def test_yaml_with_a_call_that_is_long_has_it_cut() -> None:
    text = f"a: &a {'y' * 1000}\nc: !!python/object/apply:foo [{', '.join(['*a'] * 50)}]\n"
    text += f"? [{', '.join(['*a'] * 50)}]\n: 1\n"
    found = recognise.read(io.BytesIO(text.encode()), "hparams.yaml")
    assert isinstance(found, Parameters)
    _, call, key = found.values.items()
    assert (len(call[1]), len(key[0])) == (1000, 1000)
    assert call[1].startswith(f"foo({'y' * 99}…, y")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1", "no YAML"),
        ("- 1", "no names"),
        ("a: *b", "not there|no YAML"),
        ("[" * 200, "nested|no YAML"),
        ("x: " + "y" * 600_000, "more than"),
        ("a: \0", "no YAML"),
    ],
)
def test_yaml_that_is_damaged(text: str, says: str) -> None:
    import re

    assert re.search(says, sentence(text.encode(), "hparams.yaml"))


def test_yaml_with_objects_of_python_names_them() -> None:
    text = (
        "act: !!python/name:torch.nn.ReLU ''\n"
        "path: !!python/object/apply:pathlib.PosixPath [data, x]\n"
        "run: !!python/object/apply:os.system [touch executed]\n"
        "size: !!python/tuple [1, 2]\n"
        "conf: !!python/object:argparse.Namespace {a: 1}\n"
        "lr: 1.0e-03\nmany: 1_000\nno: ~\nflag: yes\nday: 2020-01-01\nbad: .nan\n"
    )
    found = recognise.read(io.BytesIO(text.encode()), "hparams.yaml")
    assert found is not None
    assert found.document()["hyper_parameters"] == {
        "act": "torch.nn.ReLU",
        "path": "data/x",
        "run": "os.system(touch executed)",
        "size": [1, 2],
        "conf": {"a": 1},
        "lr": 0.001,
        "many": 1000,
        "False": None,
        "flag": True,
        "day": "2020-01-01",
        "bad": "nan",
    }


def test_a_table_without_lines() -> None:
    assert "does not end" in sentence(b"step,x\n" + b"1" * (3 << 20), "a.csv")
    assert "does not end" in sentence(b"1" * (3 << 20), "a.csv")
    assert "told apart" in sentence(b"step,x\n" + b'1,"' + b"1\n" * (1 << 20), "a.csv")


def test_a_record_that_claims_to_be_huge_is_not_read() -> None:
    length = struct.pack("<Q", 1 << 50)
    record = length + struct.pack("<I", masked(length)) + b"abc"
    found = recognise.read_events([io.BytesIO(record)])
    assert "is not whole" in found.notes[0]


def test_checksums_are_those_of_crc_32c() -> None:
    # RFC 3720, B.4: the CRC-32C of 32 zeros is 8a9136aa
    value = 0x8A9136AA
    assert masked(b"\0" * 32) == ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_a_list_of_contents_that_is_longer_than_wf_reads() -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 9, 0, *[0] * 6)
    listed = entry * 100_010
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), 4, 0)
    assert "more than 100,000 files" in sentence(b"PK\x03\x04" + listed + end, "a.ckpt")
