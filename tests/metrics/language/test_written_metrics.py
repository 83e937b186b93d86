"""Metrics of generations: means by hand, and model utility as its nine numbers say, at both ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import hmean

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import model_utility, rouge
from unlearnkit.metrics.language.model_utility import harmonic_mean
from unlearnkit.metrics.population import Observation, Population

SPLIT = np.array(["forget", "retain", "retain", "validation", "authors", "authors", "facts"])
PARTS = ("probability", "rouge", "truth_ratio")
SHARES = ("rougeL_recall", "rougeL_f1", "rouge1_recall", "entropy", "ended")


def population(*, split: np.ndarray = SPLIT, models: int = 3, perfect: bool | None = None) -> Population:
    """Random models, or ones that are always right or always wrong."""
    rng, items = np.random.default_rng(0), len(split)
    shares = {name: rng.random((models, items)) for name in SHARES}
    log_p = {"given": -rng.exponential(size=(models, items)), "paraphrase": -rng.exponential(size=(models, items))}
    log_p["wrong"] = -rng.exponential(3, size=(models, items, 3))
    if perfect is not None:
        shares = {name: np.full_like(values, float(perfect)) for name, values in shares.items()}
        log_p = {name: np.full_like(values, 0.0 if perfect else -1e4) for name, values in log_p.items()}
        log_p["wrong"] = np.full_like(log_p["wrong"], -1e4 if perfect else 0.0)
    at = np.arange(items)
    seen = {"generations": Observation(shares, at), "answers": Observation(log_p, at)}
    margins = np.zeros((models, items))
    return Population(margins, margins == 0, split, observed=seen)


def scored(module: Any, own: Population, **settings: Any) -> dict[str, dict[str, np.ndarray]]:
    return module.score(own, None, settings=module.Settings.model_validate(settings), rng=np.random.default_rng(0))


def test_means_are_over_the_questions_of_a_split() -> None:
    own = population()
    found = scored(rouge, own)
    for name in SHARES:
        assert [*found[name]] == ["forget", "retain", "validation", "authors", "facts"]
        values = own.observed["generations"][name]
        np.testing.assert_allclose(found[name]["retain"], values[:, 1:3].mean(axis=1))
        np.testing.assert_allclose(found[name]["facts"], values[:, 6])


def test_questions_whose_answer_has_no_words_count_in_no_rouge() -> None:
    own = population()
    values = own.observed["generations"]
    for name in ("rougeL_recall", "rougeL_f1", "rouge1_recall"):
        values[name][:, [1, 6]] = np.nan
    found, utility = scored(rouge, own), scored(model_utility, own)
    np.testing.assert_array_equal(found["rougeL_recall"]["retain"], values["rougeL_recall"][:, 2])
    np.testing.assert_array_equal(utility["rouge"]["retain"], values["rougeL_recall"][:, 2])
    assert np.isnan(found["rougeL_f1"]["facts"]).all() and np.isnan(utility["model_utility"]["all"]).all()
    assert all("undefined" in own for own in (rouge.MEASURES["rouge1_recall"], model_utility.MEASURES["rouge"]))


def nine(own: Population, model: int, form: str) -> list[float]:
    """The nine numbers of one model, written out."""
    answers, numbers = own.observed["answers"], []
    for split in ("retain", "authors", "facts"):
        at = np.flatnonzero(split == SPLIT)
        given, wrong = np.exp(answers["given"][model, at]), np.exp(answers["wrong"][model, at])
        true = np.exp(answers["paraphrase"][model, at])
        mean = wrong.mean(axis=1) if form == "arithmetic" else wrong.prod(axis=1) ** (1 / 3)
        among = given if split == "retain" else given / (given + wrong.sum(axis=1))
        numbers += [among.mean(), own.observed["generations"]["rougeL_recall"][model, at].mean()]
        numbers.append(np.maximum(0, 1 - mean / true).mean())
    return numbers


@pytest.mark.parametrize("form", ["geometric", "arithmetic"])
def test_model_utility_is_the_harmonic_mean_of_nine_numbers(form: str) -> None:
    own = population()
    found = scored(model_utility, own, form=form)
    for model in range(3):
        numbers = nine(own, model, form)
        assert found["model_utility"]["all"][model] == pytest.approx(hmean(numbers) if min(numbers) > 0 else 0)
        parts = [found[name][split][model] for split in SPLIT[[1, 4, 6]] for name in PARTS]
        assert parts == pytest.approx(numbers)


def test_an_ideal_model_has_utility_one_and_a_useless_one_zero() -> None:
    assert scored(model_utility, population(perfect=True))["model_utility"]["all"] == pytest.approx([1] * 3)
    assert (scored(model_utility, population(perfect=False))["model_utility"]["all"] == 0).all()


def test_data_without_further_splits_have_the_three_numbers_of_retained_questions() -> None:
    own = population(split=SPLIT[:4])
    found = scored(model_utility, own)
    assert [[*found[name]] for name in PARTS] == [["retain"]] * 3
    numbers = [found[name]["retain"][0] for name in PARTS]
    assert found["model_utility"]["all"][0] == pytest.approx(hmean(numbers))


def test_without_wrong_answers_there_is_no_utility() -> None:
    own = population()
    own.observed["answers"]["wrong"][:] = np.nan
    assert np.isnan(scored(model_utility, own)["model_utility"]["all"]).all()


def test_a_zero_makes_the_mean_zero_and_a_negative_number_is_refused() -> None:
    assert harmonic_mean(np.array([[0.5, 0.5], [0.0, 1.0]])).tolist() == [0, pytest.approx(2 / 3)]
    with pytest.raises(MetricError, match="the harmonic mean got the number -0"):
        harmonic_mean(np.array([[0.5], [-0.1]]))
