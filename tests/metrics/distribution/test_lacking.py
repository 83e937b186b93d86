"""Which published oracles pass: verdicts on margins that are drawn, with known shares of what is memorised."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from unlearnkit.errors import DataError
from unlearnkit.metrics.distribution.lacking import evidence, require_lacking

MODELS = 100
SPLIT = np.repeat(["forget", "retain", "validation"], [100, 900, 500])
FORGET, RETAIN, UNSEEN = (part == SPLIT for part in ("forget", "retain", "validation"))
RNG = np.random.default_rng(0)
EASE, MEMORISED = RNG.normal(3, 2, 1500), np.where(UNSEEN, 0, RNG.gamma(2, 1, 1500))


def margins(seed: int, forget: float = 1, retain: float = 1, ease: NDArray[np.float64] = EASE) -> NDArray[np.float64]:
    """Margins of models that memorised these shares of what originals did; one nat of noise."""
    gained = MEMORISED * np.select([FORGET, RETAIN], [forget, retain])
    return ease + gained + np.random.default_rng(seed).normal(size=(MODELS, 1500))


def verdict(forget: float, retain: float = 1) -> str:
    return evidence(margins(0), margins(1, forget, retain), SPLIT).verdict


def test_a_drop_that_is_significant_but_small_is_that_of_oracles_that_were_trained_on_the_set() -> None:
    oracles = margins(1, forget=0.9)
    found = evidence(margins(0), oracles, SPLIT)
    assert found.low > 0 and found.verdict == "trained on it"
    with pytest.raises(DataError, match=r"trained on forget set 'known': .* a drop of 0\.\d\d at most"):
        require_lacking(margins(0), oracles, SPLIT, "known", "there")


@pytest.mark.parametrize(("share", "expected"), [(1, "trained on it"), (0.97, "trained on it"), (0, "lack it")])
def test_verdicts_by_the_share_that_oracles_memorised(share: float, expected: str) -> None:
    assert verdict(forget=share) == expected


def test_between_the_bounds_it_cannot_be_told() -> None:
    assert verdict(forget=0.8) == "undecided"


@pytest.mark.parametrize("share", [0.95, 0.9, 1.2])
def test_a_recipe_that_is_weaker_or_better_on_all_samples_explains_no_drop(share: float) -> None:
    assert verdict(forget=share, retain=share) == "trained on it"
    assert verdict(forget=0, retain=share) == "lack it"


def test_oracles_of_a_set_that_is_hardly_memorised_are_not_refused() -> None:
    # of the kind of validation samples although trained on, and much easier than retained ones: both gain 2 %
    for ease in (EASE, EASE + 6 * FORGET):
        found = evidence(margins(0, forget=0.02, ease=ease), margins(1, forget=0, ease=ease), SPLIT)
        assert found.verdict == "undecided"
    # nothing is memorised at all
    nothing = evidence(margins(0, 0, 0, EASE - UNSEEN), margins(1, 0, 0, EASE + UNSEEN), SPLIT)
    assert nothing.memorised < 0 and nothing.verdict == "undecided"


def test_bounds_are_those_of_welch_over_models() -> None:
    sides = margins(0), margins(1, forget=0.5)
    found = evidence(*sides, SPLIT)
    first, second = (side[:, FORGET].mean(axis=1) - side[:, RETAIN].mean(axis=1) for side in sides)
    a, b = first.var(ddof=1) / MODELS, second.var(ddof=1) / MODELS
    width = stats.t.ppf(0.999, (a + b) ** 2 / ((a**2 + b**2) / (MODELS - 1))) * np.sqrt(a + b)
    drop = first.mean() - second.mean()
    np.testing.assert_allclose([found.drop, found.low, found.high], [drop, drop - width, drop + width], rtol=1e-12)
    gained = sides[1][:, RETAIN].mean(axis=1) - sides[1][:, UNSEEN].mean(axis=1)
    least, most = stats.t.interval(0.998, MODELS - 1, gained.mean(), stats.sem(gained))
    np.testing.assert_allclose([found.memorised, found.at_most], [least, most], rtol=1e-12)


def test_a_single_model_is_not_tested() -> None:
    assert require_lacking(margins(0)[:1], margins(1), SPLIT, "known", "there")["verdict"] == "not tested"
