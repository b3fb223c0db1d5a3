"""What numbers the network computes with: 32 bits, or 16 where that is enough."""

from __future__ import annotations

import torch
from common.notes import first_process, note

CHOICES = ("32", "16-mixed", "bf16-mixed")
DTYPES = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


def supported(asked: str) -> str:
    """The precision that is used on this machine, and a line where it is not the one asked for.

    Lightning trains with float16 on GPUs only, and takes bfloat16 on a CPU
    (``trainer/connectors/accelerator_connector.py``, 2.6). So does the plain loop, for torch
    computes with float16 on a CPU, but the two would differ.
    """
    if asked != "16-mixed" or torch.cuda.is_available():
        return asked
    if first_process():
        note("precision: 16-mixed is for GPUs; bf16-mixed is used on the CPU")
    return "bf16-mixed"
