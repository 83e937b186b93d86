"""Settings shared by methods for language models: steps, batches, learning rate, and when ascent stops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from unlearnkit.config.methods.search import Choice, Integers, LogUniform, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.facts.passes import FORWARD_PASS

WEIGHT = LogUniform(0.1, 10.0)
"""The search space of the weight of one loss relative to another."""

COST_OF_RETAIN = {"none": 0.0, "nll": 1.0, "kl": 1 + FORWARD_PASS, "ap": 2.0, "embed": 1 + FORWARD_PASS}
"""Sample passes per retain sequence: nothing, its cross entropy, its divergence from the original, its answer against a
refusal, or the distance of its hidden states from the original's."""

Gamma = Annotated[float, Field(ge=0, description="weight of the forget loss; OpenUnlearning")]
Alpha = Annotated[float, Field(ge=0, description="weight of the retain loss; OpenUnlearning")]


class LanguageSettings(MethodSettings):
    """AdamW on batches of sequences, counted in steps."""

    steps: int = Field(60, ge=1, description="optimisation steps")
    lr: float = Field(1e-5, ge=0, description="peak learning rate of AdamW; OpenUnlearning")
    schedule: Literal["linear", "constant"] = Field(
        "linear",
        description="learning rate after the warm-up: linear to 0 after the last step, which still has "
        "lr / (steps - warmup_steps), or constant; OpenUnlearning",
    )
    warmup_steps: int = Field(
        0,
        ge=0,
        description="steps during which the learning rate rises linearly from 0; ours: TOFU, OpenUnlearning and closer "
        "look warm up over one pass over the forget set",
    )
    batch_size: int = Field(32, ge=1, description="sequences of each set per step; OpenUnlearning")
    weight_decay: float = Field(
        0.01, ge=0, description="decoupled weight decay of matrices; vectors have none; OpenUnlearning"
    )
    clip: float | None = Field(
        1.0, gt=0, description="largest norm of the gradient of all parameters together; null: unlimited"
    )
    max_retain_loss: float | None = Field(
        None,
        gt=0,
        description="training stops before a step whose retain batch has a larger loss, without its weight; null: "
        "unlimited; ours",
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32",
        description="arithmetic of matrix products, as `training.precision`, which methods do not take over; weights "
        "and losses are float32 whatever it is; ours",
    )

    @model_validator(mode="after")
    def _warm_up_ends(self) -> Self:
        if self.warmup_steps > self.steps:
            raise ValueError(f"warmup_steps is {self.warmup_steps}, but there are {self.steps} steps")
        return self

    def planned_draws(self, size: int, batches: int) -> int:
        """Return the number of sequences in `batches` batches of a set of `size`; a pass may end with a short batch."""
        passes, rest = divmod(batches, -(-size // self.batch_size))
        return passes * size + rest * self.batch_size

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the search space of the shared settings; ours, within an order of magnitude of the defaults."""
        return {"steps": Integers(10, 200), "lr": LogUniform(1e-6, 1e-3), "batch_size": Choice((8, 16, 32))}


class AscentSettings(LanguageSettings):
    """Settings of methods whose forget loss has no lower bound, so that they stop once it is high enough."""

    max_forget_nll: float | None = Field(
        None,
        gt=0,
        description="nats; training stops before a step whose forget batch has a larger mean loss; null: log V + 2, "
        "two nats above the loss of a model that has learned nothing",
    )
