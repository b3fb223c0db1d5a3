"""GPUs: their memory, that there are none, and builds that do not fit them."""

from __future__ import annotations

import re

from runner.engine.failing.causes.rule import Rule, Seen, always, rule
from runner.engine.failing.failure import Cause

# PyTorch, CUDACachingAllocator: of a GPU of 79.11 GiB
_WHICH = re.compile(
    r"GPU (?P<gpu>\d{1,3})(?:; | has a total capacity of )(?P<size>[\d.]+ [KMGT]iB)"
)
_OTHERS = re.compile(r"Process \d+ has (?P<size>[\d.]+ [KMGT]iB) memory in use")


def _full(seen: Seen) -> Cause:
    text = "\n".join(seen.reading.error)
    which = _WHICH.search(text)
    said = "the GPU's memory is full"
    if which is not None:
        said = f"the memory of GPU {which['gpu']} ({which['size']}) is full"
    others = _OTHERS.search(text)
    if others is not None:
        said += f"; another process has {others['size']} of it"
    return Cause("cuda_out_of_memory", said, smaller_batch(seen))


def smaller_batch(seen: Seen) -> str:
    """What to type where a batch is too large: half of it, where a variable says how large."""
    found = seen.known.setting("batch_size", "batchsize", "bs")
    if found is not None and found.value.isdecimal() and int(found.value) > 1:
        return seen.known.again(found.words(int(found.value) // 2))
    return "use a smaller batch (and accumulate gradients), or half precision"


def _none(seen: Seen) -> Cause:
    known = seen.known
    if known.gpus == 0:
        return Cause("no_gpu", "it wants a GPU, and the run had none", known.again("--gpus 1"))
    return Cause(
        "no_gpu",
        "PyTorch finds none of the GPUs that the run had",
        "look at `nvidia-smi`: the driver must be there, and new enough",
    )


def _cpu_build(seen: Seen) -> Cause:
    known = seen.known
    if known.gpus == 0:
        said = "it calls CUDA, and the run had no GPU (and so a PyTorch for the processor)"
        return Cause("no_gpu", said, known.again("--gpus 1"))
    return Cause(
        "no_gpu",
        "the installed PyTorch is one for the processor",
        f"ask for one for CUDA in {known.requirements or 'the requirements'}, without `+cpu`",
    )


def _fewer(seen: Seen) -> Cause:
    had = seen.known.gpus
    return Cause("no_gpu", f"it wants more GPUs than the {had} that the run had", _more(seen))


def _more(seen: Seen) -> str:
    wanted = re.search(r"gpus?: \[([\d, ]+)\]", "\n".join(seen.reading.error))
    number = len(wanted[1].split(",")) if wanted else seen.known.gpus + 1
    return seen.known.again(f"--gpus {number}")


RULES: tuple[Rule, ...] = (
    rule(
        r"CUDA out of memory|CUDA error: out of memory|OutOfMemoryError: (?:CUDA|HIP)"
        r"|CUBLAS_STATUS_ALLOC_FAILED|RESOURCE_EXHAUSTED: Out of memory"
        r"|ResourceExhaustedError|OOM when allocating tensor",
        _full,
    ),
    rule(r"Torch not compiled with CUDA enabled", _cpu_build),
    rule(r"But your machine only has: \[\d|invalid device ordinal", _fewer),
    rule(
        r"No CUDA GPUs are available|Found no NVIDIA driver|no CUDA-capable device is detected"
        r"|No supported gpu backend found|But your machine only has: \[\]"
        r"|(?:CUDA|GPU)Accelerator.{0,40} can not run on your system"
        r"|deserialize object on a CUDA device|ProcessGroupNCCL is only supported with GPUs",
        _none,
    ),
    rule(
        r"no kernel image is available for execution",
        always(
            "cuda_build",
            "the installed build has no code for this GPU",
            "ask for a newer version of PyTorch (or of the package that says so)",
        ),
    ),
    rule(
        r"CUDA driver version is insufficient|NVIDIA driver on your system is too old",
        always(
            "cuda_driver",
            "the GPU's driver is too old for the installed build",
            "update the driver, or ask for a build for an older CUDA",
        ),
    ),
    rule(
        r"device-side assert triggered",
        lambda seen: Cause(
            "cuda_assert",
            "a number is out of range on the GPU: a label that no class has, most often",
            f"{seen.known.again('-e CUDA_LAUNCH_BLOCKING=1')} says in which line",
        ),
    ),
    rule(
        r"Expected all tensors to be on the same device",
        always(
            "devices_mixed",
            "one tensor is on the GPU and another is not",
            "move the one that was made anew: `.to(self.device)`, or `.type_as(x)`",
        ),
    ),
)
