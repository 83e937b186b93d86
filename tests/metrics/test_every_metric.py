"""What is promised of every metric of images: order does not matter, worse is worse, and bad input has a reason."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from unlearnkit.errors import MetricError, TooFewError
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.scoring import score_candidate
from unlearnkit.registry import METRICS, load, scored_on

SPLIT = np.repeat(["forget", "retain", "validation"], [12, 16, 16])
MODELS, FULL = 8, 4.0
OBSERVED = {"margins", "confidences", "hidden"}
OF_IMAGES = [name for name in METRICS if {*load("metric", name).READS} <= OBSERVED]
POOLS = [name for name in OF_IMAGES if scored_on(load("metric", name)) == "pools"]
OPTIONS = {"neurips": {"rates": "in_sample"}}
"""Where the default depends on an order: held-out rates are those of every other model."""
DRAWN = {"mia_accuracy", "indiscernibility"}
"""Measures that depend on which samples are drawn for which model."""
PATTERN = np.random.default_rng(99).normal(size=(len(SPLIT), 3))


def population(seed: int, shift: float = 0.0, models: int = MODELS) -> Population:
    """Models that know the forget samples by `shift` nats, and show it in their features and confidences."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=(models, len(SPLIT))) + shift * (SPLIT == "forget")
    p, items = 1 / (1 + np.exp(-margins)), np.arange(len(SPLIT))
    sure = {"largest": np.maximum(p, 1 - p), "correct": margins > 0, "brier": 2 * (1 - p) ** 2}
    features = {"features": rng.normal(size=(models, len(SPLIT), 3)) + shift * PATTERN}
    observed = {"confidences": Observation(sure, items), "hidden": Observation(features, items)}
    return Population(margins, margins > 0, SPLIT, observed=observed)


def pool(seed: int, shift: float = 0.0, models: int = 12) -> Population:
    """Two requests to each model of a pool, which know what they forget by `shift` nats."""
    rng = np.random.default_rng(seed)
    split = np.repeat(["forget", "validation"], [40, 20])
    member = np.repeat(rng.random((models, 60)) < 0.5, 2, axis=0) & (split == "forget")
    forgotten = member & (rng.random(member.shape) < 0.5)
    margins = rng.normal(size=member.shape) + shift * forgotten
    origin = np.repeat(np.arange(models), 2)
    return Population(margins, margins > 0, split, member=member, forgotten=forgotten, origin=origin)


def made(metric: str, seed: int, shift: float = 0.0, models: int = MODELS) -> Population:
    return pool(seed, shift, models) if metric in POOLS else population(seed, shift, models)


def values_of(metric: str, *sides: Population) -> dict[str, dict[str, np.ndarray]]:
    module: ModuleType = load("metric", metric)
    third = {"original": sides[2]} if getattr(module, "NEEDS_ORIGINAL", False) else {}
    settings = module.Settings.model_validate(OPTIONS.get(metric, {}))
    return module.score(sides[0], sides[1], **third, settings=settings, rng=np.random.default_rng(0))


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_the_order_of_models_changes_nothing(metric: str) -> None:
    sides = [made(metric, seed, shift) for seed, shift in ((0, 1.0), (1, 0.0), (2, FULL))]
    order = np.random.default_rng(3).permutation(sides[0].models)
    first = values_of(metric, *sides)
    second = values_of(metric, *(side.take_models(order) for side in sides))
    over_models = load("metric", metric).AXIS == "models"
    for measure in first.keys() - DRAWN:
        for split, values in first[measure].items():
            expected = values[order] if over_models else values
            np.testing.assert_allclose(second[measure][split], expected, atol=1e-9, err_msg=f"{measure} of {split}")


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_the_order_of_samples_changes_nothing(metric: str) -> None:
    sides = [made(metric, seed, shift) for seed, shift in ((0, 1.0), (1, 0.0), (2, FULL))]
    order = np.random.default_rng(3).permutation(sides[0].samples)
    # within splits, values come in the order of the samples
    first = values_of(metric, *sides)
    second = values_of(metric, *(side.take_samples(order) for side in sides))
    over_samples = load("metric", metric).AXIS == "samples"
    for measure in first.keys() - DRAWN:
        for split, values in first[measure].items():
            own = np.flatnonzero(sides[0].split[order] == split)
            at = np.searchsorted(sides[0].samples_of(split), order[own]) if over_samples else slice(None)
            np.testing.assert_allclose(second[measure][split], values[at], atol=1e-9, err_msg=f"{measure} of {split}")


