"""Photographs of faces as JPEG files: Labeled Faces in the Wild, or a stand-in.

Both are kept as one folder for each person, and are 250 x 250 pixels:

    data/lfw_home/lfw_funneled/NAME/NAME_0001.jpg   what scikit-learn downloads
    data/photographs/NAME/NAME_0001.jpg             the stand-in, if that was not possible

torchvision's own loader for them (LFWPeople) reads the same files, and no longer downloads them.
"""

from __future__ import annotations

import random
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from common.download import fetch
from common.notes import note
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 250  # as in Labeled Faces in the Wild
LFW = "lfw_home"
STAND_IN = "photographs"

# Nobody but one man is pictured so often: scikit-learn then reads few of the files it downloaded.
_MANY = 500
# scikit-image's `lfw_subset`: the first hundred are faces, the others are not.
_FACES = 100
_OF_EACH_FACE = 3
_OF_EACH_PHOTOGRAPH = 50
# The largest square around the face in scikit-image's photographs: left, top and side.
_ASTRONAUT = (125, 0, 190)
_CAT = (90, 0, 300)
_SMALLEST_CUT = 0.75


def prepare(root: Path) -> int:
    """Make sure that `find(root)` finds files, say which ones they are, and return how many."""
    real = _jpegs(root / LFW / "lfw_funneled")
    problem = None if real else fetch(root, LFW, download)
    if problem is None:
        announce(root)
        return len(find(root))
    if not _jpegs(root / STAND_IN):
        write_photographs(root / STAND_IN)
    note(
        f"data: Labeled Faces in the Wild could not be downloaded ({problem});"
        f" using {_stand_in(root)}"
    )
    return len(find(root))


def find(root: Path) -> list[Path]:
    """The files that there are under ``root``, in order; none if nothing was prepared."""
    return _jpegs(root / LFW / "lfw_funneled") or _jpegs(root / STAND_IN)


def announce(root: Path) -> None:
    """Say in one line which photographs there are; the stand-in stands on the record, too."""
    real = _jpegs(root / LFW / "lfw_funneled")
    if real:
        print(f"data: Labeled Faces in the Wild, {len(real):,} photographs", flush=True)
    else:
        note(f"data: in the place of Labeled Faces in the Wild, {_stand_in(root)}")


def download(folder: str) -> None:
    """Download the photographs as they are, 230 MB, and unpack them into ``folder``.

    Raises:
        OSError: it cannot be reached, or is not what it was.
    """
    from sklearn.datasets import fetch_lfw_people

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it tries again: what came of it is said
        # It always reads what it has unpacked into an array, which nobody needs here.
        fetch_lfw_people(
            data_home=folder, resize=0.1, min_faces_per_person=_MANY, n_retries=1, delay=0.1
        )
    shutil.rmtree(Path(folder, LFW, "joblib"), ignore_errors=True)


def write_photographs(folder: Path) -> None:
    """Write what ships inside scikit-image as JPEG files, cut out in several ways."""
    chance = random.Random(0)  # noqa: S311 (the same files everywhere, not a secret)
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    for name, image, count in _photographs():
        (partial / name).mkdir(parents=True)
        for number in range(1, count + 1):
            cut = _cut(image, chance).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            cut.save(partial / name / f"{name}_{number:04}.jpg", quality=90)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


def _photographs() -> Iterator[tuple[str, Image.Image, int]]:
    """Each person (or cat), a square picture of the face, and how many files to make of it."""
    from skimage import data

    faces = (data.lfw_subset()[:_FACES] * 255).round().astype("uint8")
    for number, face in enumerate(faces, start=1):
        image = Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        yield f"face_{number:03}", image.convert("RGB"), _OF_EACH_FACE
    for name, pixels, (left, top, side) in (
        ("astronaut", data.astronaut(), _ASTRONAUT),
        ("chelsea", data.chelsea(), _CAT),
    ):
        square = Image.fromarray(pixels).crop((left, top, left + side, top + side))
        yield name, square, _OF_EACH_PHOTOGRAPH


def _cut(image: Image.Image, chance: random.Random) -> Image.Image:
    """A square out of a square image, anywhere in it, half of the time mirrored."""
    side = round(image.width * chance.uniform(_SMALLEST_CUT, 1))
    left, top = (round(chance.uniform(0, image.width - side)) for _ in range(2))
    cut = image.crop((left, top, left + side, top + side))
    return ImageOps.mirror(cut) if chance.random() < 1 / 2 else cut


def _stand_in(root: Path) -> str:
    files = _jpegs(root / STAND_IN)
    return f"{len(files):,} JPEG files cut out of the photographs that ship with scikit-image"


def _jpegs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.jpg"))
