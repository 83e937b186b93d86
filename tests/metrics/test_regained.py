"""How much more comes back: by hand, where nothing does, and with an interval that has the right width."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unlearnkit.metrics.regained import Regained, regained

VALUES = arrays(np.float64, (4, 6), elements=st.floats(-10, 10))


def of(values: np.ndarray, statistic: str = "mean", seed: int = 0) -> Regained:
    return regained(*values, statistic=statistic, rng=np.random.default_rng(seed))


def test_it_is_the_difference_of_two_differences() -> None:
    before, after = np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0, 7.0])
    oracle_before, oracle_after = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 4.0])
    found = of(np.stack([before, after, oracle_before, oracle_after]))
    assert found.value == pytest.approx(3 - 1) and found.values == 3
    upper = of(np.stack([before, after, oracle_before, oracle_after]), "p95")
    assert upper.value == pytest.approx((6.7 - 2.9) - (3.7 - 1.9))


@given(VALUES, st.permutations(range(6)))
def test_the_order_of_samples_does_not_count(values: np.ndarray, order: list[int]) -> None:
    for statistic in ("mean", "p95"):
        assert of(values, statistic).value == pytest.approx(of(values[:, order], statistic).value, abs=1e-9)


@given(VALUES)
def test_nothing_comes_back_of_what_changes_like_oracles(values: np.ndarray) -> None:
    found = of(np.stack([values[0], values[1], values[0], values[1]]))
    assert found.value == 0 and (found.low is None or found.low == found.high == 0)


def test_undefined_values_are_left_out_of_all_four() -> None:
    values = np.array([[1.0, np.nan], [2.0, 5.0], [0.0, 0.0], [0.0, 7.0]])
    assert of(values) == Regained(1.0, None, None, 1)
    assert of(np.full((4, 3), np.nan)) == Regained(None, None, None, 0)


def test_values_of_different_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="same shape"):
        regained(np.zeros(3), np.zeros(3), np.zeros(2), np.zeros(2), statistic="mean", rng=np.random.default_rng(0))


def test_the_interval_has_the_width_of_paired_differences() -> None:
    # samples differ much among each other, and little in what an attack does to them
    generator = np.random.default_rng(1)
    level, noise = generator.normal(0, 10, 400), generator.normal(0, 1, (4, 400))
    values = level + noise + np.array([[0], [2], [0], [0]])
    found = of(values)
    assert found.low is not None and found.high is not None
    # four independent errors of size 1: the mean of their differences has a standard error of 2 / sqrt(400)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.15)
    assert found.low < 2 < found.high
    assert found == of(values) != of(values, seed=2)
