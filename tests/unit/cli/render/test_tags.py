"""Tags as a table."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from runner.cli.render.style import columns
from runner.cli.render.tags import show_tags

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    Streams = Callable[..., io.StringIO]

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def tag(name: str, workflow: str | None, *paths: str) -> dict[str, Any]:
    return {
        "tag": name,
        "run": "wet-mango-1",
        "workflow": workflow,
        "artifacts": [{"path": path, "digest": "blake3:a"} for path in paths],
        "bytes": 1000,
        "created_at": "2026-01-01T00:00:00Z",
    }


def test_one_line_a_tag(stream: Streams) -> None:
    out = stream()
    found = [tag("best", "train", "model", "logs"), tag("data", None, "a\nb")]
    show_tags(found, NOW, out, {})
    assert out.getvalue() == (
        "TAG    RUN           WORKFLOW   ARTIFACTS     SIZE   AGE\n"
        "best   wet-mango-1   train      model, logs   1 kB   1d\n"
        "data   wet-mango-1   -          a\\nb          1 kB   1d\n"
    )


def test_a_narrow_terminal_cuts_paths_and_keeps_the_line(stream: Streams) -> None:
    paths = [f"outputs/of/the/experiment/{at}" for at in range(5)]
    for width in (100, 60, 40, 30):
        out = stream(terminal=True)
        show_tags(
            [tag("best-so-far", "train", *paths)],
            NOW,
            out,
            {"COLUMNS": str(width), "NO_COLOR": "1"},
        )
        assert max(map(columns, out.getvalue().splitlines())) <= width
        assert "wet-mango-1" in out.getvalue()
        assert ("outputs" in out.getvalue()) == (width >= 60)
