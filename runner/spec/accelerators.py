"""``gpu:`` in one text: ``A100:2``, ``24GB..80GB``, ``nvidia:H100,A100:4`` (0.15 and later).

The parts stand in any order, with colons between them: a vendor, names (a letter first), the
memory of each (it has a unit), a count (digits). Each may stand once.
"""

from __future__ import annotations

from typing import Any

from runner.document.document import Scalar
from runner.spec.text import kind_of, mistake
from runner.units import quoted

NVIDIA = "nvidia"
# the vendors that today's format knows, and their other names
VENDORS = frozenset({NVIDIA, "amd", "google", "tpu", "intel", "tenstorrent", "tt"})
_TPU = "tpu-"


def parts(value: Any) -> Any:  # noqa: ANN401
    """The mapping that a text stands for; what is no text is left to the form."""
    if not isinstance(value, str):
        return value
    found: dict[str, Scalar] = {}
    for token in "".join(value.split()).split(":"):
        if not token:
            message = f"{quoted(value)} has a colon with nothing on one side of it"
            raise mistake(message, "write, for example, A100:2 or 24GB..:1")
        key = _part(token)
        if key in found:
            message = f"{quoted(value)} gives two values for `{key}`"
            raise mistake(message, f"keep {quoted(found[key])} or {quoted(token)}")
        found[key] = Scalar(token)
    return found


def _part(token: str) -> str:
    if token.lower() in VENDORS:
        return "vendor"
    if token[0].isalpha():
        return "name"
    return "memory" if any(sign.isalpha() for sign in token) else "count"


def vendor(value: Any) -> str:  # noqa: ANN401
    """The vendor, which wf must be able to lease from."""
    written = value.lower() if isinstance(value, str) else ""
    if written == NVIDIA:
        return written
    if written in VENDORS:
        raise mistake(
            f"wf leases GPUs of NVIDIA alone, not of {quoted(value)}",
            "take the vendor out where any GPU will do",
        )
    raise mistake(
        f"a vendor of GPUs is wanted here, not {kind_of(value)}", f"write `vendor: {NVIDIA}`"
    )


def names(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Names of GPUs, any of which will do: a list, or a text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not items:
        message = f"the name of a GPU is wanted here, not {kind_of(value)}"
        raise mistake(message, "write, for example, A100 or A100,H100")
    return tuple(_name(item) for item in items)


def _name(item: Any) -> str:  # noqa: ANN401
    written = item.strip() if isinstance(item, str) else ""
    if not written:
        raise mistake("the name of a GPU is missing", "write, for example, A100,H100")
    if written.lower().startswith(_TPU):
        raise mistake(
            f"{quoted(written)} is a TPU, and wf leases GPUs of NVIDIA alone", "name a GPU"
        )
    return str(written)
