"""What two runs keep differently."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.entries import Entry
from runner.artifacts.looking.comparing import Change, Difference, difference


def entry(path: str, content: str = "a", mode: int | None = 0o644, kind: str = "file") -> Entry:
    return Entry(path, kind, len(content), f"blake3:{content}", mode)  # type: ignore[arg-type]


def digest(one: Entry) -> str:
    return one.digest


def compare(before: list[Entry], after: list[Entry]) -> Difference:
    return difference(before, after, (digest, digest))


def test_alike() -> None:
    assert compare([entry("x")], [entry("x")]) == Difference([], [], [], [], 1)


def test_content_kind_and_permissions_count() -> None:
    for other in (entry("x", "b"), entry("x", mode=0o755), entry("x", kind="link")):
        found = compare([entry("x")], [other])
        assert found.changed == [(entry("x"), other)]
        assert found.any


def folder(path: str, mode: int) -> Entry:
    return entry(path, "", mode, "directory")


def test_a_folder_that_one_of_them_lists_as_it_is_closed() -> None:
    files = [entry("d/x"), entry("e/y")]
    closed = folder("d", 0o700)
    found = compare(files, [closed, *files])
    assert found == Difference([], [], [Change(folder("d", 0o755), closed)], [], 2)
    found = compare([closed, *files], files)
    assert found == Difference([], [], [Change(closed, folder("d", 0o755))], [], 2)
    # one that is not there at all
    assert compare([entry("e/y")], [closed, *files]).added == [closed, entry("d/x")]


def test_permissions_that_nobody_wrote_down_do_not_count() -> None:
    assert not compare([entry("x", mode=None)], [entry("x")]).any


def test_a_file_that_has_another_path_has_moved() -> None:
    found = compare([entry("x")], [entry("y")])
    assert found.moved == [(entry("x"), entry("y"))]
    assert (found.added, found.removed) == ([], [])
    assert found.any


def test_which_of_several_equal_files_has_moved_is_not_guessed() -> None:
    found = compare([entry("x")], [entry("y"), entry("z")])
    assert found.moved == []
    assert [one.path for one in found.added] == ["y", "z"]


def test_empty_files_do_not_move() -> None:
    assert compare([entry("x", "")], [entry("y", "")]).moved == []


PATHS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "1", "2"]))


@given(PATHS, PATHS)
def test_everything_is_told_once(before: dict[str, str], after: dict[str, str]) -> None:
    found = compare(
        [entry(path, content) for path, content in before.items()],
        [entry(path, content) for path, content in after.items()],
    )
    both = [*found.changed, *found.moved]
    old = [one.path for one in found.removed] + [one.before.path for one in both]
    new = [one.path for one in found.added] + [one.after.path for one in both]
    assert len(set(old)) == len(old) == len(before) - found.same
    assert len(set(new)) == len(new) == len(after) - found.same
    assert found.any == (before != after)
