"""Living-17 from an ImageNet folder: 17 groups of animals of four ImageNet classes each (BREEDS, arXiv 2008.04859).

Half of the 88,400 training images are used, as in `living17`; they are drawn with a fixed seed. Which half was
published is not known, so published index lists do not belong to this data set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from unlearnkit.data.download import find_folder
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.pictures import centre_crop, read_pictures
from unlearnkit.errors import DataError
from unlearnkit.facts.living17 import CLASS_NAMES
from unlearnkit.workflow.raw_files import folder_with

NUM_CLASSES = 17
IMAGE_SHAPE = (3, 224, 224)
TRAIN_SIZE = 44_200
VALIDATION_SIZE = 3_400
# ImageNet's, as in the published recipe.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "number and names of the files of every class; decoded JPEG pixels depend on the decoder"
SOURCE = "ImageNet (image-net.org, ILSVRC2012; sign in), unpacked to train/<class>/*.JPEG and val/<class>/*.JPEG"

# WordNet identifiers, four to a label, in the order of CLASS_NAMES: what BREEDS' generator (level 5 below living thing,
# four classes each, seed 2) draws from its published hierarchy, whether it then halves them or not.
SUBCLASSES = (
    ("n01630670", "n01631663", "n01632458", "n01632777"),
    ("n01664065", "n01665541", "n01667114", "n01669191"),
    ("n01675722", "n01685808", "n01689811", "n01694178"),
    ("n01735189", "n01740131", "n01742172", "n01751748"),
    ("n01773157", "n01773797", "n01774750", "n01775062"),
    ("n01795545", "n01796340", "n01797886", "n01798484"),
    ("n01817953", "n01818515", "n01819313", "n01820546"),
    ("n01978287", "n01978455", "n01980166", "n01981276"),
    ("n02086079", "n02086910", "n02088466", "n02111500"),
    ("n02114367", "n02114548", "n02114712", "n02114855"),
    ("n02119022", "n02119789", "n02120079", "n02120505"),
    ("n02123159", "n02123394", "n02123597", "n02124075"),
    ("n02132136", "n02133161", "n02134084", "n02134418"),
    ("n02167151", "n02168699", "n02172182", "n02174001"),
    ("n02276258", "n02277742", "n02280649", "n02281406"),
    ("n02480495", "n02480855", "n02481823", "n02483362"),
    ("n02490219", "n02492660", "n02493509", "n02493793"),
)

_IMAGES = {"train": 1300, "val": 50}
_SEED = 0
_FOLDERS = ("imagenet", "ILSVRC2012", "ImageNet")
_FIRST_CLASS = ("train/n01630670", "val/n01630670")
_CROP_RATIO = 0.875  # 224 of 256 pixels


def raw_paths(root: Path | None) -> tuple[Path, ...]:
    """Return the pictures of the 68 classes, by split, class and name: all of them decide which half is used."""
    folder = folder_with(root, _FOLDERS, _FIRST_CLASS)
    names = [name for classes in SUBCLASSES for name in classes]
    pictures = (folder.glob(f"{part}/{name}/*.JPEG") for part in ("train", "val") for name in names) if folder else ()
    return tuple(path for found in pictures for path in sorted(found))


def load(root: Path | None) -> ImageSet:
    """Return Living-17 from the ImageNet folder `root` or `root/imagenet`; None looks into `data/`.

    Each picture is cropped to its middle square, 224/256 of its shorter edge, at 224x224. Raises DataError, naming the
    folder or file, if a class is incomplete or a file damaged.
    """
    folder = find_folder(root, _FOLDERS, _FIRST_CLASS, source=SOURCE)
    pool, validation = (list(list_pictures(folder / part, count)) for part, count in _IMAGES.items())
    half = np.random.RandomState(_SEED).permutation(len(pool))[: len(pool) // 2]
    published = np.concatenate([half, np.arange(len(validation))])
    chosen = [*(pool[row] for row in half), *validation]
    side = IMAGE_SHAPE[1]
    images = read_pictures(
        [path for path, _ in chosen], side, lambda p: centre_crop(p, side, _CROP_RATIO), source=SOURCE
    )
    labels = np.array([label for _, label in chosen], np.int64)
    names, sizes = tuple(path.name for path, _ in chosen), (TRAIN_SIZE, VALIDATION_SIZE)
    return ImageSet(images, labels, *sizes, CLASS_NAMES, MEAN, STD, published=published, file_names=names)


def list_pictures(folder: Path, per_class: int) -> Iterator[tuple[Path, int]]:
    """Yield the pictures below `folder` and their labels, by label, WordNet identifier and file name.

    Raises DataError, naming the folder, unless each of the 68 has `per_class` files with ImageNet's names.
    """
    for label, classes in enumerate(SUBCLASSES):
        for name in classes:
            pattern = re.compile(rf"({name}_\d+|ILSVRC2012_val_\d{{8}})(_{name})?\.JPEG")
            files = sorted(path for path in (folder / name).glob("*") if pattern.fullmatch(path.name))
            if len(files) != per_class:
                raise DataError(
                    f"'{folder / name}' holds {len(files)} pictures of {CLASS_NAMES[label]} with ImageNet's file names",
                    expected=f"{per_class}, like {name}_10026.JPEG or ILSVRC2012_val_00000001.JPEG",
                    remedy=f"unpack the class again from {SOURCE}",
                )
            for path in files:
                yield path, label
