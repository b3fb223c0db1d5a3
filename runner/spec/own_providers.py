"""``.dstack/providers.yaml``: the project's own providers (hosted dstack, 2022).

Such a provider was an image and commands that made jobs through the hosted server. None can run
any more, so the file is read to say that, with the image that a workflow could use instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.document.document import Document


def load(document: Document) -> Mapping[str, str]:
    """The names of the providers, each with its image, or ``""``; what is no provider is left out.

    The file is not checked any further: nothing in it has a meaning here.
    """
    data = document.root.data()
    items = data.get("providers") if isinstance(data, dict) else None
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return {
        str(item["name"]): str(item["image"]) if isinstance(item.get("image"), str) else ""
        for item in found
        if isinstance(item.get("name"), str)
    }
