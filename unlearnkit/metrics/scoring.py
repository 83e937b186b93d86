"""One candidate, one metric, one forget set: every epoch scored and summarised with the same random draws."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import numpy as np

from unlearnkit.config.settings import Settings
from unlearnkit.errors import MetricError, TooFewError
from unlearnkit.metrics.jackknife import independent
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.summary import Summary, summarise


def score_candidate(
    metric: ModuleType,
    settings: Settings,
    candidate: Mapping[int, Population],
    oracle: Population | None,
    *,
    original: Population | None = None,
    seed: int,
) -> dict[int, Summary]:
    """Return epoch -> values and summary rows of `metric` (a registered metric module) for a candidate's populations.

    `original` is for metrics that declare NEEDS_ORIGINAL. Given the same `seed`, all candidates and epochs of a forget
    set see the same draws, so that two rows of a table differ by their models alone. Raises MetricError for a side that
    the metric needs and that is missing, has fewer models than its MIN_MODELS, or, of oracles and originals, has the
    same margin everywhere; and what `summarise` raises.
    """
    name = metric.__name__.rpartition(".")[2]
    needed = {"oracle": metric.NEEDS_ORACLE, "original": getattr(metric, "NEEDS_ORIGINAL", False)}
    for side, reference in (("oracle", oracle), ("original", original)):
        if needed[side]:
            _require_usable(reference, f"{name} compares with {side}s")
    for population in (*candidate.values(), oracle, original):
        if population is not None:
            _require_enough(population, metric, name)
    return {
        epoch: summarise(
            metric.score,
            population,
            oracle,
            original=original,
            settings=settings,
            measures=metric.MEASURES,
            axis=metric.AXIS,
            rng=np.random.default_rng(seed),
        )
        for epoch, population in candidate.items()
    }


def _require_usable(reference: Population | None, what: str) -> None:
    if reference is None:
        raise MetricError(f"{what}, and there are none", remedy="train them, or remove the metric")
    if np.ptp(reference.margins) == 0:
        raise MetricError(
            f"{what}, but all margins of these {reference.models} models on {reference.samples} samples are "
            f"{reference.margins.flat[0]:g}",
            expected="margins that differ between models or samples",
            remedy="look at how these models were trained: their outputs do not depend on their input",
        )


def _require_enough(population: Population, metric: ModuleType, name: str) -> None:
    fewest, of_a_pool = getattr(metric, "MIN_MODELS", 2), population.origin is not None
    if (count := independent(population)) < fewest:
        raise TooFewError(
            f"{name} got too few {'independent ' if of_a_pool else ''}models ({count})",
            expected=f"{fewest} or more of each side",
            remedy=f"raise {'models of the pool' if of_a_pool else 'num_models'} to {fewest} or more",
        )
