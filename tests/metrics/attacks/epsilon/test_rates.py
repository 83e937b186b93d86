"""Epsilon of error rates, buckets, and the largest epsilon that N models can show: acceptance values and rules."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.metrics.attacks.epsilon.official import end_of_buckets
from unlearnkit.metrics.attacks.epsilon.rates import (
    bucket_score,
    epsilon_from_rates,
    largest_epsilon,
    last_bucket_ends,
    widened_epsilon,
)
from unlearnkit.metrics.attacks.epsilon.worth import DISCARDED, worth_table


@pytest.mark.parametrize(("rate", "expected"), [(0.02, 3.8918), (1 / 512, 6.2364)])
def test_published_values(rate: float, expected: float) -> None:
    assert epsilon_from_rates(rate, rate, delta=1e-6) == pytest.approx(expected, abs=5e-5)
    assert largest_epsilon(oracles=round(1 / rate), unlearned=round(1 / rate), delta=1e-6) == pytest.approx(
        np.log((1 - 1e-6) / rate - 1), abs=1e-12
    )


def test_rules_of_zero_rates_and_dropped_branches() -> None:
    delta = 0.1
    assert epsilon_from_rates(0, 0, delta=delta) == np.inf
    assert np.isnan(epsilon_from_rates([0, 0.3], [0.3, 0], delta=delta)).all()
    assert epsilon_from_rates(0.95, 0.01, delta=delta) == 0  # the only branch left is log((0.9 - 0.01) / 0.95) < 0
    assert epsilon_from_rates(0.95, 0.01, delta=delta, signed=True) == pytest.approx(np.log(0.89 / 0.95))
    assert np.isnan(epsilon_from_rates(1, 1, delta=delta))  # both branches are dropped
    assert epsilon_from_rates(0.8, 0.05, delta=delta) == pytest.approx(np.log(0.1 / 0.05))
    assert epsilon_from_rates(0.05, 0.8, delta=delta) == pytest.approx(np.log(0.1 / 0.05))


def test_a_rate_of_zero_is_widened_to_one_error() -> None:
    widened = widened_epsilon([0, 0.3, 0], [0.5, 0, 0], oracles=10, unlearned=20, delta=0.0)
    np.testing.assert_allclose(widened, [np.log(0.5 / 0.1), np.log(0.7 / 0.05), np.log(0.9 / 0.05)])


def test_scores_of_buckets() -> None:
    found = bucket_score([0, 0.49, 0.5, 3.89, np.inf, -0.9], end=4.0)
    np.testing.assert_array_equal(found, [1, 1, 0.5, 2**-7, 0, 1])


def test_where_the_buckets_end() -> None:
    assert [last_bucket_ends(epsilon) for epsilon in (3.8918, 6.2364, 0.3)] == [4.0, 6.5, 0.5]
    assert (end_of_buckets(512), end_of_buckets(100)) == (7.0, 5.0)
    np.testing.assert_array_equal(bucket_score([6.4, 6.5, 6.99, 7.0, 50.0], end=7.0), [2**-12, 2**-13, 2**-13, 0, 0])


@pytest.mark.parametrize(("oracles", "unlearned"), [(5, 5), (4, 9)])
def test_the_table_prefers_every_valid_pair_to_discarded_ones(oracles: int, unlearned: int) -> None:
    table = worth_table(oracles, unlearned, 1e-5)
    assert table.shape == (oracles + 1, unlearned + 1) and table[0, 0] == np.inf
    for positives, negatives in np.ndindex(table.shape):
        rates = positives / oracles, negatives / unlearned
        epsilon = epsilon_from_rates(*rates, delta=1e-5)
        widened = widened_epsilon(*rates, oracles=oracles, unlearned=unlearned, delta=1e-5)
        expected = DISCARDED + widened if np.isnan(epsilon) else epsilon
        assert table[positives, negatives] == expected
