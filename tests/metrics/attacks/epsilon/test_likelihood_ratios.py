"""The likelihood-ratio and logistic attacks against SciPy and scikit-learn, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gaussian_kde, norm
from sklearn.linear_model import LogisticRegression

from unlearnkit.metrics.attacks.epsilon.gaussian import gaussian
from unlearnkit.metrics.attacks.epsilon.kernel import kernel
from unlearnkit.metrics.attacks.epsilon.logistic_rule import logistic
from unlearnkit.metrics.attacks.epsilon.rates import epsilon_from_rates
from unlearnkit.metrics.attacks.epsilon.rules import Sides
from unlearnkit.metrics.attacks.epsilon.strongest import strongest
from unlearnkit.metrics.attacks.epsilon.worth import worth_table

DELTA = 1e-5


def sides(seed: int, models: int, oracles: int, samples: int, shift: float = 1.0, scale: float = 1.0) -> Sides:
    rng = np.random.default_rng(seed)
    return Sides(rng.normal(size=(models, samples)) * scale + shift, rng.normal(size=(oracles, samples)))


@pytest.mark.parametrize("far", [1.0, 40.0])
def test_ratios_equal_scipys(far: float) -> None:
    fit, x = sides(0, 30, 25, 4, scale=0.5), far * np.random.default_rng(1).normal(size=(9, 4))
    table = worth_table(25, 30, DELTA)
    by_normal, by_kernels = (attack(fit, table).statistic(x) for attack in (gaussian, kernel))
    for sample, (u, o) in enumerate(zip(fit.unlearned.T, fit.oracle.T, strict=True)):
        densities = [norm.logpdf(x[:, sample], side.mean(), side.std(ddof=1)) for side in (u, o)]
        np.testing.assert_allclose(by_normal[:, sample], densities[0] - densities[1], rtol=1e-9)
        densities = [gaussian_kde(side).logpdf(x[:, sample]) for side in (u, o)]
        np.testing.assert_allclose(by_kernels[:, sample], densities[0] - densities[1], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("attack", [gaussian, kernel])
def test_the_threshold_is_the_best_of_all_on_the_ratio(attack: object) -> None:
    fit, table = sides(2, 12, 12, 30), worth_table(12, 12, DELTA)
    rule = attack(fit, table)  # type: ignore[operator]
    ratios = fit.map(rule.statistic)
    found = table[rule.errors(fit)]
    for sample, (u, o) in enumerate(zip(ratios.unlearned.T, ratios.oracle.T, strict=True)):
        places = np.concatenate([[-np.inf], np.sort(np.concatenate([u, o]))])
        best = max(table[(o > place).sum(), (u <= place).sum()] for place in places)
        assert found[sample] == best


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_held_out_logistic_attack_equals_sklearns(scale: float) -> None:
    both = Sides(*(scale * side for side in sides(3, 40, 40, 25)))
    found = strongest(both, ["logistic"], delta=DELTA, held_out=True)
    for sample in range(25):
        wrong = np.zeros(2)
        for start in (0, 1):
            fit, tested = (np.concatenate([side[at::2, sample] for side in both]) for at in (start, 1 - start))
            centre, deviation, labels = fit.mean(), fit.std(), np.repeat([1, 0], 20)
            model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
            model.fit((fit[:, None] - centre) / deviation, labels)
            accused = model.predict((tested[:, None] - centre) / deviation)
            wrong += [(accused[labels == 0] == 1).sum(), (accused[labels == 1] == 0).sum()]
        expected = epsilon_from_rates(*(wrong / 40), delta=DELTA)
        assert found.epsilon[sample] == pytest.approx(float(expected), abs=1e-12)


def test_logistic_attack_on_normal_margins_has_the_rates_of_the_closed_form() -> None:
    """The midpoint between two normals of standard deviation 1 and means 0 and d errs at Phi(-d / 2)."""
    found = strongest(sides(4, 1000, 1000, 100, shift=2.0), ["logistic"], delta=0.0, held_out=True)
    rate = norm.cdf(-1)
    # the larger of two branches, each of which varies around the closed form
    assert found.epsilon.mean() == pytest.approx(np.log((1 - rate) / rate), abs=0.1)


def test_held_out_rules_see_no_tested_model() -> None:
    """Of two halves of one pool, rates in sample show an epsilon that held-out rates do not."""
    both = sides(5, 60, 60, 200, shift=0.0)
    for name in ("single", "double", "gaussian", "kernel"):
        honest, biased = (strongest(both, [name], delta=DELTA, held_out=held_out).epsilon for held_out in (True, False))
        assert honest.mean() < 0.5 < biased.mean()


def test_a_side_that_agrees_is_found() -> None:
    """A deterministic unlearner, all of whose models start from one original, is a point mass."""
    rng = np.random.default_rng(6)
    both = Sides(np.full((40, 3), 0.3), rng.normal(size=(40, 3)))
    for attack in (gaussian, kernel, logistic):
        assert all(np.isfinite(part).all() for part in attack(both, worth_table(40, 40, DELTA)).errors(both))
    found = strongest(both, ["double", "gaussian", "kernel"], delta=DELTA, held_out=True)
    assert (found.epsilon > 2.5).all()
