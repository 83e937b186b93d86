"""Settings that methods for language models have in common: steps, batches, learning rate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unlearnkit.config.settings import MethodSettings


class LanguageSettings(MethodSettings):
    """AdamW on batches of sequences, counted in steps."""

    steps: int = Field(60, ge=1, description="optimisation steps")
    lr: float = Field(1e-5, ge=0, description="peak learning rate of AdamW; OpenUnlearning")
    schedule: Literal["linear", "constant"] = Field(
        "linear",
        description="learning rate after the warm-up: linear to 0 at the last step, or constant; OpenUnlearning",
    )
    warmup_steps: int = Field(0, ge=0, description="steps in which the learning rate rises linearly from 0")
    batch_size: int = Field(32, ge=1, description="sequences of each set per step; OpenUnlearning")
    weight_decay: float = Field(
        0.01, ge=0, description="decoupled weight decay of matrices; vectors have none; OpenUnlearning"
    )
    clip: float | None = Field(
        1.0, gt=0, description="largest norm of the gradient of all parameters together; null: unlimited"
    )

    def lr_of(self, step: int) -> float:
        """Return the learning rate of step 1, 2, ..., `steps`."""
        if step <= self.warmup_steps:
            return self.lr * step / self.warmup_steps
        rest = (step - self.warmup_steps - 1) / max(1, self.steps - self.warmup_steps)
        return self.lr * (1 - rest) if self.schedule == "linear" else self.lr

    def drawn(self, size: int, step: int) -> int:
        """Return the sequences that `step` steps draw from a set of `size`; every pass ends with a short batch."""
        passes, rest = divmod(step, -(-size // self.batch_size))
        return passes * size + rest * self.batch_size
