"""U-LiRA's attack at its strongest: can an attacker with both pools distinguish unlearned models from oracles?

For one sample take its N margins under the unlearned models and its N margins under the oracles, fit a Gaussian to
each side with the attacked model left out, and call a model unlearned if its margin is likelier under the Gaussian of
the unlearned models. Unlearned models that cannot be distinguished from oracles leave the attacker at chance, 0.5.
Source: Georgiev et al. 2024 (arXiv 2410.23232), "strong" variant of U-LiRA, arXiv 2403.01218.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks.likelihood_ratios import Side, attack, gaussian_ratios
from unlearnkit.metrics.attacks.verdicts import accuracy
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_comparable, require_same_samples

AXIS = "samples"
READS = ("margins",)
NEEDS_ORACLE = True
HEADLINE = "strong_accuracy"
STATISTIC = "mean"
MIN_MODELS = 3
MEASURES = {
    "strong_accuracy": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Strong attack accuracy",
        "splits": ("forget", "retain", "validation", "test"),
    },
}


class Settings(BaseSettings):
    """How many models are compared."""

    num_models: int | None = Field(
        None, ge=3, description="compare only the first so many models of each side; null: all"
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the attack's accuracy on every sample, {"strong_accuracy": {split: [samples]}}.

        (share of unlearned models called unlearned + share of oracles called oracles) / 2

    In [0, 1]; the target is the oracles' own value, near chance, 0.5. `rng` is unused. Raises MetricError for margins
    that are not finite, for fewer than three models a side, and if both sides were not evaluated on the same samples.
    """
    assert oracle is not None
    require_same_samples(candidate, oracle)
    require_comparable(candidate.margins, oracle.margins, "ulira_strong")
    for name, side in (("candidate", candidate), ("oracle", oracle)):
        require_finite(side.margins, name)
    parts = {name: candidate.samples_of(name) for name in candidate.present(MEASURES["strong_accuracy"]["splits"])}
    return {
        "strong_accuracy": {
            name: strong_accuracy(unlearned=candidate.margins[:, samples], oracle=oracle.margins[:, samples])
            for name, samples in parts.items()
        }
    }


def strong_accuracy(*, unlearned: NDArray[np.floating], oracle: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the accuracy of the attack on every sample, [samples], of margins [models, samples] of both sides."""
    sides = [
        Side(margins, np.ones(margins.shape, dtype=bool), np.arange(len(margins))) for margins in (unlearned, oracle)
    ]
    seen, unseen, _ = attack(sides[0], sides[1], gaussian_ratios)
    return accuracy(seen, unseen, unlearned.shape[1])
