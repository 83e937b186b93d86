"""What objectives are made of: accuracies, and how well forget and validation samples are distinguished."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.mia import indiscernibility, logistic_attack_accuracy
from unlearnkit.metrics.margins import loss_from_margins
from unlearnkit.metrics.population import Population

Values = NDArray[np.float64]


def accuracy(population: Population, split: str) -> Values:
    """Return the share of the samples of a split that each model classifies correctly, [models] in [0, 1]."""
    return population.of_split(split).correct.mean(axis=1, dtype=np.float64)


def discernibility(population: Population, rng: np.random.Generator) -> Values:
    """Return 1 - I_V of each model, [models] in [0, 1]: 0 if an attack on losses is at chance, 1 if it is always right.

    I_V is the indiscernibility of forget samples from validation samples; Deep Unlearn (arXiv 2410.01276).
    """
    # in float32 all losses of confident samples would be zero, hence tied
    forget, validation = (
        loss_from_margins(population.of_split(name).margins.astype(np.float64)) for name in ("forget", "validation")
    )
    return 1 - indiscernibility(logistic_attack_accuracy(forget, validation, rng=rng))
