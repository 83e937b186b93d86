"""Planted candidates hold what they say, where they say it, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from unlearnkit.metrics.arena.plants import plant, planted_share
from unlearnkit.metrics.population import Observation, Population

SPLIT = np.repeat(["forget", "retain", "validation"], [10, 6, 4])


def population(level: float, models: int = 8, hidden: bool = False) -> Population:
    margins = level + np.random.default_rng(int(level)).normal(size=(models, len(SPLIT))).astype(np.float32)
    features = Observation({"features": np.full((models, 10, 2), level, np.float32)}, np.arange(10))
    return Population(margins, margins > 50, SPLIT, observed={"hidden": features} if hidden else {})


def planted(kind: str, share: float, clean: Population, original: Population) -> Population:
    found = plant(kind, share, clean, original, np.random.default_rng(0))
    assert found is not None
    return found


@pytest.mark.parametrize(("share", "count"), [(0.1, 1), (0.25, 2), (1.0, 8)])
def test_models_are_originals_with_all_that_is_observed_of_them(share: float, count: int) -> None:
    clean, original = population(0, hidden=True), population(100, hidden=True)
    found = planted("models", share, clean, original)
    np.testing.assert_array_equal(found.margins[:count], original.margins[:count])
    np.testing.assert_array_equal(found.margins[count:], clean.margins[count:])
    assert found.correct[:count].all() and not found.correct[count:].any()
    assert (found.observed["hidden"]["features"][:, 0, 0] == np.where(np.arange(8) < count, 100, 0)).all()


@pytest.mark.parametrize(("share", "count"), [(0.06, 1), (0.3, 3)])
def test_samples_are_forget_samples_of_all_models(share: float, count: int) -> None:
    found = planted("samples", share, population(0), population(100))
    changed = found.margins > 50
    assert (changed == changed[0]).all() and changed[0].sum() == count
    assert (SPLIT[changed[0]] == "forget").all()
    np.testing.assert_array_equal(found.correct, changed)


def test_less_than_half_a_model_or_sample_is_not_planted() -> None:
    clean, original, rng = population(0), population(100), np.random.default_rng(0)
    assert [planted_share(kind, 0.05, clean) for kind in ("models", "samples", "leak")] == [0, 0, 0.05]
    assert plant("models", 0.05, clean, original, rng) is None
    assert plant("samples", 0.05, clean, original, rng) is None
    assert planted_share("models", 0.3, clean) == 0.25


def test_a_leak_moves_means_on_forget_samples_and_keeps_spreads() -> None:
    clean, original = population(0), population(100)
    found = planted("leak", 0.2, clean, original)
    gap = original.margins.mean(axis=0) - clean.margins.mean(axis=0)
    moved = found.margins.mean(axis=0) - clean.margins.mean(axis=0)
    np.testing.assert_allclose(moved, np.where(SPLIT == "forget", 0.2 * gap, 0), atol=1e-4)
    np.testing.assert_allclose(found.margins.std(axis=0), clean.margins.std(axis=0), rtol=1e-5)


def test_what_changes_margins_alone_is_not_planted_beside_other_observations_or_losses() -> None:
    rng, observed = np.random.default_rng(0), population(0, hidden=True)
    assert plant("samples", 0.5, observed, observed, rng) is None
    assert plant("leak", 0.5, observed, observed, rng) is None
    sequences = replace(population(0), losses=np.ones((8, len(SPLIT))))
    assert plant("leak", 0.5, sequences, sequences, rng) is None
    others = replace(population(100), losses=np.zeros((8, len(SPLIT))))
    found = planted("samples", 0.5, sequences, others)
    assert found.losses is not None and (found.losses[:, found.margins[0] > 50] == 0).all()


def test_a_leak_makes_predictions_right_whose_margin_rises_above_0() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(size=(8, len(SPLIT)))
    clean, original = Population(margins, margins > 0, SPLIT), Population(margins + 6, margins > -6, SPLIT)
    found, forget = planted("leak", 0.2, clean, original), SPLIT == "forget"
    np.testing.assert_array_equal(found.correct[:, forget], margins[:, forget] > -1.2)
    np.testing.assert_array_equal(found.correct[:, ~forget], clean.correct[:, ~forget])
