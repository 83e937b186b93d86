"""`compat: official` and `compat: notebook` against the published arithmetic, written out from its description."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from unlearnkit.metrics.attacks.epsilon.attacks import ATTACKS
from unlearnkit.metrics.attacks.epsilon.notebook import UndefinedScoreWarning, notebook
from unlearnkit.metrics.attacks.epsilon.official import official
from unlearnkit.metrics.attacks.epsilon.rules import Sides
from unlearnkit.metrics.attacks.epsilon.worth import worth_table
from unlearnkit.metrics.attacks.neurips import Settings, forgetting_scores


def epsilon_of(fpr: float, fnr: float, delta: float) -> float:
    """Infinite if both rates are 0, NaN if one is, else the larger of the branches whose numerator is positive."""
    if fpr == 0 or fnr == 0:
        return math.inf if fpr == fnr else math.nan
    pairs = ((1 - delta - fpr, fnr), (1 - delta - fnr, fpr))
    return max((math.log(left / right) for left, right in pairs if left > 0), default=math.nan)


def single_thresholds(u: np.ndarray, o: np.ndarray) -> list[tuple[float, float]]:
    """(FPR, FNR) at every single threshold: the population with the larger median is positive from it on."""
    positive, negative = (u, o) if np.median(u) >= np.median(o) else (o, u)
    low, high = min(u.min(), o.min()), max(u.max(), o.max())
    thresholds = np.linspace(low, high, math.ceil(100 * (high - low)))
    return [(float((negative >= t).mean()), float((positive < t).mean())) for t in thresholds]


def double_thresholds(u: np.ndarray, o: np.ndarray) -> list[tuple[float, float]]:
    """(FPR, FNR) at every pair of edges: the population with the smaller range is positive between them."""
    positive, negative = (u, o) if np.ptp(u) <= np.ptp(o) else (o, u)
    width, low, high = np.ptp(positive), min(u.min(), o.min()), max(u.max(), o.max())
    rates = []
    for right in np.linspace(low + width - 2, high + 2, math.ceil(100 * (high + 2 - (low + width - 2)))):
        left = np.linspace(right - width - 2, right - width + 2, 400)[:, None]
        fpr = ((left <= negative) & (negative < right)).mean(axis=1)
        fnr = (~((left <= positive) & (positive < right))).mean(axis=1)
        rates += {*zip(fpr.tolist(), fnr.tolist(), strict=True)}
    return rates


def official_written_out(u: np.ndarray, o: np.ndarray) -> float:
    """The published epsilon of one sample."""
    if min(np.ptp(u), np.ptp(o)) / max(np.ptp(u), np.ptp(o)) < 0.01:
        return 50.0
    found = [epsilon_of(*rates, delta=1e-5) for rates in single_thresholds(u, o) + double_thresholds(u, o)]
    return min(50.0, max([0.0, *(epsilon for epsilon in found if not math.isnan(epsilon))]))


def of_every_kind(models: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of unlearned models and oracles, [models, samples]: apart, wider, narrower, tied, almost constant."""
    rng = np.random.default_rng(models)
    u, o = rng.normal(size=(2, models, 12))
    shifts = np.array([0, 0.5, 1, 2, -2, 6, 0, 0, 0, 0.3, 0, 12])
    scales = np.array([1, 1, 1, 1, 1, 1, 0.2, 3, 0.005, 1, 0.02, 0.1])
    u, o = u * scales + shifts, o + 0 * shifts
    u[:, 9], o[:, 9] = np.round(u[:, 9]), np.round(o[:, 9])
    o[:, 10] *= 0.02
    return u, o


@pytest.mark.parametrize(("models", "samples"), [(8, list(range(12))), (21, [2, 8, 11])])
def test_official_equals_the_published_arithmetic(models: int, samples: list[int]) -> None:
    u, o = (side[:, samples] for side in of_every_kind(models))
    found, expected = official(Sides(u, o)), [official_written_out(*pair) for pair in zip(u.T, o.T, strict=True)]
    np.testing.assert_allclose(found.epsilon, expected, rtol=1e-9)
    assert (found.epsilon[[samples.index(8), samples.index(11)]] == 50).all()
    scores = forgetting_scores(unlearned=u, oracle=o, settings=Settings.model_validate({"compat": "official"}))
    end = math.ceil(math.log(models - 1))
    halved = [0.5 ** math.floor(epsilon / 0.5) if epsilon < end else 0.0 for epsilon in found.epsilon]
    np.testing.assert_array_equal(scores.forgetting, halved)
    assert scores.end == end


