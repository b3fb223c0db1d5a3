"""torchvision, importable also beside a torch build that it was not compiled for.

A CPU build of torch beside the registry's (CUDA) torchvision is a common pair. There torchvision's
compiled library does not load, and `import torchvision` ends with "operator torchvision::nms does
not exist". torchmetrics, and with it pytorch_lightning, imports torchvision whenever it is
installed, so import this module before pytorch_lightning.
"""

from __future__ import annotations

import torch

# The operators that torchvision describes to torch without checking that its library was loaded.
_UNCHECKED_OPERATORS = ("nms", "qnms")


def _import_torchvision() -> str | None:
    """Import torchvision; return None, or in a few words why its data sets cannot be used."""
    try:
        import torchvision.datasets  # noqa: F401
    except ImportError as error:
        return f"torchvision cannot be imported: {error}"
    except RuntimeError:
        return _import_without_operators()
    return None


def _import_without_operators() -> str | None:
    """Import torchvision with its operators declared and not implemented.

    The data sets are plain Python and need none of them: calling one still raises.
    """
    try:
        for name in _UNCHECKED_OPERATORS:
            schema = "(Tensor boxes, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", schema)
        import torchvision.datasets  # noqa: F401
    except RuntimeError:
        return f"torchvision cannot be imported beside torch {torch.__version__}"
    return None


UNAVAILABLE = _import_torchvision()
