"""Settings of methods that go on, epoch by epoch, until a language model has forgotten."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from unlearnkit.config.settings import MethodSettings


class StoppedSettings(MethodSettings):
    """Adam at a constant rate, and when a run has forgotten enough to stop.

    A method states the published values that differ as its own defaults.
    """

    epochs: int = Field(20, ge=1, description="passes over the forget set, at most")
    min_epochs: int = Field(1, ge=0, description="epochs before the run may stop; ours")
    lr: float = Field(5e-5, ge=0, description="learning rate of Adam, constant")
    beta2: float = Field(0.98, ge=0, lt=1, description="decay of Adam's second moment; Jang et al. 2023")
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32",
        description="arithmetic of matrix products in training steps; weights, losses and what stops a run are float32 "
        "whatever it is",
    )
    thresholds: Literal["fixed", "holdout"] = Field(
        "fixed",
        description="what a run has to come below, the values of these settings, or what it has to reach, the means of "
        "the reference on validation sequences, which the note of a run states: of the original, or with "
        "continual.reference: previous of the model that the request before has left",
    )
    holdout: int = Field(128, ge=1, description="validation sequences that thresholds are computed on, the first ones")
    max_accuracy: float = Field(
        0.2994, ge=0, le=1, description="memorisation accuracy below which the forget set counts as forgotten"
    )
    max_likelihood: float = Field(
        0.0499, ge=0, le=1, description="extraction likelihood below which it does; Jang et al. 2023"
    )
    n: int = Field(10, ge=1, description="tokens of an n-gram of the extraction likelihood; Jang et al. 2023")
    first_prefix: int = Field(1, ge=1, description="tokens of its shortest prefix; Jang et al. 2023")
    decoded_together: int = Field(32, ge=1, description="prefixes that are continued together")

    @model_validator(mode="after")
    def _may_stop(self) -> StoppedSettings:
        if self.min_epochs > self.epochs:
            raise ValueError(f"min_epochs is {self.min_epochs}, but there are {self.epochs} epochs at most")
        return self

    def planned_samples(self, size: int, epoch: int) -> int:
        """Return the samples that `epoch` passes over a set of `size` hand out, if none is left out."""
        return size * epoch
