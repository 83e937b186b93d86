"""Exact single and double thresholds against brute force over all thresholds, and their invariances."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unlearnkit.metrics.attacks.epsilon.attacks import ATTACKS
from unlearnkit.metrics.attacks.epsilon.rules import Sides
from unlearnkit.metrics.attacks.epsilon.strongest import strongest
from unlearnkit.metrics.attacks.epsilon.worth import worth_table

DELTA = 1e-5
QUICK = hypothesis_settings(max_examples=25)
WHOLE = st.integers(-6, 6).map(float)


def written_out(positives: int, negatives: int, oracles: int, unlearned: int) -> tuple[float | None, float]:
    """Epsilon of error counts by the published rules, None where discarded, and with at least one error a side."""

    def larger(fpr: float, fnr: float) -> float | None:
        pairs = ((1 - DELTA - fpr, fnr), (1 - DELTA - fnr, fpr))
        branches = [math.log(left / right) for left, right in pairs if left > 0]
        return max(0.0, *branches) if branches else None

    widened = larger(max(positives, 1) / oracles, max(negatives, 1) / unlearned) or 0.0
    if not positives and not negatives:
        return math.inf, widened
    if not positives or not negatives:
        return None, widened
    return larger(positives / oracles, negatives / unlearned), widened


def brute_force(ours: np.ndarray, theirs: np.ndarray, name: str) -> tuple[float, bool]:
    """The largest epsilon of all rules of one sample, and whether a threshold is valid."""
    distinct = sorted({*ours.tolist(), *theirs.tolist()})
    places = [-math.inf, *((a + b) / 2 for a, b in itertools.pairwise(distinct)), math.inf]
    pairs = [(place, math.inf) for place in places] if name == "single" else itertools.combinations(places, 2)
    found = []
    for low, high in pairs:
        accused_oracles = int(((low <= theirs) & (theirs < high)).sum())
        missed = int((~((low <= ours) & (ours < high))).sum())
        m, n = len(theirs), len(ours)
        found += [written_out(accused_oracles, missed, m, n), written_out(m - accused_oracles, n - missed, m, n)]
    valid = [epsilon for epsilon, _ in found if epsilon is not None]
    return (max(valid), True) if valid else (max(widened for _, widened in found), False)


def in_sample(ours: np.ndarray, theirs: np.ndarray, *names: str) -> np.ndarray:
    return strongest(Sides(ours, theirs), names, delta=DELTA, held_out=False).epsilon


@pytest.mark.parametrize("name", ["single", "double"])
@pytest.mark.parametrize("decimals", [9, 0])
@pytest.mark.parametrize("oracles", [9, 6])
def test_equals_brute_force_over_all_thresholds(name: str, decimals: int, oracles: int) -> None:
    rng = np.random.default_rng(oracles)
    shifts = np.tile([0.0, 0.5, 1.0, 2.0, -1.0, 5.0], 4)
    scales = np.repeat([1.0, 0.1], 12)
    ours = np.round(rng.normal(size=(9, 24)) * scales + shifts, decimals)
    theirs = np.round(rng.normal(size=(oracles, 24)), decimals)
    found = strongest(Sides(ours, theirs), [name], delta=DELTA, held_out=False)
    expected = [brute_force(u, o, name) for u, o in zip(ours.T, theirs.T, strict=True)]
    np.testing.assert_allclose(found.epsilon, [epsilon for epsilon, _ in expected], rtol=1e-12)
    np.testing.assert_array_equal(found.valid, [valid for _, valid in expected])


@QUICK
@given(
    ours=arrays(np.float64, (5, 3), elements=WHOLE),
    theirs=arrays(np.float64, (4, 3), elements=WHOLE),
    name=st.sampled_from(["single", "double"]),
)
def test_equals_brute_force_on_any_ties(ours: np.ndarray, theirs: np.ndarray, name: str) -> None:
    expected = [brute_force(u, o, name)[0] for u, o in zip(ours.T, theirs.T, strict=True)]
    np.testing.assert_allclose(in_sample(ours, theirs, name), expected, rtol=1e-12)


@QUICK
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-3, 3))
def test_order_of_models_does_not_matter(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs = rng.normal(size=(7, 4)) + shift, rng.normal(size=(8, 4))
    for name in ("single", "double", "single_grid", "gaussian", "kernel", "logistic"):
        found = in_sample(ours, theirs, name)
        np.testing.assert_allclose(found, in_sample(rng.permutation(ours), rng.permutation(theirs), name), rtol=1e-9)


@QUICK
@given(ours=arrays(np.float64, (6, 3), elements=WHOLE), theirs=arrays(np.float64, (6, 3), elements=WHOLE))
def test_monotone_maps_and_exchanged_sides_do_not_matter(ours: np.ndarray, theirs: np.ndarray) -> None:
    for name in ("single", "double"):
        found = in_sample(ours, theirs, name)
        for change in (np.exp, np.arctan, np.negative, lambda x: x**3 + 5):
            np.testing.assert_array_equal(found, in_sample(change(ours), change(theirs), name))
        np.testing.assert_array_equal(found, in_sample(theirs, ours, name))


@QUICK
@given(seed=st.integers(0, 2**32 - 1), shifts=st.lists(st.floats(0, 8), min_size=2, max_size=6).map(sorted))
def test_epsilon_of_shifted_copies_never_falls_with_the_shift(seed: int, shifts: list[float]) -> None:
    theirs = np.random.default_rng(seed).normal(size=(11, 3))
    found = [in_sample(theirs + shift + 1e-7, theirs, "single") for shift in shifts]
    assert (np.diff(np.minimum(found, 99), axis=0) >= 0).all()  # 99 for infinity


def test_two_thresholds_find_no_less_than_one() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(20, 60)) * 0.5, rng.normal(size=(20, 60))
    one, two = (in_sample(ours, theirs, name) for name in ("single", "double"))
    assert (two >= one).all() and (two > one).any()


def test_neighbouring_numbers_are_told_apart() -> None:
    ours, theirs = np.full((4, 1), 1.0), np.full((4, 1), np.nextafter(1.0, 2))
    for name in ("single", "double"):
        assert np.isinf(in_sample(ours, theirs, name)).all() and np.isinf(in_sample(theirs, ours, name)).all()


@pytest.mark.parametrize("name", list(ATTACKS))
def test_rules_on_more_models_of_the_same_kind_err_as_often(name: str) -> None:
    """What a rule is worth on the models that it was fitted on follows from its own errors on these."""
    rng = np.random.default_rng(1)
    fit = Sides(rng.normal(size=(40, 5)) + 1.5, rng.normal(size=(30, 5)))
    table = worth_table(30, 40, DELTA)
    rule = ATTACKS[name](fit, table)
    positives, negatives = rule.errors(fit)
    doubled = rule.errors(Sides(*(np.repeat(side, 2, axis=0) for side in fit)))
    np.testing.assert_array_equal(doubled, [2 * positives, 2 * negatives])
    assert (table[positives, negatives] > 0).all()
