"""All rows, in the order of the page."""

from __future__ import annotations

from runner.spec.eras.era import COMMAND_LINE, HOSTED, HOSTED_IMAGES, TASK
from tests.compatibility import command_line, everywhere, hosted_images, hosted_providers, task
from tests.compatibility.row import Section

SECTIONS = (
    Section(
        HOSTED_IMAGES,
        "Before there were providers, a workflow was an image and commands.",
        hosted_images.ROWS,
    ),
    Section(
        HOSTED,
        "A workflow has a provider, and each provider its own keys.",
        hosted_providers.ROWS,
    ),
    Section(
        COMMAND_LINE,
        "There was no 0.3 to 0.6. From 0.1 a file was checked against a schema.",
        command_line.ROWS,
    ),
    Section(
        TASK,
        "One task a file. A number in front says since when dstack read the key.",
        task.ROWS,
    ),
    Section(None, "How values are written is the same in all lists of workflows.", everywhere.ROWS),
)
