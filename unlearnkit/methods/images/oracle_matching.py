"""Oracle matching: distil held-out oracles into the original (Attribute-to-Delete, algorithm C.1, arXiv 2410.23232).

    minimise mean over batch and classes of (z - mean over k of z_k)^2 + lambda |w - w_0|^2 by Adam,  `loss: mse`
    on the forget set, `forget_repeats` times over, and floor(`retain_ratio` |forget set|) retain samples
    z_k: logits of held-out oracle k

An upper bound, not a method: it needs oracles. The reference code may draw teachers from the oracles that it is
evaluated with, and accepts unknown settings silently; here teachers are held-out oracles only. Cost: `epochs` passes
over the forget set and a retain subset, and a forward pass of every teacher for each.
"""

from __future__ import annotations

from typing import Self

import torch
from pydantic import Field, model_validator
from torch import nn

from unlearnkit.config.methods.matching import MatchingSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.images.matching_student import match
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ("oracle_pool",)


class Settings(MatchingSettings):
    """Settings of oracle matching."""

    oracles: int = Field(10, ge=1, description="teachers that every model draws from the pool (K); A2D: 10")
    pool: int = Field(
        50, ge=1, description="held-out oracles to draw from, however many there are beyond them; A2D: 50"
    )
    pool_start: int = Field(0, ge=0, description="index of the first held-out oracle of the pool; A2D: 200")

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.oracles > self.pool:
            raise ValueError(f"oracles is {self.oracles}, but the pool to draw them from has {self.pool}")
        return self

    @property
    def oracle_pool(self) -> range:
        """The indices of the held-out oracles that teachers are drawn from."""
        return range(self.pool_start, self.pool_start + self.pool)

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the passes over the mixed samples, and K teachers' forward passes for each."""
        return epoch * self.planned_samples(forget) * (1 + self.oracles * FORWARD_PASS)


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Draw K held-out oracles for every model without replacement, and match the mean of their outputs."""
    pool, held_out_oracles = settings.oracle_pool, context.references["oracle_pool"]
    drawn = [
        torch.randperm(len(pool), generator=generator)[: settings.oracles].tolist() for generator in context.generators
    ]
    teachers = [
        context.teacher(held_out_oracles([pool[number] for number in one_each]))
        for one_each in zip(*drawn, strict=True)
    ]
    return match(
        model,
        lambda images, _: torch.stack([teacher(images) for teacher in teachers]),
        data.retain,
        data.forget,
        settings,
        context,
    )
