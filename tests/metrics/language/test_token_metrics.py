"""Metrics of token scores: against values by hand, at both ends of their range, whatever follows the last target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearnkit.errors import MetricError
from unlearnkit.metrics.language import exact_memorisation, extraction_strength, perplexity
from unlearnkit.metrics.language.extraction_strength import extraction_strength as strength_of
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.tokens import counted, mean_of_counted

SPLIT = np.array(["forget", "forget", "retain", "validation"])
COUNTS = np.array([4, 3, 2, 4])
CLOSED = np.array([True, False, False, True])


def population(lead: np.ndarray, log_p: np.ndarray | None = None, **more: Any) -> Population:
    """A population with token scores [models, 4, width] of the sequences above, and unknown values behind them."""
    models, _, width = lead.shape
    behind = ~counted(COUNTS, width)
    values = {"lead": lead.astype(np.float32), "log_p": (-np.abs(lead) if log_p is None else log_p).astype(np.float32)}
    values = {name: np.where(behind, np.nan, own) for name, own in values.items()}
    shared = {name: np.broadcast_to(own, (models, 4)) for name, own in {"targets": COUNTS, "closed": CLOSED}.items()}
    seen = {"token_scores": Observation({**values, **shared}, np.arange(4))}
    margins = np.zeros((models, 4))
    return Population(margins, margins == 0, SPLIT, observed=seen, **more)


def scored(module: Any, own: Population) -> dict[str, np.ndarray]:
    (values,) = module.score(own, None, settings=module.Settings(), rng=np.random.default_rng(0)).values()
    return values


# first choices [sequence, target]; the last target of the first and of the last sequence ends an answer
RIGHT = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0]]) - 0.5


def test_by_hand() -> None:
    one = population(RIGHT[None])
    # forget: targets 1 0 1 (the end does not count) and 0 1 1
    assert scored(extraction_strength, one)["forget"] == pytest.approx([(1 / 3 + 2 / 3) / 2])
    assert scored(exact_memorisation, one)["forget"] == pytest.approx([(2 / 3 + 2 / 3) / 2])
    assert scored(extraction_strength, one)["retain"] == scored(exact_memorisation, one)["retain"] - 0.5 == [0]


def test_a_model_that_is_right_everywhere_but_never_ends_knows_all() -> None:
    for module in (extraction_strength, exact_memorisation):
        assert scored(module, population(RIGHT[None]))["validation"] == [1]


def test_a_model_that_is_wrong_everywhere_knows_nothing() -> None:
    for module in (extraction_strength, exact_memorisation):
        values = scored(module, population(np.full((2, 4, 4), -1.0)))
        assert all((own == 0).all() for own in values.values()), "a sequence without a right token has 0, not 1 / n"


def test_only_the_last_target_is_left_out_and_only_where_it_ends_an_answer() -> None:
    wrong_end = np.ones((1, 4, 4))
    wrong_end[0, np.arange(4), COUNTS - 1] = -1
    found = scored(exact_memorisation, population(wrong_end))
    assert found["forget"] == pytest.approx([(1 + 2 / 3) / 2]) and found["retain"] == [0.5]
    assert scored(extraction_strength, population(wrong_end))["retain"] == [0]


def test_a_tie_for_the_first_choice_is_no_success() -> None:
    assert scored(exact_memorisation, population(np.zeros((1, 4, 4))))["forget"] == [0]


def test_perplexity_counts_every_target_the_same_and_no_padding() -> None:
    log_p = np.log(np.random.default_rng(0).uniform(0.1, 1, (2, 4, 6)))
    found = scored(perplexity, population(np.ones((2, 4, 6)), log_p))
    for model in range(2):
        of_forget = np.concatenate([log_p[model, 0, :4], log_p[model, 1, :3]])
        assert found["forget"][model] == pytest.approx(np.exp(-of_forget.mean()), rel=1e-6)
    uniform = np.full((1, 4, 6), -np.log(50))
    assert scored(perplexity, population(uniform, uniform))["retain"] == pytest.approx([50])


def test_perplexity_of_words_that_a_text_goes_on_behind_leaves_out_the_end() -> None:
    log_p = np.log(np.random.default_rng(0).uniform(0.1, 1, (1, 4, 6)))
    own = population(np.ones((1, 4, 6)), log_p)
    taken = own.take_samples([0, 1, 2, 3, 0, 1])
    found = scored(perplexity, replace(taken, split=np.array([*SPLIT, "lambada", "lambada"])))
    kept, all_of_it = np.concatenate([log_p[0, 0, :3], log_p[0, 1, :3]]), [*log_p[0, 0, :4], *log_p[0, 1, :3]]
    assert found["lambada"] == pytest.approx(np.exp(-kept.mean()), rel=1e-6)
    assert found["forget"] == pytest.approx(np.exp(-np.mean(all_of_it)), rel=1e-6)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 3))
def test_extraction_strength_is_the_run_at_the_end(right: list[bool], padding: int) -> None:
    run = next((n for n, one in enumerate(reversed(right)) if not one), len(right))
    padded = np.array([*right, *[True] * padding])
    value = strength_of(padded, np.array(len(right)))
    assert value == pytest.approx(run / len(right))
    # the tokens at the end are among all of them
    assert value <= mean_of_counted(padded, np.array(len(right))) + 1e-12


def test_a_sequence_of_which_nothing_counts_has_no_value() -> None:
    assert np.isnan(strength_of(np.zeros((1, 3), bool), np.array([0])))
    assert np.isnan(mean_of_counted(np.zeros((1, 3)), np.array([0])))


def test_sequences_that_were_not_observed_are_refused() -> None:
    whole = population(np.ones((1, 4, 4)))
    some = whole.observed["token_scores"].take_samples([0, 1, 3], 4)
    part = Population(
        whole.margins, whole.correct, SPLIT, observed={"token_scores": Observation(some.values, np.array([0, 1, 3]))}
    )
    with pytest.raises(MetricError) as refused:
        scored(exact_memorisation, part)
    assert str(refused.value) == (
        "of 1 retain samples 0 have token_scores; expected token_scores of every sample of a split. Add retain to "
        "observations.token_scores.items, or remove that key."
    )


def test_further_splits_have_values_where_there_are_such_samples() -> None:
    own = population(np.ones((1, 4, 4)))
    more = Population(
        own.margins, own.correct, np.array(["forget", "retain", "validation", "authors"]), observed=own.observed
    )
    assert [*scored(exact_memorisation, more)] == ["forget", "retain", "validation", "authors"]
