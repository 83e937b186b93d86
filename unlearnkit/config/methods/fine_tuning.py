"""Settings shared by methods that fine-tune on one set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from unlearnkit.config.methods.search import GENERIC, Space
from unlearnkit.config.settings import MethodSettings


class FineTuningSettings(MethodSettings):
    """SGD on batches of one set, once through it per epoch; every method declares defaults of its own.

    The set is the retain set unless a method overrides `passes`.
    """

    epochs: int = Field(ge=1, description="passes over the set")
    lr: float = Field(ge=0, description="learning rate")
    momentum: float = Field(ge=0, lt=1, description="SGD momentum")
    weight_decay: float = Field(ge=0, description="coupled weight decay")
    batch_size: int = Field(ge=1, description="samples per step")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch."""
        return epoch * retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's generic space."""
        return GENERIC


class ChallengeSettings(FineTuningSettings):
    """Fine-tuning as in the re-implemented metric of the NeurIPS-2023 challenge."""

    epochs: int = Field(1, ge=1, description="passes over the retain set; challenge")
    lr: float = Field(0.002, ge=0, description="learning rate, constant; challenge")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; challenge")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; challenge")
    batch_size: int = Field(64, ge=1, description="retain samples per step; challenge")
    augmentation: Literal["none", "crop_flip"] = Field(
        "crop_flip", description="shifts by up to 4 pixels and mirroring, drawn in every epoch, or none; challenge"
    )
