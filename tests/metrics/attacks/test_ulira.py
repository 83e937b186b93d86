"""U-LiRA: against a plain loop with SciPy, closed forms of Gaussians, and planted traces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pools_of_requests import made_pool
from scipy.stats import norm

from unlearnkit.errors import MetricError, TooFewError
from unlearnkit.metrics.attacks import ulira
from unlearnkit.metrics.attacks.ulira_strong import strong_accuracy
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.summary import summarise

RNG = np.random.default_rng(0)


def scored(pool: Population, oracle: Population | None = None, **settings: Any) -> dict[str, np.ndarray]:
    values = ulira.score(pool, oracle or pool, settings=ulira.Settings(**settings), rng=RNG)
    return {measure: of_splits["forget"] for measure, of_splits in values.items()}


def fitted(values: np.ndarray, floor: float) -> tuple[float, float]:
    return float(np.mean(values)), max(float(np.std(values, ddof=1)), floor)


def by_loops(pool: Population, leave_out: str) -> dict[str, np.ndarray]:
    """The definition, one sample and one value at a time."""
    member, forgotten, origin = pool.member, pool.forgotten, pool.origin
    assert member is not None and forgotten is not None and origin is not None
    samples = np.flatnonzero(pool.split == "forget")
    ratios: list[tuple[list[float], list[float]]] = []
    for x in samples:
        margins = pool.margins[:, x].astype(float)
        sides = np.flatnonzero(forgotten[:, x]), np.flatnonzero(~member[:, x])
        floor = 1e-3 * float(np.std(margins[np.concatenate(sides)]))
        own: tuple[list[float], list[float]] = ([], [])
        for side, other, collected in zip(sides, sides[::-1], own, strict=True):
            for model in side:
                left = [k for k in side if (origin[k] != origin[model] if leave_out == "original" else k != model)]
                if min(len(left), len(other)) < 2:
                    collected.append(np.nan)
                    continue
                here = norm.logpdf(margins[model], *fitted(margins[left], floor))
                there = norm.logpdf(margins[model], *fitted(margins[other], floor))
                collected.append(float(here - there) if side is sides[0] else float(there - here))
        ratios.append(own)
    can = [bool(np.isfinite([*seen, *unseen]).all()) for seen, unseen in ratios]
    pooled = np.concatenate([unseen for own, (_, unseen) in zip(can, ratios, strict=True) if own])
    threshold = np.sort(pooled)[len(pooled) - 1 - int(0.01 * len(pooled))]
    values: dict[str, list[float]] = {"accuracy": [], "auc": [], "tpr_at_1": []}
    for defined, (seen, unseen) in zip(can, ratios, strict=True):
        of_sample = [np.nan] * 3
        if defined:
            rates = np.mean(np.array(seen) > 0), np.mean(np.array(unseen) <= 0)
            below = [np.mean(pooled < value) + np.mean(pooled == value) / 2 for value in seen]
            of_sample = [sum(rates) / 2, np.mean(below), np.mean(np.array(seen) > threshold)]
        for name, value in zip(values, of_sample, strict=True):
            values[name].append(float(value))
    return {name: np.array(column) for name, column in values.items()}


@pytest.mark.parametrize("leave_out", ["original", "value"])
def test_it_equals_the_definition_in_plain_loops(leave_out: str) -> None:
    pool = made_pool(8, 3, 60, leak=1.0)
    found, expected = scored(pool, leave_out=leave_out), by_loops(pool, leave_out)
    assert 0 < np.isnan(expected["accuracy"]).sum() < len(expected["accuracy"]) or leave_out == "value"
    for measure, values in expected.items():
        np.testing.assert_allclose(found[measure], values, atol=2e-6 if measure == "auc" else 1e-12, err_msg=measure)


@pytest.mark.parametrize("leak", [0.0, 1.0, 2.0])
def test_many_models_give_the_attack_between_gaussians_of_known_distance(leak: float) -> None:
    pool = made_pool(40, 5, 400, leak=leak)
    found = {measure: float(np.mean(values)) for measure, values in scored(pool).items()}
    assert found["accuracy"] == pytest.approx(norm.cdf(leak / 2), abs=0.012)
    assert found["auc"] == pytest.approx(norm.cdf(leak / 2**0.5), abs=0.012)
    if not leak:
        assert found["tpr_at_1"] == pytest.approx(0.01, abs=0.003)
        assert found["tpr_at_01"] == pytest.approx(0.001, abs=0.001)


def test_traces_are_found_in_the_order_of_their_size() -> None:
    found = [np.nanmean(scored(made_pool(leak=leak))["accuracy"]) for leak in (0.0, 0.5, 1.5, 4.0)]
    assert found == sorted(found) and found[0] < 0.52 and found[-1] > 0.95


def test_neither_the_order_of_models_nor_that_of_samples_matters() -> None:
    pool = made_pool(leak=1.0)
    models, samples = np.random.default_rng(1).permutation(pool.models), np.arange(pool.samples)[::-1]
    other = scored(pool.take_models(models).take_samples(samples))
    for measure, values in scored(pool).items():
        np.testing.assert_allclose(other[measure][::-1], values, atol=1e-6)


def test_dependent_requests_are_left_out_together() -> None:
    # ten requests to one model that all show the same: with only the value left out, nine copies of it stay
    pool = made_pool(8, 10, 100)
    alike = np.repeat(np.random.default_rng(0).normal(size=(8, 100)), 10, axis=0).astype(np.float32)
    same = replace(pool, margins=alike)
    assert np.nanmean(scored(same, leave_out="value")["accuracy"]) > 0.55
    assert np.nanmean(scored(same, leave_out="original")["accuracy"]) < 0.5


def test_retrained_models_may_stand_for_those_that_never_saw_a_sample() -> None:
    pool, retrained = made_pool(24, 4, leak=1.0), made_pool(24, 4)
    retrained = replace(retrained, member=pool.member, forgotten=pool.forgotten, split=pool.split)
    found = scored(pool, retrained, reference="retrained")
    assert np.nanmean(found["accuracy"]) == pytest.approx(norm.cdf(0.5), abs=0.02)


def test_retrained_models_are_a_target_for_perfect_unlearning_also_as_the_reference() -> None:
    perfect, retrained = made_pool(16, 4), made_pool(16, 4, seed=1)
    retrained = replace(retrained, member=perfect.member, forgotten=perfect.forgotten, split=perfect.split)
    accuracies = [np.nanmean(scored(who, retrained, reference="retrained")["accuracy"]) for who in (perfect, retrained)]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.02)


def test_correctness_is_a_weaker_feature() -> None:
    pool = made_pool(24, 4, leak=2.0)
    found = np.nanmean(scored(pool, feature="correctness")["accuracy"])
    # the better of two coins: P(correct) is Phi(2) and 1/2
    assert found == pytest.approx((norm.cdf(2) + 0.5) / 2, abs=0.02)
    assert found < np.nanmean(scored(pool)["accuracy"])


def test_the_published_arithmetic_has_its_defects() -> None:
    pool = made_pool(16, 2, 60, leak=0.5)
    correct = pool.correct.copy()
    samples = np.flatnonzero(pool.split == "forget")
    correct[:, samples[0]] = True
    pool = replace(pool, correct=correct)
    found = scored(pool, compat="deep_unlearn")
    member, forgotten = pool.member, pool.forgotten
    assert member is not None and forgotten is not None
    assert np.isnan(found["accuracy"][0]), "all models agree: both standard deviations are 0"
    x = samples[3]
    ones, others = correct[forgotten[:, x], x].astype(float), correct[~member[:, x], x].astype(float)
    densities = [norm.pdf(ones, *norm.fit(side)) for side in (ones, others)]
    assert found["accuracy"][3] == pytest.approx(np.mean(densities[0] / (densities[0] + densities[1])), abs=1e-12)
    assert np.isnan(found["auc"]).all()


def test_equal_margins_of_one_sample_tell_nothing() -> None:
    pool = made_pool()
    first = np.flatnonzero(pool.split == "forget")[0]
    pool.margins[:, first] = 3.25
    assert scored(pool)["accuracy"][0] == 0.5


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            lambda p: replace(p, margins=np.full_like(p.margins, 2.5)),
            r"all margins of 64 models on \d+ samples are 2\.5",
        ),
        (lambda p: replace(p, margins=np.where(p.split == "forget", np.nan, p.margins)), r"non-finite values"),
        (lambda p: replace(p, member=None, forgotten=None), r"without membership; expected .*a pool"),
        (
            lambda p: p.take_models(slice(4)),
            r"none of \d+ samples can be scored: at most \d of 4 models forget.*8 have",
        ),
    ],
)
def test_what_cannot_be_attacked_is_refused(changed: Any, told: str) -> None:
    with pytest.raises(MetricError, match=f"(?s){told}"):
        scored(changed(made_pool()))


def test_a_summary_counts_the_samples_that_can_be_scored_and_leaves_whole_originals_out() -> None:
    pool = made_pool(8, 2, 100, leak=2.0)
    arguments = {"settings": ulira.Settings.model_validate({}), "measures": ulira.MEASURES, "axis": ulira.AXIS}
    summary = summarise(ulira.score, pool, pool, **arguments, rng=np.random.default_rng(0), model_resamples=20)
    row = summary.rows[0]
    values = summary.values["accuracy"]["forget"]
    assert row["n_samples"] == np.isfinite(values).sum() < len(values)
    assert row["mean"] == pytest.approx(np.nanmean(values))
    assert isinstance(row["mean_models_low"], float) and row["mean_models_low"] < np.nanmean(values)
    with pytest.raises(TooFewError):
        summarise(ulira.score, pool.take_models(slice(4)), pool, **arguments, rng=np.random.default_rng(0))


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0])
def test_the_strong_attack_tells_two_gaussians_apart_by_half_their_distance(distance: float) -> None:
    unlearned, oracle = np.random.default_rng(2).normal(size=(2, 60, 1500)).astype(np.float32)
    found = strong_accuracy(unlearned=unlearned + np.float32(distance), oracle=oracle)
    assert found.mean() == pytest.approx(norm.cdf(distance / 2), abs=0.01)
    order = np.random.default_rng(3).permutation(60)
    again = strong_accuracy(unlearned=(unlearned + np.float32(distance))[order], oracle=oracle[order])
    np.testing.assert_allclose(again, found, atol=1e-12)


def test_the_strong_attack_equals_its_definition() -> None:
    u, o = np.random.default_rng(4).normal(size=(2, 5, 1)) + np.array([[[0.8]], [[0.0]]])
    hits = []
    for own, other in ((u[:, 0], o[:, 0]), (o[:, 0], u[:, 0])):
        for k, value in enumerate(own):
            here, there = (norm.logpdf(value, *fitted(side, 0)) for side in (np.delete(own, k), other))
            hits.append(here > there)
    assert strong_accuracy(unlearned=u, oracle=o)[0] == pytest.approx(np.mean(hits))
