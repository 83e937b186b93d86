"""The metric of single models: margins and accuracy per sample."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.errors import MetricError
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.summary import summarise
from unlearnkit.metrics.utility import margin

SPLIT = np.array(["forget", "forget", "retain", "validation"])


def scored(margins: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    population = Population(margins, margins > 0, SPLIT)
    return margin.score(population, None, settings=margin.Settings(), rng=np.random.default_rng(0))


def test_values_are_means_over_models_of_every_sample() -> None:
    values = scored(np.array([[1.0, -3.0, 2.0, 0.5], [3.0, -1.0, -2.0, 0.5]]))
    assert values["margin"]["forget"].tolist() == [2.0, -2.0]
    assert values["margin"]["retain"].tolist() == [0.0] and values["margin"]["validation"].tolist() == [0.5]
    assert values["correct"]["forget"].tolist() == [1.0, 0.0] and values["correct"]["retain"].tolist() == [0.5]


def test_a_single_model_has_an_interval_over_samples_and_none_over_models() -> None:
    margins = np.random.default_rng(1).normal(size=(1, 4))
    rows = summarise(
        margin.score,
        Population(margins, margins > 0, SPLIT),
        None,
        settings=margin.Settings(),
        measures=margin.MEASURES,
        axis=margin.AXIS,
        rng=np.random.default_rng(0),
    ).rows
    forget = next(row for row in rows if (row["measure"], row["split"]) == ("margin", "forget"))
    assert forget["n_models"] == 1 and forget["n_oracles"] is None
    low, mean, high = (float(forget[name] or np.nan) for name in ("mean_low", "mean", "mean_high"))
    assert low <= mean <= high
    assert forget["mean_models_low"] is forget["mean_models_high"] is None


def test_margins_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MetricError, match="non-finite"):
        scored(np.array([[1.0, np.nan, 2.0, 0.5]]))
