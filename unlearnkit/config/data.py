"""Settings of the data: which data set, split how, how much of it, in which shape."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from unlearnkit.config.settings import Settings

Split = Literal["official", "deep_unlearn"]

DEEP_UNLEARN_VALIDATION = 0.15
"""Share of the official training split that validates in Deep Unlearn (arXiv 2410.01276)."""


class SplitSizes(NamedTuple):
    """Samples in each split."""

    train: int
    validation: int
    test: int


class Image(Settings):
    """The shape that images are brought to."""

    side: int | None = Field(
        None,
        ge=4,
        le=1024,
        description="pixels: images are resized to side x side, bilinear with antialiasing, as torchvision's Resize "
        "does with Pillow images; null: as published",
    )
    channels: Literal[3] | None = Field(
        None, description="3: the channel of grey images is repeated three times; null: as published"
    )


class DataBlock(Settings):
    """The data set and how much of it is used."""

    name: str = Field(description="registered data set")
    root: str | None = Field(
        None,
        description="folder that already holds the raw files; null: data/, into which they are downloaded where that "
        "is possible",
    )
    split: Split = Field(
        "official",
        description="official: training and validation are the publisher's training and test set; deep_unlearn: 15 % "
        "of the publisher's training set, drawn with seed 123, validate, and its test set is a third split, test",
    )
    train_size: int | None = Field(None, ge=2, description="use only the first so many training samples; null: all")
    validation_size: int | None = Field(
        None, ge=1, description="use only the first so many validation samples; null: all"
    )
    test_size: int | None = Field(
        None, ge=1, description="use only the first so many test samples, where the split has them; null: all"
    )
    image: Image | None = Field(None, description="the shape that images are brought to; null: as published")
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None,
        description="SHA-256 that the content of the whole data set must have, for data sets without a known one; the "
        "record beside the data set's artifact states it as published_hash; null: not compared",
    )


def split_sizes(split: Split, train: int, held_out: int) -> SplitSizes:
    """Return the sizes of the splits made of a publisher's `train` training and `held_out` test samples.

    The validation part of deep_unlearn is rounded up, as scikit-learn's train_test_split does.
    """
    if split == "official":
        return SplitSizes(train, held_out, 0)
    validation = math.ceil(DEEP_UNLEARN_VALIDATION * train)
    return SplitSizes(train - validation, validation, held_out)


def shape_of(image: Image | None, published: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return channels, height and width that images of the `published` shape get."""
    channels, height, width = published
    if image is None:
        return published
    side = (image.side, image.side) if image.side else (height, width)
    return (image.channels or channels, *side)
