"""Settings of the data: which data set, split how, how much of it, in which shape."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings

Split = Literal["official", "deep_unlearn"]


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


def _or_all(least: int) -> BeforeValidator:
    """Return the validator of a number of samples that may be `all`, which is null in short."""
    accepted = Annotated[int, Field(ge=least)] | Literal["all"] | None  # pyright: ignore[reportOperatorIssue]
    return BeforeValidator(lambda value: None if value == "all" else value, json_schema_input_type=accepted)


class DataBlock(Settings):
    """The data set and how much of it is used."""

    name: str = Field(description="registered data set")
    root: UserPath | None = Field(
        None,
        description="folder that already holds the raw files (of image_arrays: the .npz file); null: data/, into "
        "which they are downloaded where that is possible",
    )
    split: Split = Field(
        "official",
        description="official: training and validation are the publisher's training and test set; deep_unlearn: 15 % "
        "of the publisher's training set, drawn with seed 123, validate, and its test set is a third split, test",
    )
    train_size: Annotated[int | None, _or_all(2)] = Field(
        None, ge=2, description="use only the first so many training samples; all or null: all"
    )
    validation_size: Annotated[int | None, _or_all(1)] = Field(
        None, ge=1, description="use only the first so many validation samples; all or null: all"
    )
    test_size: Annotated[int | None, _or_all(1)] = Field(
        None, ge=1, description="use only the first so many test samples, where the split has them; all or null: all"
    )
    holdout: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="image_folder without folders of splits: share of the pictures of every class that validates; "
        "null: a fifth of them",
    )
    image: Image | None = Field(None, description="the shape that images are brought to; null: as published")
    content_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None,
        description="SHA-256 that the content of the whole data set must have, for data sets without a known one; the "
        "record beside the data set's artifact states it as published_hash; null: not compared",
    )
