"""The four values that Deep Unlearn (arXiv 2410.01276) minimises; they compare with the oracle of the same index."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.population import Population
from unlearnkit.search.objectives.measures import Values, accuracy, discernibility

NAMES = ("retain_gap", "forget_gap", "validation_gap", "discernibility")
NEEDS_ORACLE = True


def values(candidate: Population, original: Population, oracle: Population | None, rng: np.random.Generator) -> Values:
    """Return (|RA_u - RA_r| / 3, |FA_u - FA_r| / 3, |VA_u - VA_r| / 3, 1 - I_V) of each model, [models, 4].

    RA, FA and VA are the accuracies on retain, forget and validation samples, of the unlearned and of the retrained
    model; I_V is the indiscernibility of forget from validation samples. All values lie in [0, 1].
    """
    assert oracle is not None  # as NEEDS_ORACLE says
    gaps = [
        np.abs(accuracy(candidate, split) - accuracy(oracle, split)) / 3 for split in ("retain", "forget", "validation")
    ]
    return np.stack([*gaps, discernibility(candidate, rng)], axis=1)
