"""Metrics of judgements: shares by hand at both ends, unread replies, and the framework's published score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import judge, judge_continuations, luf
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.scoring import score_candidate

TEXT = np.dtypes.StringDType()


def population(split: list[str], seen: dict[str, Observation], models: int) -> Population:
    margins = np.zeros((models, len(split)))
    return Population(margins, margins == 0, np.array(split), observed=seen)


def scored(module: Any, own: Population, **settings: Any) -> dict[str, dict[str, np.ndarray]]:
    return module.score(own, None, settings=module.Settings.model_validate(settings), rng=np.random.default_rng(0))


def judged(
    verdict: Any, points: Any = None, unread: Any = None, group: list[str] | None = None, unscored: Any = None
) -> Observation:
    """Judgements of the first samples: two verdicts each, `unread` of them not readable, and a score, or `unscored`."""
    verdict = np.array(verdict, np.float32)
    values = {"verdict": verdict, "score": np.full_like(verdict, np.nan) if points is None else np.array(points)}
    values["asked_verdicts"], values["asked_scores"] = np.full(verdict.shape, 2), np.full(verdict.shape, 1)
    for kind, given in (("verdicts", unread), ("scores", unscored)):
        values[f"unread_{kind}"] = np.zeros(verdict.shape, int) if given is None else np.array(given)
    values["group"] = np.broadcast_to(np.array(group or ["qa"] * verdict.shape[1], TEXT), verdict.shape)
    return Observation(values, np.arange(verdict.shape[1]))


SPLIT = ["forget"] * 4 + ["retain", "validation"]


def test_shares_are_of_what_has_a_verdict_and_numbers_stand_beside_them() -> None:
    nan = np.nan
    verdict = [[1, 1, 0, -1], [1, nan, 0, 0]]
    points = [[10, 0, 5, 5], [2, 4, nan, nan]]
    own = population(SPLIT, {"judged": judged(verdict, points, [[0, 0, 0, 0], [0, 2, 0, 0]])}, 2)
    own.observed["judged"]["unread_scores"][1] = [0, 0, 1, 1]
    found = scored(judge, own, most_unread=0.5)
    assert found["win_rate"]["forget"].tolist() == [0.5, pytest.approx(1 / 3)]
    assert found["tie_rate"]["forget"].tolist() == [0.25, pytest.approx(2 / 3)]
    assert found["score"]["forget"].tolist() == [5, 3]
    assert found["compared"]["forget"].tolist() == [4, 3] and found["scored"]["forget"].tolist() == [4, 2]
    assert found["unread_verdicts"]["forget"].tolist() == [0, 2 / 8]
    assert found["unread_scores"]["forget"].tolist() == [0, 2 / 4]
    # what was not judged has no value, and that is said
    for name, measure in judge.MEASURES.items():
        assert np.isnan(found[name]["retain"]).all() and measure["undefined"]


def test_a_judge_that_answers_nonsense_gives_no_number() -> None:
    nothing = judged(np.full((2, 4), np.nan), unread=np.full((2, 4), 2), unscored=np.ones((2, 4)))
    found = scored(judge, population(SPLIT, {"judged": nothing}, 2))
    assert found["unread_verdicts"]["forget"].tolist() == found["unread_scores"]["forget"].tolist() == [1, 1]
    for name in ("win_rate", "tie_rate", "score", "compared", "scored"):
        assert np.isnan(found[name]["forget"]).all()
    some = judged([[1, 1, 1, np.nan]], unread=[[0, 0, 0, 2]])
    own = population(SPLIT, {"judged": some}, 1)
    assert np.isnan(scored(judge, own)["win_rate"]["forget"]).all()
    assert scored(judge, own, most_unread=0.25)["win_rate"]["forget"].tolist() == [1]


def test_one_model_that_could_not_be_judged_leaves_no_mean_over_the_others() -> None:
    won, lost = [1.0] * 4, [np.nan] * 4
    own = population(SPLIT, {"judged": judged([won, won, lost], [[5] * 4] * 3, [[0] * 4] * 2 + [[1] * 4])}, 3)
    (summary,) = score_candidate(judge, judge.Settings.model_validate({}), {0: own}, None, seed=0).values()
    rows = {row["measure"]: row for row in summary.rows if row["split"] == "forget"}
    assert rows["win_rate"]["mean"] is rows["tie_rate"]["mean"] is None and rows["win_rate"]["n_models"] == 3
    assert rows["unread_verdicts"]["mean"] == pytest.approx(1 / 6) and rows["compared"]["mean"] == pytest.approx(8 / 3)
    assert rows["score"]["mean"] == 5  # its replies could all be read
    # nor does a model without any verdict where every share is allowed
    assert np.isnan(scored(judge, own, most_unread=1)["win_rate"]["forget"]).all()


def test_verdicts_and_scores_are_readable_apart() -> None:
    own = population(SPLIT, {"judged": judged([[1] * 4], [[np.nan, 5, 5, 5]], unscored=[[1, 0, 0, 0]])}, 1)
    found = scored(judge, own)
    assert found["win_rate"]["forget"].tolist() == [1] and np.isnan(found["score"]["forget"]).all()
    framed = framework([1] * 4, [0, 0, 1, 1], ["B"] * 3, unscored=np.ones((1, 11)))
    assert scored(luf, framed)["luf"]["all"] == 1


def test_scores_of_continuations_are_means_of_what_could_be_read() -> None:
    points = np.array([[10, 4, np.nan, 7], [8, 2, 6, 1]])
    unread = np.isnan(points)
    seen = {"score": points, "asked_scores": np.ones((2, 4)), "unread_scores": unread.astype(float)}
    own = population(
        ["forget", "forget", "retain", "validation"],
        {"judged_continuations": Observation({name: value[:, :3] for name, value in seen.items()}, np.arange(3))},
        2,
    )
    found = scored(judge_continuations, own)
    np.testing.assert_array_equal(found["score"]["forget"], [7, 5])
    np.testing.assert_array_equal(found["scored"]["forget"], [2, 2])
    # one model of two could not be judged on the only document: no mean over the other
    assert np.isnan(found["score"]["retain"]).all() and found["unread_scores"]["retain"].tolist() == [1, 0]
    assert np.isnan(found["score"]["validation"]).all() and np.isnan(found["scored"]["validation"]).all()
    assert found["scored"]["retain"].tolist() == [0, 1] and {*found} == {*judge_continuations.MEASURES}


def test_a_model_that_always_wins_and_one_that_never_does() -> None:
    own = population(SPLIT, {"judged": judged([[1] * 4, [-1] * 4, [0] * 4], [[10] * 4, [0] * 4, [5] * 4])}, 3)
    found = scored(judge, own)
    assert found["win_rate"]["forget"].tolist() == [1, 0, 0] and found["tie_rate"]["forget"].tolist() == [0, 0, 1]
    assert found["score"]["forget"].tolist() == [10, 0, 5]


def test_the_published_score_of_the_framework() -> None:
    parts = (np.array([number]) for number in (0.2375, 0.07333, 0.73286, 0.01731))
    assert luf.luf(*parts) == pytest.approx(0.66529, abs=5e-6)


GROUPS = ["qa"] * 4 + ["privacy"] * 2 + ["noun_definition"] * 2 + ["choice"] * 3


def framework(
    verdict: list[float], f1: list[float], choices: list[str], group: list[str] | None = None, **more: Any
) -> Population:
    """One model on four questions, two private ones, two definitions and three choices, whose right answers are B."""
    seen = judged([verdict + [np.nan] * 7], group=group or GROUPS, **more)
    text = ["some answer"] * 8 + choices
    answers = ["truth"] * 8 + ["Because of it. Answer: B"] * 3
    written = {
        "text": np.array([text], TEXT),
        "answer": np.array([answers], TEXT),
        "rougeL_f1": np.array([[0.9] * 4 + f1 + [0.9] * 3], np.float32),
    }
    observed = {"judged": seen, "generations": Observation(written, np.arange(11))}
    return population(["forget"] * 4 + ["retain"] * 4 + ["validation"] * 3, observed, 1)


def test_the_score_is_made_of_its_parts() -> None:
    own = framework([1, 0, -1, 1], [0.1, 0.3, 0.5, 0.25], ["Answer: B", "It is B", " B "])
    found = {name: values["all"][0] for name, values in scored(luf, own).items()}
    assert found["win"] == 0.5 and found["compared"] == 4 and found["unread"] == 0
    assert found["rouge_priv"] == pytest.approx(0.2) and found["rouge_noun"] == pytest.approx(0.375)
    assert found["acc_choice"] == pytest.approx(2 / 3)
    assert found["luf"] == pytest.approx(((0.5 + 0.375 + 2 / 3) / 3 + 0.8) / 2)
    assert scored(luf, own, marker="is")["acc_choice"]["all"] == 0  # no answer has it alone


def test_an_ideal_model_has_score_one_and_a_useless_one_zero() -> None:
    ideal = framework([1] * 4, [0, 0, 1, 1], ["Answer: B"] * 3)
    useless = framework([-1] * 4, [1, 1, 0, 0], ["Answer: C"] * 3)
    assert scored(luf, ideal)["luf"]["all"] == 1 and scored(luf, useless)["luf"]["all"] == 0


def test_long_answers_are_compared_as_they_are_and_words_are_needed() -> None:
    long = framework([1] * 4, [0, 0, 1, 1], ["x" * 5000 + " Answer: B"] * 3)
    assert scored(luf, long)["acc_choice"]["all"] == 1
    wordless = framework([1] * 4, [0.5, np.nan, 1, 1], ["B"] * 3)
    assert scored(luf, wordless)["rouge_priv"]["all"] == 0.5


def test_replies_that_cannot_be_read_are_no_ties() -> None:
    own = framework([1, np.nan, 1, 0], [0, 0, 1, 1], ["B"] * 3, unread=[[0, 1] + [0] * 9])
    found = scored(luf, own)
    assert found["win"]["all"] == pytest.approx(2 / 3) and found["unread"]["all"] == 1 / 8
    assert np.isnan(scored(luf, own, most_unread=0.1)["luf"]["all"]).all()


def test_a_missing_kind_is_named_with_the_groups_that_are_there() -> None:
    own = framework([1] * 4, [0, 0, 1, 1], ["B"] * 3, group=["qa"] * 6 + ["", ""] + ["choice"] * 3)
    with pytest.raises(MetricError) as error:
        scored(luf, own)
    assert str(error.value) == (
        "luf needs questions of the kind noun, but none of 11 judged ones is of the group noun_definition; expected "
        "metrics.luf.noun to be one of their groups (choice, none, qa). Correct it, or add the split with these "
        "questions to observations.judged.items."
    )


def test_questions_that_were_not_compared_and_answers_that_are_not_there_are_named() -> None:
    own = framework([np.nan] * 4, [0, 0, 1, 1], ["B"] * 3)
    own.observed["judged"]["asked_verdicts"][:] = 0  # scores were asked for
    with pytest.raises(
        MetricError, match="luf needs a verdict on the questions of the group qa, but none was compared"
    ):
        scored(luf, own)
    own = framework([1] * 4, [0, 0, 1, 1], ["B"] * 3)
    some = own.observed["generations"].take_samples(np.arange(7), 11)
    less = population(own.split.tolist(), {**own.observed, "generations": some}, 1)
    with pytest.raises(MetricError, match="of 2 judged samples 1 have generations"):
        scored(luf, less)
