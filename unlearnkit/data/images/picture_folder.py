"""A user's folder of pictures: splits and classes of its files, found without reading any."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from unlearnkit.data.images.class_folders import Picture, classes_in, folders_in
from unlearnkit.errors import DataError

HOLDOUT = 0.2
"""Share of the pictures of a class that validates unless the configuration states another."""

SEED = 0
"""Of the order of rows, and with it of the pictures that are held out."""

_SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
"""Name of a folder -> the split that it holds."""


class PictureFolder(NamedTuple):
    """Class names, ascending, and the pictures of every split in the order of rows; `test` is often empty."""

    class_names: tuple[str, ...]
    train: list[Picture]
    validation: list[Picture]
    test: list[Picture]


def picture_folder(root: Path | None, holdout: float | None) -> PictureFolder:
    """Return the pictures below `root`.

    If `root` has a folder `train` that contains folders, its folders are splits, each with folders of classes.
    Otherwise its folders are classes, and of each class a share of `holdout` (None: HOLDOUT) validates, rounded, at
    least one picture and not all. Rows stand in a fixed random order, that of the SHA-256 of SEED and name, and the
    first ones of a class are held out: so most pictures keep their split when others are added. Raises DataError,
    naming folder or file, as `classes_in` does, and for splits that do not fit together.
    """
    if root is None:
        raise DataError(
            "data.root is null, but image_folder reads pictures of your own",
            expected="the folder that contains them",
            remedy="set data.root to it",
        )
    if not root.is_dir():
        raise DataError(
            f"data.root '{root}' {'is not a folder' if root.exists() else 'does not exist'}",
            expected="the folder of pictures that image_folder reads",
            remedy="correct data.root",
        )
    folders = folders_in(root)
    if "train" in folders and folders_in(root / "train"):
        return _by_split(root, folders, holdout)
    classes = classes_in(root, root)
    parts = [_divided(name, pictures, holdout or HOLDOUT) for name, pictures in classes.items()]
    train, validation = (_in_order(part) for part in zip(*parts, strict=True))
    return PictureFolder((*classes,), train, validation, [])


def _by_split(root: Path, folders: Sequence[str], holdout: float | None) -> PictureFolder:
    if holdout is not None:
        raise DataError(
            f"data.holdout is {holdout:g}, but '{root}' has folders of splits", expected="null", remedy="remove the key"
        )
    _check_splits(root, folders)
    splits = {_SPLITS[name]: classes_in(root / name, root) for name in folders}
    for split, classes in splits.items():
        if different := sorted(classes.keys() ^ splits["train"].keys()):
            raise DataError(
                f"the splits train and {split} in '{root}' have different classes: only one of them has "
                f"{', '.join(different[:5])}{', ...' * (len(different) > 5)}",
                expected="folders of the same classes in every split",
                remedy="add or remove folders of classes",
            )
    train, validation, test = (_in_order(splits.get(name, {}).values()) for name in ("train", "validation", "test"))
    # as for published data sets, a test set validates where nothing else does
    return PictureFolder((*splits["train"],), train, validation or test, test if validation else [])


def _check_splits(root: Path, folders: Sequence[str]) -> None:
    names = ", ".join(_SPLITS)
    if others := [name for name in folders if name not in _SPLITS]:
        raise DataError(
            f"'{root}' has a folder '{others[0]}' beside 'train', which contains folders of classes",
            expected=f"folders of splits only: {names}",
            remedy="move it elsewhere, or set data.root to a folder that contains classes only",
        )
    if {"validation", "val"} <= {*folders}:
        raise DataError(
            f"'{root}' has both 'validation' and 'val'", expected="one of them", remedy="merge them, or remove one"
        )
    if len(folders) == 1:
        raise DataError(
            f"'{root}' has a folder 'train', but no pictures that validate",
            expected=f"some of the folders {names}",
            remedy=f"add one, or set data.root to '{root / 'train'}': then a share of data.holdout validates",
        )


def _divided(name: str, pictures: list[Picture], holdout: float) -> tuple[list[Picture], list[Picture]]:
    """Return the pictures of a class that train and those that validate."""
    if len(pictures) == 1:
        raise DataError(
            f"class '{name}' has one picture, '{pictures[0].path}'",
            expected="two or more, as a share of data.holdout validates",
            remedy="add pictures, or remove the folder",
        )
    held_out = min(max(math.floor(holdout * len(pictures) + 0.5), 1), len(pictures) - 1)
    ordered = _in_order([pictures])
    return ordered[held_out:], ordered[:held_out]


def _in_order(classes: Iterable[Iterable[Picture]]) -> list[Picture]:
    return sorted((picture for pictures in classes for picture in pictures), key=_rank)


def _rank(picture: Picture) -> bytes:
    return hashlib.sha256(os.fsencode(f"{SEED} {picture.name}")).digest()
