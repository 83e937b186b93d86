"""Margin distance: values by hand, SciPy and integration as references, properties, refusals."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad
from scipy.stats import norm, wasserstein_distance

from unlearnkit.errors import MetricError
from unlearnkit.metrics.distribution import margin_distance
from unlearnkit.metrics.distribution.klom import klom
from unlearnkit.metrics.distribution.margin_distance import (
    MEASURES,
    VALUES_PER_CHUNK,
    Settings,
    gaussian_kl,
    score,
    wasserstein,
)
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.scoring import score_candidate

SPLIT = np.array(["forget", "forget", "retain", "retain", "validation", "validation"])


def column(*values: float) -> np.ndarray:
    """Return the margins of one sample, one model each."""
    return np.array(values, np.float64)[:, None]


def pools(side: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    """Draw margins of three samples on both sides, with ties more often than not."""
    elements = st.integers(-40, 40).map(lambda quarter: quarter / 4)
    return st.tuples(*(side.flatmap(lambda n: arrays(np.float64, (n, 3), elements=elements)) for _ in range(2)))


POOLS = pools(st.integers(2, 9))
SETTINGS = hypothesis_settings(max_examples=60)


def test_wasserstein_at_values_computed_by_hand() -> None:
    assert wasserstein(unlearned=column(0, 2), oracle=column(5, 1))[0] == 2  # |0 - 1| and |2 - 5|, halved
    assert wasserstein(unlearned=column(3, 3, 3), oracle=column(3, 3))[0] == 0
    assert wasserstein(unlearned=column(-150, -150), oracle=column(150, 150))[0] == 300  # nothing is clipped
    # thirds against halves: 1/3 of |0 - 0|, 1/6 of |3 - 0|, 1/6 of |3 - 6|, 1/3 of |6 - 6|
    assert wasserstein(unlearned=column(6, 0, 3), oracle=column(0, 6))[0] == pytest.approx(1.0, abs=1e-15)


def test_gaussian_kl_at_values_computed_by_hand() -> None:
    u, o = column(0, 2), column(3, 7)  # means 1 and 5, variances 2 and 8
    forward, reverse = np.log(2) + (2 + 16) / 16 - 0.5, -np.log(2) + (8 + 16) / 4 - 0.5
    assert gaussian_kl(unlearned=u, oracle=o)[0] == pytest.approx(forward, rel=1e-14)
    assert gaussian_kl(unlearned=u, oracle=o, direction="oracle||unlearned")[0] == pytest.approx(reverse, rel=1e-14)
    both = gaussian_kl(unlearned=u, oracle=o, direction="symmetric")[0]
    assert both == pytest.approx((forward + reverse) / 2, rel=1e-14)


def test_constants_are_finite_and_equal_ones_are_at_zero() -> None:
    constant, spread = column(0.1, 0.1, 0.1), column(1.1, 3.1)
    assert gaussian_kl(unlearned=constant, oracle=constant[:2])[0] == pytest.approx(0, abs=1e-20)
    apart = gaussian_kl(unlearned=constant, oracle=constant + 1, sd_floor=0.1)[0]
    assert apart == pytest.approx(1 / (2 * 0.1**2), rel=1e-12)
    collapsed = gaussian_kl(unlearned=constant, oracle=spread)[0]
    assert collapsed == pytest.approx(np.log(np.sqrt(2) / 1e-3) + (1e-6 + 4) / 4 - 0.5, rel=1e-12)
    assert np.isfinite(gaussian_kl(unlearned=spread, oracle=constant)).all()


@SETTINGS
@given(both=POOLS)
def test_wasserstein_equals_scipys(both: tuple[np.ndarray, np.ndarray]) -> None:
    u, o = both
    expected = [wasserstein_distance(ours, theirs) for ours, theirs in zip(u.T, o.T, strict=True)]
    np.testing.assert_allclose(wasserstein(unlearned=u, oracle=o), expected, atol=1e-13)


@pytest.mark.parametrize(("models", "oracles"), [(100, 100), (100, 37), (6, 8)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_wasserstein_equals_scipys_on_normal_margins(models: int, oracles: int, dtype: str) -> None:
    rng = np.random.default_rng(models + oracles)
    u, o = rng.normal(size=(models, 40)).astype(dtype), rng.normal(1, 2, size=(oracles, 40)).astype(dtype)
    expected = [wasserstein_distance(ours, theirs) for ours, theirs in zip(u.T, o.T, strict=True)]
    np.testing.assert_allclose(wasserstein(unlearned=u, oracle=o), expected, rtol=1e-12)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.7, 1.0), (0.0, 0.3), (-2.0, 2.5)])
def test_gaussian_kl_is_the_integral_of_the_fitted_densities(mean: float, sd: float) -> None:
    rng = np.random.default_rng(0)
    u, o = rng.normal(mean, sd, size=(7, 1)), rng.normal(size=(12, 1))
    (m_u, s_u), (m_o, s_o) = ((float(side.mean()), float(side.std(ddof=1))) for side in (u, o))

    def integrand(x: float) -> float:
        return float(norm.pdf(x, m_u, s_u) * (norm.logpdf(x, m_u, s_u) - norm.logpdf(x, m_o, s_o)))

    integral = quad(integrand, m_u - 12 * s_u, m_u + 12 * s_u, epsabs=1e-11, limit=200)[0]
    assert gaussian_kl(unlearned=u, oracle=o)[0] == pytest.approx(integral, rel=1e-8)


@SETTINGS
@given(both=POOLS, factor=st.floats(0.1, 50), shift=st.floats(-50, 50), seed=st.integers(0, 2**32 - 1))
def test_order_sides_shift_and_scale(
    both: tuple[np.ndarray, np.ndarray], factor: float, shift: float, seed: int
) -> None:
    u, o = both
    distance, divergence = wasserstein(unlearned=u, oracle=o), gaussian_kl(unlearned=u, oracle=o, sd_floor=0.5)
    assert (distance >= 0).all() and (divergence >= 0).all()
    np.testing.assert_allclose(wasserstein(unlearned=o, oracle=u), distance, atol=1e-13)
    assert (wasserstein(unlearned=u, oracle=u) == 0).all() and (gaussian_kl(unlearned=u, oracle=u) == 0).all()
    rng = np.random.default_rng(seed)
    a, b = rng.permutation(u), rng.permutation(o)
    np.testing.assert_array_equal(wasserstein(unlearned=a, oracle=b), distance)
    permuted = gaussian_kl(unlearned=a, oracle=b, sd_floor=0.5)
    np.testing.assert_allclose(permuted, divergence, rtol=1e-10, atol=1e-12)
    a, b = factor * u + shift, factor * o + shift
    np.testing.assert_allclose(wasserstein(unlearned=a, oracle=b), factor * distance, rtol=1e-9, atol=1e-11)
    scaled = gaussian_kl(unlearned=a, oracle=b, sd_floor=0.5 * factor)
    np.testing.assert_allclose(scaled, divergence, rtol=1e-6, atol=1e-9)


MOVES = st.lists(st.floats(0, 1), min_size=2, max_size=5).map(sorted)


@SETTINGS
@given(both=POOLS, moves=MOVES)
def test_wasserstein_decreases_as_quantiles_move_to_those_of_the_oracles(
    both: tuple[np.ndarray, np.ndarray], moves: list[float]
) -> None:
    common = min(map(len, both))
    u, o = (np.sort(side[:common], axis=0) for side in both)
    found = np.array([wasserstein(unlearned=(1 - t) * u + t * o, oracle=o) for t in moves])
    np.testing.assert_allclose(found, np.outer(1 - np.array(moves), wasserstein(unlearned=u, oracle=o)), atol=1e-12)


@SETTINGS
@given(shift=st.floats(-30, 30), sd=st.floats(0.05, 20), moves=MOVES)
def test_gaussian_kl_decreases_as_mean_and_deviation_move_to_those_of_the_oracles(
    shift: float, sd: float, moves: list[float]
) -> None:
    standard = column(-1, 1) / np.sqrt(2)
    found = [gaussian_kl(unlearned=(1 - t) * shift + ((1 - t) * sd + t) * standard, oracle=standard)[0] for t in moves]
    assert (np.diff(found) <= 1e-12).all()


def test_it_goes_on_where_klom_is_saturated() -> None:
    rng = np.random.default_rng(1)
    u, o = rng.normal(size=(2, 6, 200))
    near, far = u + 20, u + 40
    for unlearned in (near, far):
        np.testing.assert_allclose(klom(unlearned=unlearned, oracle=o, bins=3), np.log(1e5))
    increase = wasserstein(unlearned=far, oracle=o) - wasserstein(unlearned=near, oracle=o)
    np.testing.assert_allclose(increase, 20)
    assert (gaussian_kl(unlearned=far, oracle=o) > gaussian_kl(unlearned=near, oracle=o)).all()


def test_memory_is_bounded_and_chunks_do_not_matter() -> None:
    u, o = np.random.default_rng(2).normal(size=(2, 50, 40_000)).astype(np.float32)
    assert u.size > 5 * VALUES_PER_CHUNK
    for distance in (wasserstein, gaussian_kl):
        tracemalloc.start()
        whole = distance(unlearned=u, oracle=o)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * (6 * VALUES_PER_CHUNK + whole.size)  # less than one pool in float64
        for part in (slice(0, 1), slice(3990, 4010), slice(39_999, None)):
            np.testing.assert_array_equal(whole[part], distance(unlearned=u[:, part], oracle=o[:, part]))


@pytest.mark.parametrize("distance", [wasserstein, gaussian_kl])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unlearned": column(0, np.nan)}, r"unlearned margins have 1 non-finite .* 1 of 2 models .*1\)"),
        ({"oracle": column(np.inf, 0, -np.inf)}, "oracle margins have 2 non-finite values, in 2 of 3 models"),
        ({"unlearned": column(1)}, r"the margin distance got too few unlearned models \(1\).*at least 2"),
        ({"oracle": np.zeros((2, 3))}, "1 samples but oracle margins 3"),
        ({"oracle": np.zeros((2, 1), int)}, "oracle margins are int64"),
    ],
)
def test_refusals_name_the_offender(distance: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        distance(**{"unlearned": np.zeros((2, 1)), "oracle": np.zeros((2, 1))} | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"direction": "forward"}, "direction='forward'"), ({"sd_floor": 0.0}, "sd_floor=0.0")],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        gaussian_kl(unlearned=column(0, 1), oracle=column(0, 1), **changes)


def images(margins: np.ndarray) -> Population:
    return Population(margins, margins > 0, SPLIT)


def sequences(margins: np.ndarray) -> Population:
    return Population(margins, np.full(margins.shape, 0.25, np.float32), SPLIT, losses=np.ones(margins.shape))


def test_sequences_and_images_have_the_same_values() -> None:
    u, o = np.random.default_rng(3).normal(size=(2, 9, 6))
    settings = Settings.model_validate({"direction": "oracle||unlearned", "num_models": 8})
    found = [score(kind(u), kind(o), settings=settings, rng=np.random.default_rng(0)) for kind in (images, sequences)]
    expected = {
        "wasserstein": wasserstein(unlearned=u[:8], oracle=o[:8]),
        "gaussian_kl": gaussian_kl(unlearned=o[:8], oracle=u[:8]),
    }
    for values in found:
        assert {measure: tuple(own) for measure, own in values.items()} == dict.fromkeys(
            MEASURES, ("forget", "retain", "validation")
        )
        for measure, own in values.items():
            for split, of_samples in own.items():
                np.testing.assert_array_equal(of_samples, expected[measure][split == SPLIT])


def test_a_failed_model_makes_the_candidate_null_and_is_counted() -> None:
    u, o = np.random.default_rng(4).normal(size=(2, 6, 6))
    broken = u.copy()
    broken[2, 5] = np.nan
    candidates = {1: sequences(broken), 2: sequences(u)}
    summaries = score_candidate(margin_distance, Settings.model_validate({}), candidates, sequences(o), seed=0)
    assert {(row["n_failed"], row["p95"]) for row in summaries[1].rows} == {(1, None)}
    assert all(row["n_failed"] == 0 and row["p95_models_low"] is not None for row in summaries[2].rows)
    assert all(np.isnan(own).all() for values in summaries[1].values.values() for own in values.values())
