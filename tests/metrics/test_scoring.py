"""Scores of a candidate: all its epochs see the same draws."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.metrics.attacks import mia
from unlearnkit.metrics.distribution import klom
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.scoring import score_candidate

SPLIT = np.repeat(["forget", "retain", "validation"], [8, 12, 20])


def population(seed: int) -> Population:
    """Unit normal margins of ten models."""
    margins = np.random.default_rng(seed).normal(size=(10, len(SPLIT))).astype(np.float32)
    return Population(margins, margins > 0, SPLIT)


@pytest.mark.parametrize("metric", [klom, mia])
def test_epochs_with_the_same_models_have_the_same_rows(metric) -> None:
    models, others, settings = population(0), population(1), metric.Settings.model_validate({})
    by_epoch = score_candidate(metric, settings, {1: models, 5: models, 9: others}, population(2), seed=3)
    assert list(by_epoch) == [1, 5, 9]
    assert by_epoch[1].rows == by_epoch[5].rows != by_epoch[9].rows
    # whatever else is scored: the draws of an epoch are its own
    alone = score_candidate(metric, settings, {9: others}, population(2), seed=3)
    assert alone[9].rows == by_epoch[9].rows


def test_another_seed_gives_other_intervals_of_the_same_values() -> None:
    candidate, oracle = {1: population(0)}, population(2)
    settings = klom.Settings.model_validate({})
    first, second = (score_candidate(klom, settings, candidate, oracle, seed=seed)[1].rows for seed in (3, 4))
    for row, other in zip(first, second, strict=True):
        assert row["mean"] == other["mean"]
        for key in ("mean_low", "mean_high", "mean_models_low", "mean_models_high"):
            assert row[key] != other[key]
