"""A stand-in for Deep Unlearn's four values that reads no oracle: what can be measured with the original alone."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.population import Population
from unlearnkit.search.objectives.measures import Values, accuracy, discernibility

NAMES = ("forget_excess", "retain_loss", "validation_loss", "discernibility")
NEEDS_ORACLE = False


def values(candidate: Population, original: Population, oracle: Population | None, rng: np.random.Generator) -> Values:
    """Return (|FA_u - VA_u| / 3, max(RA_o - RA_u, 0) / 3, max(VA_o - VA_u, 0) / 3, 1 - I_V) of each model, [models, 4].

    A model that never saw the forget set is about as accurate on it as on validation samples, if the forget set is a
    random one; what unlearning costs is measured against the original. The weights are those of Deep Unlearn's values.
    All values lie in [0, 1].
    """
    excess = np.abs(accuracy(candidate, "forget") - accuracy(candidate, "validation")) / 3
    lost = [
        np.maximum(accuracy(original, split) - accuracy(candidate, split), 0) / 3 for split in ("retain", "validation")
    ]
    return np.stack([excess, *lost, discernibility(candidate, rng)], axis=1)
