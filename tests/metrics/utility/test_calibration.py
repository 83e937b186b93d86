"""Calibration: against scikit-learn, bins made by hand, and a forecaster that is calibrated by construction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from unlearnkit.errors import MetricError
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.utility import calibration as module
from unlearnkit.metrics.utility.calibration import calibration_error

SPLIT = np.repeat(["forget", "retain", "validation"], [30, 50, 40])


def observed(seed: int = 0, models: int = 3, classes: int = 2) -> tuple[Population, np.ndarray, np.ndarray]:
    """A population with confidences, the probabilities [models, samples, classes] behind them, and the labels."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), (models, len(SPLIT)))
    labels = rng.integers(classes, size=len(SPLIT))
    right = p.argmax(-1) == labels
    values = {"largest": p.max(-1), "correct": right, "brier": ((p - np.eye(classes)[labels]) ** 2).sum(-1)}
    seen = {"confidences": Observation(values, np.arange(len(SPLIT)))}
    return Population(np.where(right, 1.0, -1.0), right, SPLIT, observed=seen), p, labels


def scored(population: Population, **settings: Any) -> dict[str, dict[str, np.ndarray]]:
    own = module.Settings.model_validate(settings)
    return module.score(population, None, settings=own, rng=np.random.default_rng(0))


def by_hand(sure: np.ndarray, right: np.ndarray, groups: list[np.ndarray]) -> float:
    return sum(len(own) / len(sure) * abs(right[own].mean() - sure[own].mean()) for own in groups if len(own))


def test_brier_is_twice_that_of_scikit_learn_for_two_classes() -> None:
    """Of two classes, (p_0 - y_0)^2 and (p_1 - y_1)^2 are equal, and scikit-learn's score is one of them."""
    population, p, labels = observed()
    for split, values in scored(population)["brier"].items():
        own = population.samples_of(split)
        for model, value in enumerate(values):
            expected = 2 * brier_score_loss(labels[own], p[model, own, 1], pos_label=1)
            assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_calibration_errors_are_those_of_bins_made_by_hand(bins: int) -> None:
    population, *_ = observed(1, classes=5)
    values = scored(population, bins=bins)
    for split in ("forget", "retain", "validation"):
        part = population.of_split(split).observed["confidences"]
        for model, (sure, right) in enumerate(zip(part["largest"], part["correct"], strict=True)):
            widths = [np.flatnonzero((sure > b / bins) & (sure <= (b + 1) / bins)) for b in range(bins)]
            assert values["ece"][split][model] == pytest.approx(by_hand(sure, right, widths), rel=1e-12)
    # 40 validation samples in 4 bins: ten each, none of them on an edge
    part = population.of_split("validation").observed["confidences"]
    masses = np.array_split(np.argsort(part["largest"][0]), 4)
    equal = scored(population, bins=4)["ece_equal_mass"]["validation"][0]
    assert equal == pytest.approx(by_hand(part["largest"][0], part["correct"][0], masses), rel=1e-12)


@pytest.mark.parametrize("equal_mass", [False, True])
def test_a_calibrated_forecaster_has_almost_no_error_and_an_overconfident_one_its_excess(equal_mass: bool) -> None:
    rng = np.random.default_rng(2)
    chance = rng.uniform(0.1, 0.8, (1, 200_000))
    right = rng.random(chance.shape) < chance
    assert calibration_error(chance, right, equal_mass=equal_mass)[0] < 0.01
    assert calibration_error(chance + 0.2, right, equal_mass=equal_mass)[0] == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("equal_mass", [False, True])
def test_order_of_samples_and_ties_do_not_matter(equal_mass: bool) -> None:
    rng = np.random.default_rng(3)
    sure = np.where(rng.random((2, 60)) < 0.5, 1.0, rng.random((2, 60)))
    right, order = rng.random((2, 60)) < 0.6, rng.permutation(60)
    one, other = (calibration_error(sure[:, i], right[:, i], equal_mass=equal_mass) for i in (slice(None), order))
    np.testing.assert_allclose(one, other, rtol=1e-12)
    always = calibration_error(np.ones((1, 8)), np.ones((1, 8), bool), equal_mass=equal_mass)
    assert always.tolist() == [0.0]
    never = calibration_error(np.ones((1, 8)), np.zeros((1, 8), bool), equal_mass=equal_mass)
    assert never.tolist() == [1.0]


def test_samples_that_were_not_observed_are_no_number() -> None:
    population, *_ = observed()
    some = {"confidences": population.observed["confidences"].take_samples(np.arange(100), len(SPLIT))}
    part = Population(population.margins, population.correct, SPLIT, observed=some)
    with pytest.raises(MetricError, match="of 40 validation samples 20 have confidences"):
        scored(part)
