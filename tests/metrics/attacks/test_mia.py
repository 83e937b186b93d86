"""Population membership inference against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks import mia
from unlearnkit.metrics.margins import loss_from_margins
from unlearnkit.metrics.population import Population

SETTINGS = mia.Settings.model_validate({})


def losses(seed: int, gap: float, members: int = 80, non_members: int = 300, models: int = 6) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.exponential(size=(models, members)), rng.exponential(size=(models, non_members)) * (1 + gap)


def population(seed: int, forget: int, validation: int, models: int = 5, gap: float = 1.0, test: int = 0) -> Population:
    rng = np.random.default_rng(seed)
    split = np.repeat(["validation", "forget", "retain", "test"], [validation, forget, 20, test])
    margins = rng.normal(size=(models, len(split))) * 2 + gap * (split != "validation")
    return Population(margins, margins > 0, split)


@pytest.mark.parametrize("decimals", [12, 1, 0])
@pytest.mark.parametrize("gap", [0.0, 1.5])
def test_auc_and_tpr_equal_sklearn_with_and_without_ties(decimals: int, gap: float) -> None:
    members, non_members = (np.round(values, decimals) for values in losses(0, gap))
    truth = np.repeat([1, 0], [80, 300])
    areas = mia.attack_auc(members, non_members)
    for model in range(len(members)):
        attack = -np.concatenate([members[model], non_members[model]])
        assert areas[model] == pytest.approx(roc_auc_score(truth, attack), abs=1e-12)
        false_positives, true_positives, _ = roc_curve(truth, attack, drop_intermediate=False)
        for fpr in (0.0, 0.01, 0.05, 0.29, 0.9):
            expected = true_positives[false_positives <= fpr].max()
            assert mia.attack_tpr(members, non_members, fpr=fpr)[model] == pytest.approx(expected, abs=1e-12)


@hypothesis_settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), gap=st.floats(-2, 2))
def test_threshold_attacks_depend_on_the_order_of_losses_alone(seed: int, gap: float) -> None:
    rng = np.random.default_rng(seed)
    members, non_members = (
        rng.integers(0, 9, (2, 12)).astype(float) + round(gap),
        rng.integers(0, 9, (2, 15)).astype(float),
    )
    for attack in (mia.attack_auc, mia.attack_tpr):
        found = attack(members, non_members)
        np.testing.assert_array_equal(found, attack(np.exp(members), np.exp(non_members)))
        np.testing.assert_array_equal(found, attack(members[:, ::-1], rng.permuted(non_members, axis=1)))
        assert (attack(members - 1, non_members) >= found).all()  # members that are better known
    np.testing.assert_allclose(mia.attack_auc(non_members, members), 1 - mia.attack_auc(members, non_members))


def test_threshold_attacks_hand_computed() -> None:
    members, non_members = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0]])
    assert mia.attack_auc(members, non_members)[0] == pytest.approx((2 + 1.5 + 1) / 6)
    assert mia.attack_tpr(members, non_members, fpr=0.4)[0] == pytest.approx(1 / 3)
    assert mia.attack_tpr(members, non_members, fpr=0.5)[0] == 1
    with pytest.raises(MetricError, match="fpr=1"):
        mia.attack_tpr(members, non_members, fpr=1)


@pytest.mark.parametrize("gap", [0.0, 3.0])
def test_held_out_accuracy_equals_sklearn_on_the_same_splits(gap: float) -> None:
    models, splits, size, tested = 3, 4, 30, 6
    rng = np.random.default_rng(1)
    drawn = rng.exponential(size=(models, 2, splits, size)) * np.array([1, 1 + gap])[:, None, None]
    train, test = drawn[..., tested:], drawn[..., :tested]
    accuracy = mia._held_out_accuracy(train, test)
    assert accuracy.shape == (models, splits)
    for index in np.ndindex(models, splits):
        (i, j), sides = index, np.repeat([1, 0], size - tested)
        model = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(train[i, :, j].reshape(-1, 1), sides)
        expected = model.score(test[i, :, j].reshape(-1, 1), np.repeat([1, 0], tested))
        assert accuracy[i, j] == pytest.approx(expected)


def test_splits_are_stratified_disjoint_and_taken_from_the_given_losses() -> None:
    orders = mia._shuffled(np.arange(50.0), 20, 10, np.random.default_rng(2))
    assert orders.shape == (10, 20)
    assert all(len(set(order)) == 20 and set(order) == set(orders[0]) for order in orders)
    assert len({tuple(order) for order in orders}) == 10


def test_logistic_attack_finds_a_difference_and_is_at_chance_without() -> None:
    rng = np.random.default_rng(3)
    with_gap = mia.logistic_attack_accuracy(*losses(4, 9.0, models=20), rng=rng)
    without = mia.logistic_attack_accuracy(*losses(5, 0.0, models=20), rng=rng)
    assert with_gap.mean() > 0.75
    assert without.mean() == pytest.approx(0.5, abs=0.04)


def test_logistic_attack_of_a_model_does_not_depend_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    members, non_members = losses(6, 1.0)
    together = mia.logistic_attack_accuracy(members, non_members, rng=np.random.default_rng(7))
    fewer = mia.logistic_attack_accuracy(members[:2], non_members[:2], rng=np.random.default_rng(7))
    np.testing.assert_array_equal(together[:2], fewer)
    monkeypatch.setattr(mia, "VALUES_PER_FIT", 1)
    one_by_one = mia.logistic_attack_accuracy(members, non_members, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(together, one_by_one)


@pytest.mark.parametrize(("members", "non_members"), [(10, 500), (2, 2), (500, 10)])
def test_small_sets_are_tested_on_one_sample_of_each_class_at_least(members: int, non_members: int) -> None:
    accuracy = mia.logistic_attack_accuracy(*losses(8, 1.0, members, non_members), rng=np.random.default_rng(0))
    assert ((accuracy >= 0) & (accuracy <= 1)).all()
    assert np.allclose(accuracy * 20, np.round(accuracy * 20))  # ten splits, two tested samples


def test_attack_without_enough_samples_names_the_sizes() -> None:
    with pytest.raises(MetricError, match="1 forget and 300 validation"):
        mia.logistic_attack_accuracy(*losses(9, 1.0, members=1), rng=np.random.default_rng(0))


def test_indiscernibility_is_one_at_chance_and_punishes_both_sides() -> None:
    assert mia.indiscernibility(np.array([0.5, 0.4, 0.6, 1.0, 0.0])) == pytest.approx([1, 0.8, 0.8, 0, 0])


def test_score_gives_every_declared_measure_per_model() -> None:
    candidate = population(10, forget=30, validation=200, test=15)
    values = mia.score(candidate, None, settings=SETTINGS, rng=np.random.default_rng(11))
    assert {m: tuple(v) for m, v in values.items()} == {m: tuple(d["splits"]) for m, d in mia.MEASURES.items()}
    assert all(array.shape == (5,) for splits in values.values() for array in splits.values())
    for split in ("forget", "retain", "validation", "test"):
        expected = (candidate.margins[:, candidate.split == split] > 0).mean(axis=1)
        np.testing.assert_allclose(values["accuracy"][split], expected)
    np.testing.assert_allclose(
        values["indiscernibility"]["forget"], 1 - 2 * np.abs(values["mia_accuracy"]["forget"] - 0.5)
    )
    assert (values["mia_auc"]["forget"] > 0.5).all()


def test_score_depends_on_the_generator_alone_and_leaves_the_global_one() -> None:
    candidate, before = population(12, forget=30, validation=200), np.random.get_state(legacy=False)
    first, again, other = (
        mia.score(candidate, None, settings=SETTINGS, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first["mia_accuracy"]["forget"], again["mia_accuracy"]["forget"])
    assert (first["mia_accuracy"]["forget"] != other["mia_accuracy"]["forget"]).any()
    np.testing.assert_equal(before, np.random.get_state(legacy=False))


def test_confident_single_precision_margins_are_not_tied() -> None:
    margins = np.repeat(np.linspace(90, 120, 40, dtype=np.float32)[None], 2, axis=0)
    split = np.array(["forget"] * 20 + ["validation"] * 19 + ["retain"])
    values = mia.score(Population(margins, margins > 0, split), None, settings=SETTINGS, rng=np.random.default_rng(0))
    assert (values["mia_auc"]["forget"] == 0).all()  # every forget margin is below every validation margin
    assert (loss_from_margins(margins)[0, -5:] == 0).all()  # although single precision loses them


def test_failed_models_are_refused() -> None:
    candidate = population(13, forget=30, validation=50)
    candidate.margins[2, 0] = np.nan
    with pytest.raises(
        MetricError, match=r"candidate margins have 1 non-finite values, in 1 of 5 models \(positions 2\)"
    ):
        mia.score(candidate, None, settings=SETTINGS, rng=np.random.default_rng(0))
