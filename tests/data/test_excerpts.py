"""Excerpts: pictures and texts of training samples, as the stored data set has them."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.data.excerpts import MOST_CHARACTERS, MOST_PIXELS, read_excerpts
from unlearnkit.data.images.dataset_file import write_image_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.text.text_file import write_text_set
from unlearnkit.data.text.text_set import TextSet


@pytest.mark.parametrize(("channels", "size", "step"), [(1, 8, 1), (3, MOST_PIXELS, 1), (3, MOST_PIXELS + 1, 2)])
def test_pictures_are_the_images_with_every_kth_pixel_of_large_ones(tmp_path, channels, size, step):
    images = np.random.default_rng(0).integers(0, 256, (6, channels, size, size)).astype(np.uint8)
    stats = (0.5,) * channels
    own = ImageSet(images, np.array([0, 1, 0, 1, 0, 1]), 4, 2, ("cat", "dog"), stats, stats)
    write_image_set(tmp_path / "dataset.safetensors", own)
    found = read_excerpts(tmp_path / "dataset.safetensors", [3, 0])
    assert [excerpt.label for excerpt in found] == ["dog", "cat"]
    for row, excerpt in zip((3, 0), found, strict=True):
        pixels = own.train_images[row][:, ::step, ::step]
        np.testing.assert_array_equal(excerpt.picture, pixels[0] if channels == 1 else np.moveaxis(pixels, 0, 2))
    assert read_excerpts(tmp_path / "dataset.safetensors", []) == []


def test_texts_are_decoded_and_long_ones_are_cut(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    words = {"<unk>": 0, "moss": 1, "fern": 2}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokens = np.array([1, 2, 1, 1, *[2] * MOST_CHARACTERS], np.uint16)
    lengths = np.array([2, 2, MOST_CHARACTERS], np.int32)
    own = TextSet(tokens, np.array([0, 2, 4]), lengths, np.arange(3), 2, 1, 3, MOST_CHARACTERS)
    write_text_set(tmp_path / "dataset.safetensors", own)
    found = read_excerpts(tmp_path / "dataset.safetensors", [1, 0, 2], tmp_path / "tokenizer.json")
    assert [excerpt.text for excerpt in found[:2]] == ["moss moss", "moss fern"]
    assert found[2].text == ("fern " * MOST_CHARACTERS)[:MOST_CHARACTERS] + " …"
