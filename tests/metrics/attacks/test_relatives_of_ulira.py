"""Offline LiRA and RMIA: against plain loops, closed forms of Gaussians, and planted traces."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pools_of_requests import made_pool
from scipy.special import log_expit
from scipy.stats import norm

from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks import lira, rmia
from unlearnkit.metrics.population import Population

RNG = np.random.default_rng(0)


def scored(metric: ModuleType, pool: Population, **settings: Any) -> dict[str, np.ndarray]:
    values = metric.score(pool, None, settings=metric.Settings(**settings), rng=RNG)
    return {measure: of_splits["forget"] for measure, of_splits in values.items()}


def aucs(seen: dict[int, list[float]], unseen: list[float], samples: np.ndarray) -> np.ndarray:
    pooled = np.array(unseen)
    below = [[np.mean(pooled < v) + np.mean(pooled == v) / 2 for v in seen.get(x, [])] for x in samples]
    return np.array([np.mean(own) if own else np.nan for own in below])


def cases_of(pool: Population, score_of: Any, can: np.ndarray | None = None) -> np.ndarray:
    """AUC per forgotten sample (or those of them that `can` be scored) of `score_of(model, sample)`."""
    member, forgotten = pool.member, pool.forgotten
    assert member is not None and forgotten is not None
    seen: dict[int, list[float]] = {}
    unseen: list[float] = []
    samples = np.flatnonzero(pool.split == "forget")
    samples = samples if can is None else samples[can]
    for x in samples.tolist():
        for model in range(pool.models):
            if forgotten[model, x]:
                seen.setdefault(x, []).append(score_of(model, x))
            elif not member[model, x]:
                unseen.append(score_of(model, x))
    return aucs(seen, unseen, samples)


def test_lira_equals_its_definition_in_plain_loops() -> None:
    pool = made_pool(8, 2, 40, leak=1.0)
    member, origin = pool.member, pool.origin
    assert member is not None and origin is not None

    def distance(model: int, x: int) -> float:
        others = pool.margins[~member[:, x] & (origin != origin[model]), x].astype(float)
        return float((pool.margins[model, x] - others.mean()) / others.std(ddof=1))

    np.testing.assert_allclose(scored(lira, pool)["auc"], cases_of(pool, distance), atol=2e-5)


@pytest.mark.parametrize(("gamma", "references"), [(2.0, None), (1.0, None), (2.0, 6)])
def test_rmia_equals_its_definition_in_plain_loops(gamma: float, references: int | None) -> None:
    pool = made_pool(10, 2, 40, leak=1.0)
    member, origin = pool.member, pool.origin
    assert member is not None and origin is not None
    chances, unseen = np.exp(log_expit(pool.margins.astype(float))), np.flatnonzero(pool.split == "validation").tolist()

    def ratio(model: int, x: int) -> float:
        others = ~member[:, x] & (origin != origin[model]) & (origin < (references or 10))
        return float(chances[model, x] / chances[others, x].mean())

    def share(model: int, x: int) -> float:
        return float(np.mean([ratio(model, x) / ratio(model, w) >= gamma for w in unseen]))

    found = scored(rmia, pool, gamma=gamma, references=references)["auc"]
    defined = np.isfinite(found)
    assert defined.sum() > 20
    np.testing.assert_allclose(found[defined], cases_of(pool, share, defined), atol=2e-5)


@pytest.mark.parametrize("metric", [lira, rmia])
def test_many_models_give_the_area_of_gaussians_of_known_distance(metric: ModuleType) -> None:
    for leak in (0.0, 1.5):
        found = scored(metric, made_pool(40, 4, 400, leak=leak))
        assert np.nanmean(found["auc"]) == pytest.approx(norm.cdf(leak / 2**0.5), abs=0.03)
    assert np.nanmean(found["tpr_at_1"]) > 0.08


@pytest.mark.parametrize("metric", [lira, rmia])
def test_what_is_forgotten_too_well_is_on_the_other_side_of_one_half(metric: ModuleType) -> None:
    assert np.nanmean(scored(metric, made_pool(leak=-2.0))["auc"]) < 0.2


@pytest.mark.parametrize("metric", [lira, rmia])
def test_the_order_of_models_does_not_matter(metric: ModuleType) -> None:
    pool = made_pool(leak=1.0)
    other = pool.take_models(np.random.default_rng(1).permutation(pool.models))
    np.testing.assert_allclose(scored(metric, other)["auc"], scored(metric, pool)["auc"], atol=1e-5)


@pytest.mark.parametrize("metric", [lira, rmia])
def test_what_cannot_be_attacked_is_refused(metric: ModuleType) -> None:
    with pytest.raises(MetricError, match="without membership"):
        scored(metric, replace(made_pool(), member=None, forgotten=None))
    with pytest.raises(MetricError, match=r"none of \d+ samples can be scored.*at most 4 of 4 never saw"):
        scored(metric, made_pool(2, 4).take_models(slice(4)))
