"""The base classes of every settings block: typed, frozen, unknown keys refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from unlearnkit.config.methods.costs import ModelSize
from unlearnkit.config.methods.search import Space
from unlearnkit.errors import UnlearnkitError


class Settings(BaseModel):
    """Settings of one method, metric, model or section of the configuration.

    Every field is declared with `Field(default, <range>, description="what it is, unit; source")`. Instances are frozen
    and unknown keys are errors. Used by plug-ins and by the configuration alike, and exported to JSON Schema.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MethodSettings(Settings):
    """Settings of a method, what the method costs with them, and where to search for better ones."""

    @field_validator("*")
    @classmethod
    def _fits_float32(cls, value: object) -> object:
        # beyond that products and quotients of settings overflow where a model computes with them
        if isinstance(value, float) and value and not 1e-30 <= abs(value) <= 1e30:
            raise ValueError(f"{value:g} overflows in single precision; expected 0, or a size from 1e-30 to 1e30")
        return value

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sample passes of one model up to the end of `epoch`, for sets of `retain` and `forget` samples.

        A forward and backward pass of one sample counts 1, a forward pass alone 1/3. Unless a method states something
        else, every epoch is one pass over both sets.
        """
        return epoch * (retain + forget)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every setting that a hyper-parameter search should try; none unless a method says so."""
        return {}


class ModelSettings(Settings):
    """Settings of a model, and how large the model is with them."""

    def size(self, num_classes: int, sample_shape: Any, /) -> ModelSize:
        """Return the size of a model for samples of a shape: channels, height and width, or the context length.

        Raises UnlearnkitError if the model does not state it.
        """
        raise UnlearnkitError(
            f"the model of {type(self).__module__.removesuffix(':declarations')} states no size",
            remedy="add the function `size` to its `Settings`, as the other models have it",
        )


Item = Literal[
    "forget",
    "retain",
    "validation",
    "test",
    "authors",
    "facts",
    "forget_passages",
    "forget_questions",
    "retain_questions",
    "choices",
    "wikitext",
    "lambada",
    "dialogue",
]
"""A set of samples that an observation can be made on."""


class ObservationSettings(Settings):
    """Settings of an observation, what it is made on, and how large it is."""

    items: tuple[Item, ...] | None = Field(
        None,
        min_length=1,
        description="samples that models are observed on: their own forget set (originals: all forget sets), the other "
        "training samples, and the other splits, as far as the data have them; null: all that their margins are made "
        "on",
    )

    def size(self, features: int) -> int:
        """Return the bytes that are stored of one model and sample.

        `features` is the width before the classifier; of text, the most tokens of a sequence.
        """
        return 4

    def passes(self, length: int) -> float:
        """Return the forward passes that one model and sample take; of text, a sample has at most `length` tokens."""
        return 1.0
