"""What an attack on single samples has to say, and how well it does: accuracy, AUC, true positives at few false ones.

A case is one model and one sample that the model either was trained on and forgot, or never saw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import MetricError, TooFewError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

VALUES_PER_CHUNK = 2**20
"""Values [models, samples] that are worked on at once: 8 MB per temporary array."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Cases:
    """Scores of cases, float32, higher for "forgotten", and the samples that they are about."""

    scores: NDArray[np.float32]
    samples: NDArray[np.int32]

    @classmethod
    def of(cls, scores: NDArray[np.floating], samples: NDArray[np.integer]) -> Cases:
        """Return the cases in single precision."""
        return cls(scores.astype(np.float32, copy=False), samples.astype(np.int32, copy=False))

    @classmethod
    def joined(cls, parts: list[Cases]) -> Cases:
        """Return the cases of all parts."""
        return cls(np.concatenate([p.scores for p in parts]), np.concatenate([p.samples for p in parts]))

    def share(self, hits: Bools | Floats, samples: int) -> Floats:
        """Return the mean of `hits`, one per case, over the cases of every sample; NaN for a sample without cases."""
        count = np.bincount(self.samples, minlength=samples)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.bincount(self.samples, weights=hits, minlength=samples) / count


def accuracy(forgotten: Cases, never: Cases, samples: int) -> Floats:
    """Return (TPR + TNR) / 2 of every sample for the verdict "forgotten, if the score is above 0"; 0.5 is chance."""
    found, cleared = forgotten.scores > 0, never.scores <= 0
    return (forgotten.share(found, samples) + never.share(cleared, samples)) / 2


def auc(forgotten: Cases, never: Cases, samples: int) -> Floats:
    """Return the probability that a forgotten case of a sample scores above a never-seen one of any; ties count half.

    The mean over samples is the area under the ROC curve of the pooled scores in which every sample counts alike.
    """
    pooled = np.sort(never.scores)
    below, not_above = (np.searchsorted(pooled, forgotten.scores, side=side) for side in ("left", "right"))
    return forgotten.share((below + not_above) / (2 * len(pooled)), samples)


def tpr(forgotten: Cases, never: Cases, samples: int, fpr: float) -> Floats:
    """Return the share of a sample's forgotten cases above the threshold that `fpr` of all never-seen ones exceed."""
    allowed = int(np.floor(fpr * len(never.scores)))
    place = len(never.scores) - 1 - allowed
    threshold = np.partition(never.scores, place)[place]
    return forgotten.share(forgotten.scores > threshold, samples)


def chunks(models: int, samples: int) -> list[slice]:
    """Return slices of samples of at most VALUES_PER_CHUNK values."""
    size = max(1, VALUES_PER_CHUNK // max(models, 1))
    return [slice(first, first + size) for first in range(0, samples, size)]


def grouped(population: Population) -> tuple[Population, Indices]:
    """Return the population with the models of one origin beside each other, and their origins, 0, 1, ..., [models]."""
    units = population.units
    if (np.diff(units) >= 0).all():  # as they come: a copy would double the memory
        return population, units
    order = np.argsort(units, kind="stable")
    return population.take_models(order), units[order]


def of_a_pool(population: Population, name: str) -> tuple[Population, Bools, Bools]:
    """Return the samples that some model forgets, which model forgets each, and which was never trained on it.

    Raises MetricError if the models have no samples of their own, for non-finite margins, and for equal ones alone.
    """
    if population.member is None or population.forgotten is None:
        raise MetricError(
            f"{name} got a population without membership",
            expected="models that differ in what they are trained on and forget: a pool",
        )
    scored = population.of_split("forget")
    require_finite(scored.margins, "candidate")
    if np.ptp(scored.margins) == 0:
        raise MetricError(
            f"all margins of {scored.models} models on {scored.samples} samples are {scored.margins.flat[0]:g}",
            expected="margins that differ between models or samples",
            remedy="check the models of the pool: they may not have been trained",
        )
    member, forgotten = scored.member, scored.forgotten
    assert member is not None and forgotten is not None
    return scored, forgotten, ~member


def require_some(defined: Bools, forgotten: Bools, never: Bools, *, needed: str) -> None:
    """Raise TooFewError, with the counts of models, if no sample can be scored; `needed` says what one needs."""
    if defined.any():
        return
    most = [int(part.sum(axis=0).max(initial=0)) for part in (forgotten, never)]
    raise TooFewError(
        f"none of {len(defined)} samples can be scored: at most {most[0]} of {len(forgotten)} models forget the same "
        f"one, and at most {most[1]} of {len(never)} never saw the same one",
        expected=f"{needed}; where models are trained on halves and forget half of theirs twice, 4 of them have a few "
        "such samples, and 8 have many",
        remedy="raise `models`, `draws` or the part that is forgotten of the pool",
    )
