"""Made pools: Gaussian margins of models that were trained on halves and forgot some of their parts."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.population import Population


def made_pool(
    models: int = 16, draws: int = 4, samples: int = 200, *, leak: float = 0.0, fraction: float = 0.5, seed: int = 0
) -> Population:
    """Return requests whose margins are N(0, 1), shifted by `leak` where a model forgot the sample.

    The last fifth of the samples are validation samples.
    """
    rng = np.random.default_rng(seed)
    training = np.arange(samples) < 0.8 * samples
    member = np.repeat(rng.random((models, samples)) < 0.5, draws, axis=0) & training
    forgotten = member & (rng.random(member.shape) < fraction)
    margins = rng.normal(size=member.shape) + leak * forgotten
    split = np.where(forgotten.any(axis=0), "forget", "retain").astype("<U10")
    split[~training] = "validation"
    return Population(
        margins.astype(np.float32),
        margins > 0,
        split,
        member=member,
        forgotten=forgotten,
        origin=np.repeat(np.arange(models), draws),
    )