@pytest.mark.parametrize(("name", "rates"), [("single_grid", single_thresholds), ("double_grid", double_thresholds)])
def test_each_grid_reaches_what_its_thresholds_reach(name: str, rates: object) -> None:
    u, o = (side[:, :5] for side in of_every_kind(9))
    table = worth_table(9, 9, 1e-5)
    found = table[ATTACKS[name](Sides(u, o), table).errors(Sides(u, o))]
    for sample, (ours, theirs) in enumerate(zip(u.T, o.T, strict=True)):
        of_rates = [epsilon_of(*pair, delta=1e-5) for pair in rates(ours, theirs)]  # type: ignore[operator]
        valid = [max(epsilon, 0.0) for epsilon in of_rates if not math.isnan(epsilon)]
        assert (found[sample] == pytest.approx(max(valid), rel=1e-9)) if valid else (found[sample] < 0)


def notebook_written_out(u: np.ndarray, o: np.ndarray) -> float:
    """The published score of one sample; NaN where both folds are left out."""
    values, labels = np.concatenate([u, o])[:, None], np.repeat([1, 0], [len(u), len(o)])
    scores = []
    for fit, tested in StratifiedKFold(2).split(values, labels):
        model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(values[fit], labels[fit])
        said, truth = model.predict(values[tested]), labels[tested]
        fpr, fnr = float((said[truth == 0] == 1).mean()), float((said[truth == 1] == 0).mean())
        epsilon = epsilon_of(fpr, fnr, delta=1e-6)
        scores.append(math.nan if not math.isfinite(epsilon) else 2 / 2 ** (int(epsilon / 0.5) + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmean(scores))


def drifting(models: int) -> tuple[np.ndarray, np.ndarray]:
    """Two samples whose sides change places between the halves of the models, so that a fold is anti-correlated."""
    u, o = np.random.default_rng(1).normal(size=(2, models, 2)) * 0.6
    early = np.arange(models)[:, None] < models // 2
    return np.where(early, u + 1, u - 1), np.where(early, o - 1, o + 1)


@pytest.mark.parametrize("models", [40, 25])
def test_notebook_equals_the_published_arithmetic(models: int) -> None:
    plain, drifted = of_every_kind(models), drifting(models)
    u, o = (np.concatenate([first, second], axis=1) for first, second in zip(plain, drifted, strict=True))
    expected = np.array([notebook_written_out(*pair) for pair in zip(u.T, o.T, strict=True)])
    found = notebook(Sides(u, o))
    np.testing.assert_array_equal(found.valid, ~np.isnan(expected))
    np.testing.assert_allclose(found.score[found.valid], expected[found.valid], rtol=1e-12)
    assert found.score.mean() == pytest.approx(np.nanmean(expected), rel=1e-12)
    # its defects: perfectly separated samples are left out, anti-correlated folds score more than 1
    assert np.isnan(expected).any() and np.nanmax(expected) > 1


def test_the_corrected_form_has_none_of_the_notebooks_defects() -> None:
    u, o = drifting(40)
    apart = np.concatenate([u, u + 20], axis=1), np.concatenate([o, o], axis=1)
    corrected = forgetting_scores(unlearned=apart[0], oracle=apart[1])
    assert (corrected.forgetting <= 1).all() and (corrected.forgetting[2:] == 0).all()
    assert (corrected.epsilon[2:] == corrected.end).all()


def test_what_is_always_distinguished_raises_the_notebooks_score_and_not_the_corrected_one() -> None:
    u, o = np.random.default_rng(3).normal(size=(2, 100, 40))
    u[:, :20] += 30
    published, corrected = (
        forgetting_scores(unlearned=u, oracle=o, settings=Settings.model_validate(form)).forgetting.mean()
        for form in ({"compat": "notebook", "quantity": "margin"}, {})
    )
    assert published > 0.9 and corrected < 0.5


def test_notebook_corrects_and_warns_where_the_published_mean_is_undefined() -> None:
    u, o = np.random.default_rng(2).normal(size=(2, 20, 5))
    with pytest.warns(UndefinedScoreWarning, match="NaN, since it leaves out all 5 forget samples"):
        found = notebook(Sides(u + 30, o))
    np.testing.assert_array_equal(found.score, 0)
    assert not found.valid.any()
