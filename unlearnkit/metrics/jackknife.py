"""The delete-d jackknife: how much would a value move had other models been trained?

    s^2 = (n - d) / d * mean over subsets of (value of a subset - mean of these values)^2,    d = n / 10, at least 1

from random subsets of n - d of the n models of every side. Subsets of nearly n models have histograms like those of n,
which halves do not, and repeat no model, which the bootstrap does. Where several models come from one
(`Population.origin`), n and d count those, and subsets leave out all that come from one. With originals, a subset has
the same models of all sides, since original k, oracle k and the model that unlearned original k belong together.
Source: Shao & Wu 1989 (doi 10.1214/aos/1176347263).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings
from unlearnkit.errors import TooFewError
from unlearnkit.metrics.population import Population

# scored for every subset of the models: enough to keep the spread, and a bound on the cost
SAMPLES_PER_SUBSET = 2000
# with 4 or 5 models a side the 95th percentile of KLOM is often equal in all subsets, and its interval a single point
FEWEST = 6

Values = dict[str, dict[str, NDArray[np.float64]]]
Errors = dict[tuple[str, str], NDArray[np.float64]]
Sides = tuple[Population, Population | None, Population | None]
"""Candidate, oracles, originals: None where the metric does not compare with them."""


def standard_errors(
    score: Callable[..., Values], sides: Sides, settings: Settings, rng: np.random.Generator, subsets: int
) -> Errors:
    """Return the standard errors of mean and 95th percentile over models, {(measure, split): [2]}, in their units.

    Every one of `subsets` random subsets is scored on at most SAMPLES_PER_SUBSET samples of each split. NaN where a
    subset has no defined value; empty for fewer than FEWEST models of a side, or too few for `score` in a subset.
    """
    models = [independent(side) for side in sides if side]
    if min(models) < FEWEST:
        return {}
    scale = max((n - _left_out(n)) / _left_out(n) for n in models)
    sides = _on_some_samples(sides, rng)
    drawn: dict[tuple[str, str], list[NDArray]] = {}
    for _ in range(subsets):
        subset = _subset(sides, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the estimate itself has warned already
            try:
                values = scored(score, subset, settings, rng)
            except TooFewError:
                return {}
        for measure, of_splits in values.items():
            for split, of_samples in of_splits.items():
                drawn.setdefault((measure, split), []).append(mean_and_p95(defined(of_samples)))
    return {key: np.sqrt(scale * np.var(results, axis=0, ddof=1)) for key, results in drawn.items()}


def scored(score: Callable[..., Values], sides: Sides, settings: Settings, rng: np.random.Generator) -> Values:
    """Return what a metric's `score` gives for its sides; `original` goes by name, to those that compare with it."""
    candidate, oracle, original = sides
    third = {} if original is None else {"original": original}
    return score(candidate, oracle, **third, settings=settings, rng=rng)


def independent(side: Population) -> int:
    """Return the number of independent models of a population."""
    return int(side.units.max()) + 1


def defined(values: NDArray) -> NDArray:
    """Return the values that are not NaN."""
    undefined = np.isnan(values)
    return values[~undefined] if undefined.any() else values


def mean_and_p95(values: NDArray) -> NDArray[np.float64]:
    """Return mean and 95th percentile, [2]; NaN without values."""
    if not len(values):
        return np.full(2, np.nan)
    return np.array([np.mean(values), np.percentile(values, 95)], np.float64)


def _left_out(models: int) -> int:
    return max(1, models // 10)


def _drawn(side: Population, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return all models but those of some units, in random order where each is one of its own."""
    units = independent(side)
    kept = rng.permutation(units)[_left_out(units) :]
    return kept if side.origin is None else np.flatnonzero(np.isin(side.units, kept))


def _subset(sides: Sides, rng: np.random.Generator) -> Sides:
    """Return some models of every side, drawn without replacement; with originals, the same ones of all sides."""
    candidate, oracle, original = sides
    kept = _drawn(candidate, rng)
    others = oracle and oracle.take_models(kept if original else _drawn(oracle, rng))
    return candidate.take_models(kept), others, original and original.take_models(kept)


def _on_some_samples(sides: Sides, rng: np.random.Generator) -> Sides:
    candidate, oracle, original = sides
    split = candidate.split
    samples = []
    for name in np.unique(split):
        of_split = np.flatnonzero(split == name)
        samples.append(rng.choice(of_split, min(len(of_split), SAMPLES_PER_SUBSET), replace=False))
    chosen = np.sort(np.concatenate(samples))
    others = oracle and oracle.take_samples(chosen), original and original.take_samples(chosen)
    return candidate.take_samples(chosen), *others
