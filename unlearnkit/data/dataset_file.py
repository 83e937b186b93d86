"""The data set as an artifact: decoded arrays in one safetensors file, the rest in its header."""

from __future__ import annotations

import json
import os

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.data.image_set import ImageSet
from unlearnkit.errors import ArtifactError, repair


def write_image_set(path: str | os.PathLike[str], image_set: ImageSet) -> None:
    """Write a data set, atomically and with reproducible bytes."""
    facts = {
        "train_size": image_set.train_size,
        "validation_size": image_set.validation_size,
        "test_size": image_set.test_size,
        "class_names": image_set.class_names,
        "mean": image_set.mean,
        "std": image_set.std,
        "content_hash": image_set.content_hash,
    }
    write_tensors(path, {"images": image_set.images, "labels": image_set.labels}, {"image_set": json.dumps(facts)})


def read_image_set(path: str | os.PathLike[str]) -> ImageSet:
    """Read a data set; raises ArtifactError if the file is damaged or its content is not what was written."""
    stored = TensorFile(path)
    if "image_set" not in stored.metadata:
        raise ArtifactError(f"{path} is not a data set", expected="a file written by rule dataset", remedy=repair(path))
    facts = json.loads(stored.metadata["image_set"])
    image_set = ImageSet(
        images=stored.mapped("images"),
        labels=stored["labels"],
        train_size=facts["train_size"],
        validation_size=facts["validation_size"],
        class_names=tuple(facts["class_names"]),
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        test_size=facts["test_size"],
    )
    if image_set.content_hash != facts["content_hash"]:
        raise ArtifactError(f"{path} is damaged: its arrays do not have the hash in its header", remedy=repair(path))
    return image_set
