"""libyaml's events, where PyYAML was built with it (every wheel is), else those of PyYAML's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def events(text: str) -> Iterator[yaml.Event]:
    """The events of a text, one at a time.

    Raises:
        yaml.YAMLError: the text has no structure, or characters that YAML does not allow.
    """
    # a parser ends with an event that is none
    return iter(_LOADER(text).get_event, None)