def badness(metric: str, candidate: Population, oracle: Population, original: Population) -> float:
    """How far the headline is from its ideal, on forget samples or on all."""
    module = load("metric", metric)
    means = []
    for side in (candidate, oracle):
        by_split = values_of(metric, side, oracle, original)[module.HEADLINE]
        means.append(float(np.nanmean(by_split.get("forget", next(iter(by_split.values()))))))
    direction = module.MEASURES[module.HEADLINE]["direction"]
    return {"lower": means[0], "higher": -means[0], "match": abs(means[0] - means[1])}[direction]


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_the_more_is_left_of_the_forget_samples_the_worse(metric: str) -> None:
    oracle, original = made(metric, 1, models=12), made(metric, 2, FULL, 12)
    same, some, full = (badness(metric, made(metric, 1, shift, 12), oracle, original) for shift in (0, FULL / 2, FULL))
    assert same < some < full
    module = load("metric", metric)
    declared = module.MEASURES[module.HEADLINE]
    if declared["direction"] == "match" or (declared["direction"], declared["low"]) == ("lower", 0):
        assert same == pytest.approx(0, abs=1e-9)


def refused(metric: str, *sides: Population | None) -> str:
    module = load("metric", metric)
    candidate, oracle, original = sides
    assert candidate is not None
    with pytest.raises(MetricError) as error:
        score_candidate(module, module.Settings(), {1: candidate}, oracle, original=original, seed=0)
    return str(error.value)


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_missing_few_constant_and_failed_references_are_refused_with_the_reason(metric: str) -> None:
    module, good = load("metric", metric), made(metric, 0)
    fewest = getattr(module, "MIN_MODELS", 2)
    if fewest > 1:
        few = made(metric, 0, models=fewest - 1)
        assert f"{metric} got too few" in refused(metric, few, few, few)
    for at, side in ((1, "oracle"), (2, "original")):
        if not getattr(module, f"NEEDS_{side.upper()}", False):
            continue
        flat, failed = np.full_like(good.margins, 2), np.where(good.margins == good.margins[0, 0], np.nan, good.margins)
        for other, reason in (
            (None, f"{metric} compares with {side}s, and there are none"),
            (replace(good, margins=flat), f"all margins of these {good.models} models on {good.samples} samples are 2"),
            (replace(good, margins=failed), f"{side} margins have 1 non-finite values"),
        ):
            sides: list[Population | None] = [good, good, good]
            sides[at] = other
            assert reason in refused(metric, *sides)


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_a_candidate_with_a_failed_model_has_its_number_and_no_value(metric: str) -> None:
    module, good = load("metric", metric), made(metric, 0)
    failed = replace(good, margins=np.where(good.margins == good.margins[0, 0], np.nan, good.margins))
    original = good if getattr(module, "NEEDS_ORIGINAL", False) else None
    summary = score_candidate(module, module.Settings(), {1: failed}, good, original=original, seed=0)[1]
    assert all(
        row["n_failed"] == 1 and row["mean"] is row["p95"] is row["mean_models_low"] is None for row in summary.rows
    )
    assert all(np.isnan(values).all() for by_split in summary.values.values() for values in by_split.values())


def test_where_no_forgotten_sample_has_enough_others_there_is_no_row_without_a_reason() -> None:
    own = pool(0, models=4)
    nobody = replace(own, forgotten=np.zeros_like(own.margins, bool))
    with pytest.raises(TooFewError, match="none of 40 samples can be scored"):
        values_of("lira", nobody, nobody)


def test_confidences_that_are_not_finite_are_refused() -> None:
    own = population(0)
    own.observed["confidences"].values["brier"][2, 0] = np.nan
    assert "confidences of forget samples are not finite in 1 of 8 models" in refused("calibration", own, None, None)
