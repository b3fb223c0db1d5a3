"""Artifacts as a list and as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.cli.render.artifacts import show_list, show_tree

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    Streams = Callable[..., io.StringIO]
    Show = Callable[..., None]


def entry(path: str, size: int = 1000, kind: str = "file", digest: str = "f") -> dict[str, Any]:
    """A file of an artifact."""
    return {"path": path, "bytes": size, "kind": kind, "digest": f"blake3:{digest * 64}"}


def artifact(path: str, *entries: dict[str, Any]) -> dict[str, Any]:
    """An artifact with these files."""
    return {
        "path": path,
        "files": len(entries),
        "bytes": sum(found["bytes"] for found in entries),
        "digest": f"blake3:{'a' * 64}" if entries else None,
        "entries": list(entries),
    }


MODEL = artifact(
    "model",
    entry("model/last.ckpt", 1_200_000, digest="1"),
    entry("model/logs/version_0/metrics.csv", 512, digest="2"),
    entry("model/logs/latest", 9, "link", "3"),
)


def rendered(show: Show, out: io.StringIO, artifacts: list[dict[str, Any]]) -> str:
    """What is written."""
    if show is show_list:
        show(artifacts, out, {})
    else:
        show("wet-mango-1", artifacts, out, {})
    return out.getvalue()


def test_a_list_has_one_line_an_artifact(stream: Streams) -> None:
    text = rendered(show_list, stream(), [MODEL, artifact("data")])
    assert text == (
        "ARTIFACT   FILES   SIZE     DIGEST\n"
        "model      3       1.2 MB   aaaaaaaaaaaa\n"
        "data       0       0 B      -\n"
    )


def test_a_tree_shows_every_file_below_its_folders(stream: Streams) -> None:
    text = rendered(show_tree, stream(), [MODEL])
    assert text == (
        "wet-mango-1   3 files, 1.2 MB\n"
        "└─ model/                  1.2 MB   3 files\n"
        "   ├─ last.ckpt            1.2 MB   111111111111\n"
        "   └─ logs/                 521 B   2 files\n"
        "      ├─ version_0/         512 B   1 file\n"
        "      │  └─ metrics.csv     512 B   222222222222\n"
        "      └─ latest (link)        9 B   333333333333\n"
    )


def test_the_columns_of_all_files_stand_in_line(stream: Streams) -> None:
    deep = artifact("d", entry("d/a/b/c/long-name.txt"), entry("d/x", 7), entry("d/l", 7, "link"))
    lines = rendered(show_tree, stream(), [MODEL, deep]).splitlines()
    assert len({line.index("B   ") for line in lines if "B   " in line}) == 1


def test_a_tree_on_a_stream_without_our_symbols(stream: Streams) -> None:
    text = rendered(show_tree, stream("ascii"), [MODEL])
    text.encode("ascii")
    assert "|- last.ckpt" in text
    assert "`- logs/" in text


def test_an_artifact_that_is_one_file(stream: Streams) -> None:
    text = rendered(show_tree, stream(), [artifact("out/model.pt", entry("out/model.pt"))])
    assert text.splitlines()[1].startswith("└─ out/model.pt")
    assert "1 kB" in text


def test_an_artifact_that_was_never_written_is_told(stream: Streams) -> None:
    text = rendered(show_tree, stream(), [artifact("data"), MODEL])
    assert "├─ data  nothing was written there\n" in text


def test_a_file_called_digest_is_a_file(stream: Streams) -> None:
    text = rendered(show_tree, stream(), [artifact("d", entry("d/digest"), entry("d/sub/digest"))])
    assert text.count("─ digest") == 2
    assert "├─ digest" in text


def test_artifacts_within_each_other(stream: Streams) -> None:
    inner = artifact("model/logs", entry("model/logs/a"))
    text = rendered(show_tree, stream(), [artifact("model", entry("model/b")), inner])
    assert text.splitlines()[1].startswith("├─ model/")
    assert any(line.startswith("└─ model/logs/") for line in text.splitlines())


@pytest.mark.parametrize("show", [show_list, show_tree])
def test_foreign_names_cannot_move_the_terminal(stream: Streams, show: Show) -> None:
    text = rendered(show, stream(), [artifact("a\x1b[2J", entry("a\x1b[2J/b\rc"))])
    assert all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize("show", [show_list, show_tree])
def test_a_name_does_not_end_the_line(stream: Streams, show: Show) -> None:
    text = rendered(show, stream(), [artifact("a\nb", entry("a\nb/c\n└─ d"))])
    assert len(text.splitlines()) == (2 if show is show_list else 3)


def test_nothing_at_all(stream: Streams) -> None:
    assert rendered(show_tree, stream(), []) == "wet-mango-1   0 files, 0 B\n"


def test_a_long_name_does_not_pad_the_others(stream: Streams) -> None:
    long = "n" * 255
    text = rendered(
        show_tree, stream(), [artifact("model", entry("model/a"), entry(f"model/{long}"))]
    )
    _, _, short, other = text.splitlines()
    assert len(short) < 80
    assert f"{long}  " in other
    assert "1 kB" in other
