"""Shared libraries that are missing, or that were not built for each other."""

from __future__ import annotations

from types import MappingProxyType

from runner.engine.failing.causes.rule import Rule, Seen, always, rule
from runner.engine.failing.failure import Cause

# library -> the package that brings it, of Debian 12 and Ubuntu 22.04 and later
_SYSTEM = MappingProxyType({
    "libGL.so.1": "libgl1", "libEGL.so.1": "libegl1", "libOSMesa.so.8": "libosmesa6",
    "libSM.so.6": "libsm6", "libXext.so.6": "libxext6", "libXrender.so.1": "libxrender1",
    "libX11.so.6": "libx11-6", "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0", "libgomp.so.1": "libgomp1",
    "libsndfile.so.1": "libsndfile1", "libopenblas.so.0": "libopenblas0",
    "libmpi.so.40": "libopenmpi3", "libgfortran.so.5": "libgfortran5", "libtbb.so.2": "libtbb2",
    "libpng16.so.16": "libpng16-16", "libjpeg.so.8": "libjpeg-turbo8", "libusb-1.0.so.0":
    "libusb-1.0-0", "libportaudio.so.2": "libportaudio2", "libzstd.so.1": "libzstd1",
})  # fmt: skip
_CUDA = ("libcuda", "libcudnn", "libcublas", "libcufft", "libnccl", "libnv", "libcus", "libcurand")


def _missing(seen: Seen) -> Cause:
    library = seen["library"]
    said = f"the library {library} is not on this machine"
    if library == "libGL.so.1" and seen.known.packages & {"opencv-python", "opencv-contrib-python"}:
        hint = "ask for `opencv-python-headless` in place of `opencv-python`, or install libgl1"
    elif library.startswith(_CUDA):
        hint = (
            f"one for CUDA is wanted: {seen.known.again('--gpus 1')}, or a build for the processor"
        )
    elif library in _SYSTEM:
        hint = f"apt install {_SYSTEM[library]}"
    else:
        hint = f"install what brings it: apt-file search {library}"
    return Cause("missing_library", said, hint)


def _symbol(seen: Seen) -> Cause:
    return Cause(
        "library_mismatch",
        "two packages were built for different versions of each other",
        f"ask for versions that go together in {seen.known.requirements or 'the requirements'} "
        "(torch and torchvision, say)",
    )


RULES: tuple[Rule, ...] = (
    rule(r"(?P<library>lib[\w.+-]{1,100}\.so[\d.]*): cannot open shared object file", _missing),
    rule(r"undefined symbol: |operator torchvision::\w+ does not exist", _symbol),
    rule(
        r"version [`'](?:GLIBC|GLIBCXX|CXXABI)_[\d.]+' not found",
        always(
            "library_mismatch",
            "a package was built for a newer system than this one",
            "ask for an older version of it",
        ),
    ),
)
