"""Planted candidates: exact retraining with a known fault, made of the models that are there.

Weights of independent networks are not interpolated, since the result is no model that any method would make: units of
two networks have no common order, and the loss in between is high. What an incomplete method leaves is planted in the
outputs instead: in some models, on some samples, or a little everywhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.population import Observation, Population

KINDS = ("models", "samples", "leak")


def plant(
    kind: str, share: float, candidate: Population, original: Population, rng: np.random.Generator
) -> Population | None:
    """Return `candidate`, oracles, with a share of what the originals know, in whole models or samples.

    "models": that share of its models are originals. "samples": on that share of the forget samples all models show
    what originals show. "leak": the margins of all models on the forget samples move by that share of the gap between
    the means of originals and oracles, which leaves their spread as it is; a prediction whose margin rises above 0 is
    right. None where the kind is not defined: for the last two where there are other observations, for a leak also
    where losses are given beside margins or `correct` are shares; and where the share is less than half a model or
    sample. Model k is replaced by original k.
    """
    count = round(share * _whole(kind, candidate))
    if kind != "leak" and not count:
        return None
    if kind == "models":
        return _rows(candidate, original, count)
    shares = candidate.correct.dtype != bool
    if candidate.observed or (kind == "leak" and (shares or candidate.losses is not None)):
        return None
    forget = candidate.samples_of("forget")
    if kind == "samples":
        return _columns(candidate, original, rng.choice(forget, count, replace=False))
    margins = candidate.margins.astype(np.float64)
    margins[:, forget] += share * (original.margins.mean(axis=0, dtype=float) - margins.mean(axis=0))[forget]
    # a margin above 0 is a probability above one half
    risen = np.isin(np.arange(candidate.samples), forget) & (margins > 0)
    return replace(candidate, margins=margins, correct=np.logical_or(candidate.correct, risen))


def planted_share(kind: str, share: float, candidate: Population) -> float:
    """Return the share of whole models or samples nearest to `share`, perhaps 0; of a leak `share` itself."""
    whole = _whole(kind, candidate)
    return share if kind == "leak" else round(share * whole) / whole


def _whole(kind: str, candidate: Population) -> int:
    return candidate.models if kind == "models" else len(candidate.samples_of("forget"))


def _rows(candidate: Population, original: Population, count: int) -> Population:
    def of(arrays: tuple[NDArray, NDArray]) -> NDArray:
        return np.concatenate([arrays[1][:count], arrays[0][count:]])

    observed = {
        name: Observation(
            {value: of((observation[value], original.observed[name][value])) for value in observation.values},
            observation.samples,
        )
        for name, observation in candidate.observed.items()
    }
    losses = None if candidate.losses is None or original.losses is None else of((candidate.losses, original.losses))
    margins, correct = of((candidate.margins, original.margins)), of((candidate.correct, original.correct))
    return Population(margins, correct, candidate.split, losses, observed=observed)


def _columns(candidate: Population, original: Population, samples: NDArray[np.intp]) -> Population:
    chosen = np.zeros(candidate.samples, bool)
    chosen[samples] = True

    def of(values: NDArray, other: NDArray) -> NDArray:
        return np.where(chosen, other, values)

    losses = None if candidate.losses is None or original.losses is None else of(candidate.losses, original.losses)
    margins, correct = of(candidate.margins, original.margins), of(candidate.correct, original.correct)
    return replace(candidate, margins=margins, correct=correct, losses=losses)
