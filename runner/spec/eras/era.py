"""Telling the eras of the format apart, by what a file holds.

dstack's own history: hosted with images and commands (2021-05 to 2022-02), hosted with providers
(2022-03 to 2022-07), the command line's files (0.0.7 to 0.9.2), and ``type: task`` (from 0.10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.document.document import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from runner.document.document import Document

TYPE = "type"
# of files that hold one task (0.10 and later)
TASK_ENDINGS = (".dstack.yml", ".dstack.yaml")
LIST = "workflows"
PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Era:
    """A time in which files were written alike: its name, and the versions that read them."""

    name: str
    versions: str


HOSTED_IMAGES = Era("hosted, images", "2021-05 to 2022-03")
HOSTED = Era("hosted, providers", "2022-03 to 2022-07")
COMMAND_LINE = Era("command line", "0.0.7 to 0.9.2")
TASK = Era("task", "0.10 and later")

# keys of a workflow that only one era had
_HOSTED_KEYS = frozenset(
    {"depends-on", "environment", "script", "file", "python_script", "args"}
)  # fmt: skip
_COMMAND_LINE_KEYS = frozenset(
    {"deps", "env", "setup", "cache", "ssh", "home_dir", "entrypoint", "registry_auth"}
)
_HOSTED_PROVIDERS = frozenset(
    {"python", "torchrun", "curl", "streamlit", "gradio", "fastapi", "tensorboard"}
)


def detect(document: Document) -> Era:
    """The era of a file. What any of them could have written counts as the command line's."""
    root = document.root
    named_so = document.file.endswith(TASK_ENDINGS)
    if not isinstance(root, MappingNode):
        return TASK if named_so else COMMAND_LINE
    if LIST not in root.entries and (TYPE in root.entries or named_so):
        return TASK
    found = _items(root)
    if any(_COMMAND_LINE_KEYS & item.entries.keys() for item in found):
        return COMMAND_LINE
    if any(PROVIDER not in item.entries and "image" in item.entries for item in found):
        return HOSTED_IMAGES
    if any(_is_hosted(item) for item in found):
        return HOSTED
    return COMMAND_LINE


def _items(root: MappingNode) -> list[MappingNode]:
    listed = root.entries.get(LIST)
    if listed is None or not isinstance(listed[1], SequenceNode):
        return []
    return [item for item in listed[1].items if isinstance(item, MappingNode)]


def _is_hosted(item: MappingNode) -> bool:
    if _HOSTED_KEYS & item.entries.keys():
        return True
    provider = item.entries.get(PROVIDER)
    if provider is None or not isinstance(provider[1], ScalarNode):
        return provider is not None  # a mapping; only hosted dstack read one
    # behind it may stand a branch or, wrongly, a version
    return re.split(r"[^a-z]", provider[1].value, maxsplit=1)[0] in _HOSTED_PROVIDERS
