"""UTKFace: 23,708 aligned and cropped faces, 200x200 (Zhang et al. 2017), in five bins of age; a fifth validates.

There is no official split. As in Deep Unlearn (arXiv 2410.01276), the first fifth of a permutation with seed 123 is set
aside. It permutes the files sorted by age, time and content, which repairing the defective published names does not
change; the published code took them as the directory listed them, so that its split depended on the file system.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.data.download import find_folder
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.pictures import read_pictures
from unlearnkit.errors import DataError
from unlearnkit.workflow.raw_files import folder_with

NUM_CLASSES = 5
IMAGE_SHAPE = (3, 200, 200)
TRAIN_SIZE = 18_967
VALIDATION_SIZE = 4_741
# ImageNet's, as in Deep Unlearn.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
CLASS_NAMES = ("0 to 19", "20 to 39", "40 to 59", "60 to 79", "80 and older")
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "number of files, their names, ages and sizes; no checksum is published"
SOURCE = "the UTKFace page (susanqq.github.io/UTKFace: Aligned & Cropped Faces, UTKFace.tar.gz)"

_PATTERN = "*.jpg"
_FILES = 23_708
_OLDEST = 116
_SEED = 123
_FOLDERS = ("UTKFace", "utkface", "utkface/UTKFace", "UTKface_Aligned_cropped/UTKFace")
# [age]_[gender]_[race]_[date&time].jpg.chip.jpg. Some published names lack gender or race or have a slip of the pen in
# ".jpg", as 39_1_20170116174525125.jpg.chip.jpg and 55_0_0_20170116232725357jpg.chip.jpg; only age and time are used.
_NAME = r"(\d{1,3})_(?:[01]_)?(?:[0-4]_)?(\d{8,}) ?\.?j?pg\.chip\.jpg"


def raw_paths(root: Path | None) -> tuple[Path, ...]:
    """Return the faces that `load` reads, by name."""
    folder = folder_with(root, _FOLDERS, (_PATTERN,))
    return tuple(sorted(folder.glob(_PATTERN))) if folder else ()


def load(root: Path | None) -> ImageSet:
    """Return UTKFace from the unpacked UTKFace.tar.gz in `root` or `root/UTKFace`; None looks into `data/`.

    Raises DataError, naming files, unless there are 23,708 of them with valid names, ages and sizes.
    """
    folder = find_folder(root, _FOLDERS, (_PATTERN,), source=SOURCE)
    files, ages = list_faces(folder)
    order = split_order(len(files))
    images = read_pictures([files[row] for row in order], IMAGE_SHAPE[1], lambda face: face, source=SOURCE)
    names = tuple(files[row].name for row in order)
    sizes, labels = (TRAIN_SIZE, VALIDATION_SIZE), age_bins(ages)[order]
    return ImageSet(images, labels, *sizes, CLASS_NAMES, MEAN, STD, published=order, file_names=names)


def list_faces(folder: Path, expected: int = _FILES) -> tuple[list[Path], npt.NDArray[np.int64]]:
    """Return the .jpg files in `folder` sorted by age, time and content, and the ages in their names, years.

    Raises DataError, naming files, for a name or an age that UTKFace lacks, and unless there are `expected` files.
    """
    files = sorted(folder.glob(_PATTERN), key=lambda path: path.name)
    matches = [re.fullmatch(_NAME, path.name) for path in files]
    wrong = [path.name for path, match in zip(files, matches, strict=True) if not match or int(match[1]) > _OLDEST]
    if wrong:
        raise DataError(
            f"'{folder}' holds {len(wrong)} .jpg files that UTKFace does not have, for example '{wrong[0]}'",
            expected=f"names like 26_1_3_20170117175041574.jpg.chip.jpg that begin with an age of 0 to {_OLDEST}",
            remedy=f"remove them, or unpack the archive of {SOURCE} into an empty folder",
        )
    if len(files) != expected:
        raise DataError(
            f"'{folder}' holds {len(files)} faces", expected=f"{expected}", remedy=f"get UTKFace.tar.gz from {SOURCE}"
        )
    keys = [
        (int(match[1]), match[2], hashlib.sha256(path.read_bytes()).digest(), path)
        for path, match in zip(files, matches, strict=True)
        if match
    ]
    keys.sort()
    return [path for *_, path in keys], np.array([age for age, *_ in keys], np.int64)


def age_bins(ages: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the label of each age: twenty years to a bin, the last one open."""
    return np.minimum(ages // 20, NUM_CLASSES - 1)


def split_order(files: int) -> npt.NDArray[np.int64]:
    """Return the rows of the sorted files, int64 [files]: training rows first, then the fifth that is held out."""
    order = np.random.default_rng(_SEED).permutation(files)
    held_out = files // 5
    return np.concatenate([order[held_out:], order[:held_out]])
