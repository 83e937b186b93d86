"""Settings shared by the methods that dampen weights by their importance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.settings import MethodSettings


class DampeningSettings(MethodSettings):
    """Which weights are dampened and how far, by their importance for the forget set and for the training set."""

    selection: float = Field(
        10.0,
        ge=0,
        description="alpha: weights are dampened whose importance for F is more than alpha times that for D; published "
        "for ResNet-18",
    )
    dampening: float = Field(
        1.0, ge=0, description="lambda: they are multiplied by lambda I_D / I_F, at most 1; published for ResNet-18"
    )
    gradients: Literal["sample", "batch"] = Field(
        "sample", description="importance from the gradients of single samples, the paper, or of batches, its code"
    )
    batch_size: int = Field(
        64, ge=1, description="samples per pass, without effect on the result of single samples; published 128"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over both sets."""
        return retain + forget

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return an order of magnitude and more on both sides of the published values."""
        return {"selection": LogUniform(0.1, 100.0), "dampening": LogUniform(0.01, 10.0)}
