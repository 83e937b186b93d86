"""Images of another shape: pixel for pixel those of torchvision on Pillow images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from torchvision.transforms import Grayscale, Resize

from unlearnkit.config.data.images import Image
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.data.images.resizing import shaped
from unlearnkit.facts.image_shape import image_shape


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_grey_images_as_deep_unlearn_makes_them(name: str, shared_data: Path) -> None:
    published = load_image_set(name, shared_data, train_size=40, validation_size=10)
    image_set = load_image_set(name, shared_data, train_size=40, validation_size=10, image=Image(side=32, channels=3))
    transform = [Resize(32), Grayscale(num_output_channels=3)]
    for pixels, found in zip(published.images, image_set.images, strict=True):
        picture = Pillow.fromarray(pixels[0])
        for step in transform:
            picture = step(picture)
        np.testing.assert_array_equal(found, np.asarray(picture).transpose(2, 0, 1))
    assert (image_set.mean, image_set.std) == (published.mean * 3, published.std * 3)
    assert image_set.labels.tolist() == published.labels.tolist()


@pytest.mark.parametrize("side", [24, 224])
def test_colour_images(side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 200, 200), dtype=np.uint8)
    image_set = ImageSet(images, np.zeros(4, np.int64), 3, 1, ("a",), (0.5,) * 3, (0.2,) * 3)
    found = shaped(image_set, Image(side=side, channels=3))
    for pixels, row in zip(images, found.images, strict=True):
        expected = Resize((side, side))(Pillow.fromarray(pixels.transpose(1, 2, 0)))
        np.testing.assert_array_equal(row, np.asarray(expected).transpose(2, 0, 1))
    assert found.mean == image_set.mean


@pytest.mark.parametrize(
    "image", [None, Image.model_validate({}), Image.model_validate({"side": 8})], ids=["none", "empty", "same"]
)
def test_the_published_shape_costs_nothing(image: Image | None, digits: ImageSet) -> None:
    assert shaped(digits, image) is digits


@pytest.mark.parametrize("settings", [{"channels": 3}, {"side": 16}, {"side": 16, "channels": 3}], ids=repr)
def test_planned_shape_is_the_shape(settings: dict[str, int], digits: ImageSet) -> None:
    image = Image.model_validate(settings)
    found = shaped(digits, image)
    assert found.images.shape[1:] == image_shape((1, 8, 8), image.side, image.channels)
    assert found.images.shape[0] == len(digits.labels)
    assert len(found.mean) == found.images.shape[1]
