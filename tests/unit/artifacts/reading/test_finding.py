from __future__ import annotations

from runner.artifacts.entries import Entry
from runner.artifacts.reading.finding import things


def entry(path: str, size: int = 1, modified: int | None = 5) -> Entry:
    return Entry(path, "file", size, "blake3:0", 0o644, modified)


def test_event_files_of_a_folder_are_one_thing() -> None:
    found = things(
        [
            entry("tb/events.out.tfevents.2.laptop.1.0", 20, 9),
            entry("tb/events.out.tfevents.1.laptop.1.0", 10, None),
            entry("tb/deep/events.out.tfevents.3.laptop.1.0"),
            entry("a.ckpt"),
        ]
    )
    assert [(one.path, one.bytes, one.modified) for one in found] == [
        ("a.ckpt", 1, 5),
        ("tb", 30, 9),
        ("tb/deep", 1, 5),
    ]
    assert [file.path[-12:] for file in found[1].files] == ["1.laptop.1.0", "2.laptop.1.0"]


def test_names_tell_what_is_worth_a_look() -> None:
    names = ["A.PNG", "b.txt", "c/hparams.yaml", "c/other.yaml", "metrics.csv", "x.npz", "ckpt"]
    entries = [entry(name) for name in names]
    assert [one.path for one in things(entries)] == [
        "A.PNG",
        "c/hparams.yaml",
        "metrics.csv",
        "x.npz",
    ]
    assert [one.path for one in things(entries, metrics=True)] == ["metrics.csv"]


def test_links_and_folders_are_none() -> None:
    link = Entry("last.ckpt", "link", 0, "blake3:0")
    assert things([link, Entry("a.png", "directory", 0, "blake3:0")]) == []
