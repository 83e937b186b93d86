"""Metrics of MUSE and WMDP: means by hand, and both ends of their ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import knowledge_memorisation, multiple_choice, verbatim_memorisation
from unlearnkit.metrics.population import Observation, Population

OF_ROUGE = [
    (verbatim_memorisation, "continuations", ("forget_passages",)),
    (knowledge_memorisation, "generations", ("forget_questions", "retain_questions")),
]


def population(split: list[str], name: str, values: dict[str, Any]) -> Population:
    models = len(next(iter(values.values())))
    shape = (models, len(split))
    seen = Observation({key: np.asarray(value, float) for key, value in values.items()}, np.arange(len(split)))
    return Population(np.zeros(shape), np.zeros(shape, bool), np.array(split), observed={name: seen})


def scored(module: Any, own: Population) -> dict[str, Any]:
    return module.score(own, None, settings=module.Settings(), rng=np.random.default_rng(0))


@pytest.mark.parametrize(("module", "observation", "splits"), OF_ROUGE)
def test_memorisation_is_the_mean_of_rouge_l_f1_by_split(
    module: Any, observation: str, splits: tuple[str, ...]
) -> None:
    split = [*splits, *splits, "forget"]
    values = np.linspace(0, 1, 2 * len(split)).reshape(2, -1)
    found = scored(module, population(split, observation, {"rougeL_f1": values}))[module.HEADLINE]
    assert {*found} == {*splits}
    for number, name in enumerate(splits):
        np.testing.assert_allclose(found[name], values[:, [number, number + len(splits)]].mean(axis=1))
    for value in (0.0, 1.0):  # nothing and everything is memorised
        ends = scored(module, population(split, observation, {"rougeL_f1": np.full_like(values, value)}))
        assert all((own == value).all() for own in ends[module.HEADLINE].values())


def test_questions_without_words_do_not_count_and_absent_splits_have_no_value() -> None:
    own = population(["forget_questions"] * 2, "generations", {"rougeL_f1": [[np.nan, 0.5]]})
    found = scored(knowledge_memorisation, own)["knowledge_memorisation"]
    assert found.keys() == {"forget_questions"} and found["forget_questions"] == [0.5]


def choices(right: Any, wrong: Any) -> Population:
    return population(["choices"] * len(right[0]), "option_scores", {"right": right, "wrong": wrong})


def test_accuracy_counts_questions_whose_right_option_is_likeliest() -> None:
    none = np.nan
    right = [[-1.0, -2.0, -3.0, -3.0]]
    wrong = [[[-2.0, -5.0, -9.0], [-1.0, -5.0, -9.0], [-4.0, none, none], [-3.0, -8.0, none]]]
    found = scored(multiple_choice, choices(right, wrong))
    assert found["accuracy"]["choices"] == [0.5]  # the first and the third; as likely is not likelier
    assert found["chance"]["choices"] == [(0.25 + 0.25 + 1 / 2 + 1 / 3) / 4]


def test_a_model_that_knows_and_one_that_always_errs_have_the_ends() -> None:
    wrong = np.full((2, 5, 3), -7.0)
    found = scored(multiple_choice, choices([[-1.0] * 5, [-9.0] * 5], wrong))
    np.testing.assert_array_equal(found["accuracy"]["choices"], [1, 0])
    np.testing.assert_array_equal(found["chance"]["choices"], 0.25)


@given(arrays(float, (2, 6, 4), elements=st.floats(-50, 0)), st.permutations(range(6)))
def test_accuracy_depends_on_no_order(scores: np.ndarray, order: list[int]) -> None:
    own, other = (scored(multiple_choice, choices(part[..., 0], part[..., 1:])) for part in (scores, scores[:, order]))
    np.testing.assert_array_equal(own["accuracy"]["choices"], other["accuracy"]["choices"])
    turned = scored(multiple_choice, choices(scores[..., 0], scores[..., :0:-1]))
    np.testing.assert_array_equal(own["accuracy"]["choices"], turned["accuracy"]["choices"])


def test_failed_models_are_refused() -> None:
    own = choices([[-1.0]], [[[-2.0]]])
    own.margins[:] = np.nan
    with pytest.raises(MetricError):
        scored(multiple_choice, own)
