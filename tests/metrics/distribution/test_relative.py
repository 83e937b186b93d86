"""The certificate as a metric, on margins and on features."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from unlearnkit.errors import MetricError
from unlearnkit.metrics.distribution import relative, representation
from unlearnkit.metrics.distribution.representation import linear_cka
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.summary import Summary, summarise

SPLIT = np.repeat(["forget", "retain", "validation"], [12, 40, 30])
FORGOTTEN = SPLIT == "forget"


def population(seed: int, models: int = 12, learned: float = 0.0) -> Population:
    """Models whose margins on the forget samples are higher by what they `learned` of them, and features likewise."""
    rng = np.random.default_rng(seed)
    margins = (rng.normal(size=(models, len(SPLIT))) + learned * FORGOTTEN).astype(np.float32)
    # a signal that all models share, seen through a rotation of their own
    shared, more = np.random.default_rng(99).normal(size=(2, len(SPLIT), 3))
    signal = shared + learned * FORGOTTEN[:, None] * more
    basis = np.linalg.qr(rng.normal(size=(models, 8, 3)))[0].swapaxes(1, 2)
    features = np.einsum("sk,mkw->msw", signal, basis) + 0.2 * rng.normal(size=(models, len(SPLIT), 8))
    hidden = Observation({"features": features.astype(np.float32)}, np.arange(len(SPLIT)))
    return Population(margins, margins > 0, SPLIT, observed={"hidden": hidden})


def settings_of(metric: ModuleType, **settings: Any) -> Any:
    return metric.Settings.model_validate({"permutations": 199, **settings})


def values_of(metric: ModuleType, *sides: Population, **settings: Any) -> dict[tuple[str, str], float]:
    candidate, oracle, original = sides
    own, rng = settings_of(metric, **settings), np.random.default_rng(0)
    values = metric.score(candidate, oracle, original=original, settings=own, rng=rng)
    assert set(values) == set(metric.MEASURES)
    return {(name, split): float(value[0]) for name, of in values.items() for split, value in of.items()}


@pytest.mark.parametrize(("learned", "verdict"), [(0.0, -1), (1.5, 1)])
@pytest.mark.parametrize(
    ("metric", "statistic"), [(relative, "mmd"), (relative, "hockey_stick"), (representation, "mmd")]
)
def test_the_nearer_population_is_found_on_forget_samples(
    metric: ModuleType, learned: float, verdict: int, statistic: str
) -> None:
    sides = population(0, 30, learned), population(1, 30), population(2, 30, 1.5)
    found = values_of(metric, *sides, statistic=statistic)
    assert found["verdict", "forget"] == verdict
    assert np.sign(found["statistic", "forget"]) == verdict
    nearer, other = ("p_oracle", "p_original")[::-verdict]
    assert found[nearer, "forget"] <= 0.025 < found[other, "forget"]
    assert (found["to_oracles", "forget"] < found["to_originals", "forget"]) == (verdict < 0)
    assert found["p_same", "forget"] <= 0.05 or verdict < 0


def test_similarity_of_features_shows_what_was_learned() -> None:
    found = values_of(representation, population(0, 20), population(1, 20), population(2, 20, 1.5))
    assert found["cka_oracles", "forget"] > found["cka_originals", "forget"] + 0.1
    assert found["cka_oracles", "validation"] == pytest.approx(found["cka_originals", "validation"], abs=0.05)


def test_linear_cka_is_that_of_the_centring_matrix_and_ignores_rotations() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3, 9, 5))
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    features[2] = 4 * features[0] @ rotation + 7
    found, centring = linear_cka(features), np.eye(9) - 1 / 9
    grams = [centring @ own @ own.T @ centring for own in features]
    expected = np.trace(grams[0] @ grams[1]) / np.sqrt(np.trace(grams[0] @ grams[0]) * np.trace(grams[1] @ grams[1]))
    assert found[0, 1] == pytest.approx(expected, rel=1e-12)
    assert found[0, 2] == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(np.diag(found), 1, rtol=1e-12)


def summary_of(metric: ModuleType, *sides: Population) -> Summary:
    candidate, oracle, original = sides
    return summarise(
        metric.score,
        candidate,
        oracle,
        original=original,
        settings=settings_of(metric, permutations=99),
        measures=metric.MEASURES,
        axis=metric.AXIS,
        rng=np.random.default_rng(0),
        model_resamples=10,
    )


@pytest.mark.parametrize("metric", [relative, representation])
def test_summaries_of_the_fewest_models_have_intervals_of_what_is_no_probability(metric: ModuleType) -> None:
    rows = summary_of(metric, *(population(seed, metric.MIN_MODELS) for seed in range(3))).rows
    assert [(row["measure"], row["split"]) for row in rows] == [
        (m, s) for m in metric.MEASURES for s in metric.SPLITS if s != "test"
    ]
    for row in rows:
        assert row["mean"] is not None
        assert (row["mean_models_low"] is None) == (row["measure"] in ("p_oracle", "p_original", "p_same", "verdict"))


def test_a_candidate_with_failed_models_has_no_verdict() -> None:
    failed = population(0)
    failed.margins[2, 5] = np.inf
    assert {row["mean"] for row in summary_of(relative, failed, population(1), population(2)).rows} == {None}


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ((10, 12, 12), "10 models of the candidate, 12 oracles and 12 originals; expected as many of each, 4 or more"),
        ((3, 3, 3), "3 models of the candidate, 3 oracles and 3 originals; expected as many of each, 4 or more"),
    ],
)
def test_unequal_and_too_few_models_are_refused(sides: tuple[int, int, int], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        values_of(relative, *(population(seed, count) for seed, count in enumerate(sides)))


def test_constant_margins_other_samples_and_empty_features_are_refused() -> None:
    constant = replace(population(0), margins=np.ones((12, len(SPLIT)), np.float32))
    with pytest.raises(MetricError, match="most models have the same values"):
        values_of(relative, constant, constant, constant)
    fewer = population(0).take_samples(np.arange(60))
    with pytest.raises(MetricError, match="differ in their samples"):
        values_of(relative, fewer, population(1), population(2))
    empty = Observation({"features": np.ones((12, len(SPLIT), 8), np.float32)}, np.arange(len(SPLIT)))
    with pytest.raises(MetricError, match="12 of 36 models have features that are not finite, or the same on all"):
        values_of(representation, replace(population(0), observed={"hidden": empty}), population(1), population(2))


def test_few_models_of_one_law_on_many_samples_are_seldom_told_apart() -> None:
    split = np.repeat(["forget", "retain", "validation"], [1000, 2, 2])
    rng, small = np.random.default_rng(0), 0
    for _ in range(25):
        sides = [Population(m := rng.normal(size=(8, len(split))), m > 0, split) for _ in range(3)]
        small += values_of(relative, *sides, permutations=99)["p_same", "forget"] <= 0.05
    assert small <= 5, "a share of 5 % exceeds this once in a thousand times"
