"""Keys and comments as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.document.scalars import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.spec.export.notes import Notes

_COMMENT_WIDTH = 96


def comments(sentences: list[str]) -> Iterator[str]:
    """Each sentence as lines of a comment, wrapped."""
    import textwrap

    for sentence in sentences:
        indent = "  " if sentence.startswith("- ") else ""
        lines = textwrap.wrap(
            " ".join(sentence.split()), _COMMENT_WIDTH, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        yield from (f"# {line}".rstrip() for line in lines or [""])


def entries(keys: dict[str, Any], notes: Notes) -> Iterator[str]:
    """The keys as YAML, a blank line before each that holds several lines."""
    dump = _dumper()
    for key, value in keys.items():
        lines = dump({key: value})
        if key == "type" or len(lines) > 1:
            yield ""
        yield from comments(notes.beside.pop(key, []))
        yield from lines
    for left in notes.beside.values():  # of keys that came to nothing
        yield from comments(left)


def _dumper() -> Any:  # noqa: ANN401 - a function of PyYAML's own making
    import yaml

    class Dumper(yaml.SafeDumper):
        """Commands of several lines are written as they read."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        # YAML 1.1 and 1.2 differ in what they take for a number
        foreign = plain(value).kind != "str"
        style = "|" if "\n" in value else "'" if foreign else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)

    def dump(value: dict[str, Any]) -> list[str]:
        written: str = yaml.dump(
            value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1 << 16
        )
        return written.splitlines()

    return dump
