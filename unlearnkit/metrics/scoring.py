"""One candidate, one metric, one forget set: every epoch scored and summarised with the same random draws."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import numpy as np

from unlearnkit.config.settings import Settings
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
    set see the same draws, so that two rows of a table differ by their models alone. Raises what `summarise` raises.
    """
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
