"""The data set as a file: what was written comes back, the third split and another shape included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.config.data.images import Image
from unlearnkit.data.images.dataset_file import read_image_set, write_image_set
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.errors import ArtifactError


@pytest.mark.parametrize("split", ["official", "deep_unlearn"])
def test_round_trip(split: str, tmp_path: Path) -> None:
    image_set = load_image_set("digits", None, split=split, image=Image(side=10, channels=3))  # pyright: ignore[reportArgumentType]
    write_image_set(tmp_path / "dataset.safetensors", image_set)
    found = read_image_set(tmp_path / "dataset.safetensors")
    np.testing.assert_array_equal(found.images, image_set.images)
    np.testing.assert_array_equal(found.labels, image_set.labels)
    np.testing.assert_array_equal(found.positions, image_set.positions)
    assert found.split_sizes == image_set.split_sizes
    assert found.content_hash == image_set.content_hash
    assert (found.class_names, found.mean, found.std) == (image_set.class_names, image_set.mean, image_set.std)


def test_changed_pixel_is_found(tmp_path: Path) -> None:
    path = tmp_path / "dataset.safetensors"
    write_image_set(path, load_image_set("digits", None, train_size=20, validation_size=10))
    stored = TensorFile(path)
    images = stored["images"].copy()
    images[0, 0, 0, 0] ^= 1
    write_tensors(path, {**{name: stored[name] for name in stored.names}, "images": images}, stored.metadata)
    with pytest.raises(ArtifactError, match=r"dataset\.safetensors is damaged"):
        read_image_set(path)
