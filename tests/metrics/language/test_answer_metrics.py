"""Metrics of answers: by hand, against SciPy, and in which direction they point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import forget_quality, probability, truth_ratio
from unlearnkit.metrics.language.answered import closer_to_1, log_truth_ratio, prob_mean, true_better
from unlearnkit.metrics.population import Observation, Population

NAN = np.nan


def answers(given: Any, wrong: Any, paraphrase: Any = None) -> Observation:
    """An observation of one model from probabilities normalised by length: [items], [items, wrong], [items]."""
    own = np.asarray(given, float)[None]
    with np.errstate(divide="ignore"):
        values = {
            "given": np.log(own),
            "paraphrase": np.full_like(own, NAN) if paraphrase is None else np.log(np.asarray(paraphrase, float)[None]),
            "wrong": np.log(np.asarray(wrong, float)[None]),
        }
    return Observation({name: array.astype(np.float32) for name, array in values.items()}, np.arange(own.shape[1]))


def population(split: list[str], seen: Observation, models: int = 1) -> Population:
    margins = np.zeros((models, len(split)))
    return Population(margins, margins == 0, np.array(split), observed={"answers": seen})


def scored(module: Any, own: Population, oracle: Population | None = None, **settings: Any) -> dict[str, Any]:
    return module.score(own, oracle, settings=module.Settings.model_validate(settings), rng=np.random.default_rng(0))


TWO = answers([0.9, 0.9], [[0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.4, 0.3, 0.2, 0.1]], [0.6, 0.2])
"""Two questions with five wrong answers each; the paraphrases have 0.6 and 0.2."""
GEOMETRIC = (0.1 * 0.2 * 0.3 * 0.4 * 0.5) ** 0.2


def test_every_form_of_the_truth_ratio_is_that_by_hand() -> None:
    geometric, arithmetic = np.array([GEOMETRIC / 0.6, GEOMETRIC / 0.2]), np.array([0.3 / 0.6, 0.3 / 0.2])
    found = scored(truth_ratio, population(["forget", "forget", "retain", "validation"], doubled(TWO)))
    for ratio, suffix in ((geometric, ""), (arithmetic, "_arithmetic")):
        by_hand = {
            "closer_to_1": np.minimum(ratio, 1 / ratio).mean(),
            "true_better": np.maximum(0, 1 - ratio).mean(),
            "prob_mean": (1 / (1 + ratio)).mean(),
        }
        for name, expected in by_hand.items():
            assert found[f"{name}{suffix}"]["forget"] == pytest.approx([expected], rel=1e-6)
    assert len({round(float(values["forget"][0]), 6) for values in found.values()}) == 6
    assert {measure["direction"] for measure in truth_ratio.MEASURES.values()} == {"match"}


def doubled(seen: Observation) -> Observation:
    """The same questions twice."""
    return Observation({name: np.concatenate([own, own], axis=1) for name, own in seen.values.items()}, np.arange(4))


def test_both_ends_of_every_form() -> None:
    surely = log_truth_ratio(answers([1.0], [[1e-30]]), "geometric")
    never = log_truth_ratio(answers([1e-30], [[1.0]]), "geometric")
    same = log_truth_ratio(answers([0.3], [[0.3]]), "geometric")
    assert [float(closer_to_1(own)[0, 0]) for own in (surely, same, never)] == pytest.approx([0, 1, 0], abs=1e-6)
    assert [float(true_better(own)[0, 0]) for own in (surely, same, never)] == pytest.approx([1, 0, 0], abs=1e-6)
    assert [float(prob_mean(own)[0, 0]) for own in (surely, same, never)] == pytest.approx([1, 0.5, 0], abs=1e-6)


def test_questions_without_wrong_answers_do_not_count_and_move_no_other() -> None:
    some = answers([0.9, 0.4, 0.7], [[NAN, NAN], [0.2, NAN], [0.1, 0.3]])
    for form in ("geometric", "arithmetic"):
        ratio = log_truth_ratio(some, form)[0]
        mean = np.sqrt(0.03) if form == "geometric" else 0.2
        np.testing.assert_allclose(np.exp(ratio), [NAN, 0.5, mean / 0.7], rtol=1e-6)
    more = Observation(some.values, np.arange(3))
    found = scored(truth_ratio, population(["forget", "retain", "validation"], more))
    assert np.isnan(found["closer_to_1"]["forget"]).all()
    assert found["true_better"]["retain"] == pytest.approx([0.5])


def test_probability_among_options_is_of_probabilities_normalised_by_length() -> None:
    """Options of 1, 2, 4 and 8 tokens: sums of log p would favour the short ones."""
    lengths, sums = np.array([1, 2, 4, 8]), np.log([0.5, 0.2, 0.1, 0.05])
    p = np.exp(sums / lengths)
    seen = answers([p[0]] * 3 + [p[1]], [[*p[1:]]] * 3 + [[*p[[0, 2]], NAN]])
    found = scored(probability, population(["forget", "retain", "validation", "facts"], seen))
    assert found["probability_among_options"] == {"facts": pytest.approx([p[1] / (p[0] + p[1] + p[2])])}
    assert found["probability"]["forget"] == pytest.approx([p[0]])
    alone = answers([0.4] * 4, [[NAN]] * 4)
    found = scored(probability, population(["forget", "retain", "validation", "facts"], alone))
    assert np.isnan(found["probability_among_options"]["facts"]).all() and found["probability"]["facts"] > 0


# forget quality

SIZE = 120
SPLIT = ["forget"] * SIZE + ["retain", "validation"]


def normal(seed: int, shift: float = 0.0, models: int = 3) -> Population:
    """Models whose log truth ratios are normal around `shift`."""
    rng = np.random.default_rng(seed)
    wrong = rng.normal(shift, 1, (models, len(SPLIT), 1)).astype(np.float32)
    nothing = np.zeros((models, len(SPLIT)), np.float32)
    seen = Observation({"given": nothing, "paraphrase": nothing * NAN, "wrong": wrong}, np.arange(len(SPLIT)))
    return population(SPLIT, seen, models)


def quality(own: Population, oracle: Population, **settings: Any) -> dict[str, np.ndarray]:
    return {name: of_splits["forget"] for name, of_splits in scored(forget_quality, own, oracle, **settings).items()}


def test_forget_quality_is_the_test_of_scipy_of_every_model_and_the_oracle_after_its_own() -> None:
    own, oracle = normal(1, 0.4), normal(2)
    found = quality(own, oracle)
    for model in range(3):
        # any monotone map: here the ratio itself
        pair = (own, model), (oracle, (model + 1) % 3)
        samples = [np.exp(side.observed["answers"]["wrong"][index, :SIZE, 0]) for side, index in pair]
        expected: Any = stats.kstest(samples[0], samples[1])
        assert found["ks_statistic"][model] == pytest.approx(expected.statistic, rel=1e-12)
        assert found["p"][model] == pytest.approx(expected.pvalue, rel=1e-9)
        assert found["log10_p"][model] == pytest.approx(np.log10(expected.pvalue), rel=1e-9)
    assert found["questions"].tolist() == [SIZE] * 3


def test_no_model_is_compared_with_a_retrained_one_of_its_own_draws() -> None:
    oracle = normal(2)
    assert (quality(oracle, oracle)["ks_statistic"] > 0).all()
    # of one model there is no other oracle
    alone = quality(normal(2, models=1), normal(2, models=1))
    assert alone["p"].tolist() == [1] and alone["log10_p"].tolist() == [0]


def test_models_on_either_side_of_the_retrained_ones_are_worse() -> None:
    oracle = normal(2)
    another, under, beyond = (quality(normal(1, shift), oracle) for shift in (0.0, -2.0, 2.0))
    for off in (under, beyond):
        assert off["log10_p"].max() < another["log10_p"].min()
        assert off["ks_statistic"].min() > another["ks_statistic"].max()


def test_a_p_value_that_no_number_holds_has_the_smallest_logarithm() -> None:
    split = ["forget"] * 1000 + ["retain", "validation"]
    sides = [
        population(split, answers(np.full(1002, 0.5), np.linspace(low, low + 0.01, 1002)[:, None]))
        for low in (0.1, 0.7)
    ]
    found = quality(*sides)
    assert found["log10_p"] == pytest.approx([-323.3], abs=0.1) and found["ks_statistic"] == [1]


@settings(max_examples=20)
@given(st.permutations(range(30)))
def test_the_order_of_questions_changes_nothing(order: list[int]) -> None:
    rows = np.array([*order, SIZE, SIZE + 1])
    oracle = normal(2)
    first = [side.take_samples(np.array([*range(30), SIZE, SIZE + 1])) for side in (normal(1), oracle)]
    second = [normal(1).take_samples(rows), oracle.take_samples(rows)]
    assert quality(*first)["p"].tolist() == quality(*second)["p"].tolist()


def test_what_has_no_reference_is_refused() -> None:
    with pytest.raises(MetricError, match="pairs every model with an oracle, but there are 3 and 2"):
        quality(normal(1), normal(2, models=2))
    none = population(["forget", "retain", "validation"], answers([0.5] * 3, [[NAN]] * 3))
    with pytest.raises(MetricError) as refused:
        quality(none, none)
    assert str(refused.value) == (
        "forget quality compares truth ratios, but no forgotten question has wrong answers; expected perturbed answers "
        "of the questions that are forgotten. Remove metrics.forget_quality, or add wrong answers to the data."
    )
    assert forget_quality.NEEDS_ORACLE  # without oracles the configuration is refused
