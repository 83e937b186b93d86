"""The data set as an artifact: arrays in one safetensors file, the rest in its header."""

from __future__ import annotations

import os
from typing import Any

from unlearnkit.data.described import read_described, require_hash, write_described
from unlearnkit.data.images.image_set import ImageSet

KIND = "image_set"
_FIELDS = ("train_size", "validation_size", "test_size", "class_names", "mean", "std")


def write_image_set(path: str | os.PathLike[str], image_set: ImageSet) -> None:
    """Write a data set of images, atomically and with reproducible bytes."""
    facts = {name: getattr(image_set, name) for name in _FIELDS}
    arrays = {"images": image_set.images, "labels": image_set.labels, "published": image_set.positions}
    write_described(path, KIND, arrays, facts, image_set.content_hash)


def read_image_set(path: str | os.PathLike[str]) -> ImageSet:
    """Read a data set of images; raises ArtifactError if the file is damaged or its content is not what was written."""
    stored, facts = read_described(path, KIND)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value := facts[name], list) else value for name in _FIELDS
    }
    arrays = {name: stored[name] for name in ("labels", "published")}
    image_set = ImageSet(images=stored.mapped("images"), **arrays, **values)
    require_hash(path, image_set.content_hash, facts)
    return image_set
