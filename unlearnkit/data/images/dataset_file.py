"""The data set as an artifact: arrays in one safetensors file, the rest in its header."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import ArtifactError, repair

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


def write_described(
    path: str | os.PathLike[str], kind: str, arrays: dict[str, np.ndarray], facts: dict[str, Any], content_hash: str
) -> None:
    """Write the arrays of a data set of some kind, with facts and content hash in the header."""
    write_tensors(path, arrays, {kind: json.dumps({**facts, "content_hash": content_hash})})


def read_described(path: str | os.PathLike[str], kind: str) -> tuple[TensorFile, dict[str, Any]]:
    """Open what `write_described` wrote; raises ArtifactError if it is anything else."""
    stored = TensorFile(path)
    if kind not in stored.metadata:
        raise ArtifactError(
            f"{path} is not a data set of the kind {kind}",
            expected="a file written by rule dataset",
            remedy=repair(path),
        )
    return stored, json.loads(stored.metadata[kind])


def require_hash(path: str | os.PathLike[str], found: str, facts: dict[str, Any]) -> None:
    """Raise ArtifactError if the hash of the content that was read is not the one in the header."""
    if found != facts["content_hash"]:
        raise ArtifactError(f"{path} is damaged: its arrays do not have the hash in its header", remedy=repair(path))
