"""Settings that oracle matching and datamodel matching share: how a student is drawn to its teachers' logits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from unlearnkit.config.methods.search import Choice, Integers, LogUniform, Space, Uniform
from unlearnkit.config.settings import MethodSettings
from unlearnkit.facts.matching import retain_subset


class MatchingSettings(MethodSettings):
    """Settings of matching; defaults of Attribute-to-Delete (A2D, Georgiev et al. 2024, arXiv 2410.23232)."""

    epochs: int = Field(5, ge=1, description="passes over the mixed samples (E); A2D: 5 to 20")
    lr: float = Field(5e-4, ge=0, description="learning rate of Adam in the first epoch; A2D: 5e-4")
    decay: float = Field(0.95, gt=0, le=1, description="factor of the learning rate after every epoch; A2D: 0.95")
    batch_size: int = Field(512, ge=1, description="samples per step, of both sets together; A2D: 512")
    retain_ratio: float = Field(3.0, ge=0, description="retain samples per forget sample (rho); A2D: 3 to 20")
    forget_repeats: float = Field(
        1.0,
        gt=0,
        description="times that the forget set is passed in an epoch (phi); a fraction is its first part; A2D: 1",
    )
    loss: Literal["mse", "centred_mse", "cross_entropy"] = Field(
        "mse",
        description="distance to the teachers: squared error of the logits, of the logits less their mean over "
        "classes, or cross entropy against their mean probabilities; A2D: mse",
    )
    proximity: float = Field(
        0.0, ge=0, description="weight of the squared distance to the original's weights (lambda); A2D: 0"
    )

    def planned_samples(self, forget: int) -> int:
        """Return the samples of one epoch, phi |F| + floor(rho |F|)."""
        return round(self.forget_repeats * forget) + retain_subset(self.retain_ratio, forget)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return a range around what A2D tries."""
        return {
            "epochs": Integers(5, 20),
            "lr": LogUniform(1e-4, 1e-3),
            "batch_size": Choice((256, 512)),
            "retain_ratio": Uniform(3.0, 20.0),
        }


class DatamodelSettings(MethodSettings):
    """What is taken off the logits of the original: the effects of the forget set by an attribution."""

    attribution: str = Field("datamodels", description="name of one of the `attributions`, whose effects are read")
    multiplier: float = Field(1.0, ge=0, description="factor of the effects (m); A2D: 1")
    terms: Literal["all", "own"] = Field(
        "all",
        description="all: every sample's effects of the whole forget set; own: those of forget samples on themselves "
        "(the diagonal), none elsewhere; A2D: all",
    )

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return a range of multipliers around 1, since effects may be too small or too large."""
        return {"multiplier": LogUniform(0.5, 8.0)}
