"""Dialogue F1 and last words: by hand, over every item whatever its batch, and by either of two comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from unlearnkit.metrics.language import dialogue_f1, last_word
from unlearnkit.metrics.language.normalised import normalised, unigram_f1
from unlearnkit.metrics.population import Observation, Population

WORDS = some.lists(some.sampled_from(["the", "Cat", "sat.", "on", "mat"]), max_size=6).map(" ".join)


def scored(module: Any, split: list[str], **observed: Any) -> Any:
    models, items = np.shape(next(iter(observed.values()))["text"])
    seen = {name: Observation(values, np.arange(items)) for name, values in observed.items()}
    margins = np.zeros((models, items))
    own = Population(margins, margins == 0, np.array(split), observed=seen)
    return module.score(own, None, settings=module.Settings(), rng=np.random.default_rng(0))[module.HEADLINE]


def test_words_are_compared_as_in_question_answering() -> None:
    assert normalised("The cat's  a Cat, and\nAN ant") == ["cats", "cat", "and", "ant"]
    # common: cat, sat; of 3 and 4 words
    assert unigram_f1("the cat sat down", "A cat sat on mats.") == pytest.approx(2 * 2 / (3 + 4))
    # a word counts at most as often as the other text has it
    assert unigram_f1("cat cat cat", "cat cat sat") == pytest.approx(2 * 2 / 6)
    assert unigram_f1("", "cat") == unigram_f1("cat", "") == unigram_f1("dog", "cat") == 0


@given(WORDS, WORDS)
def test_f1_is_symmetric_and_1_for_the_same_words(text: str, reference: str) -> None:
    assert 0 <= unigram_f1(text, reference) == unigram_f1(reference, text) <= 1
    assert unigram_f1(text, " ".join(reversed(text.split()))) == (1 if normalised(text) else 0)


def test_every_conversation_counts_and_not_the_last_of_a_batch_alone() -> None:
    written = np.array([["yes", "no", "no", "no"], ["no", "no", "no", "yes"], ["yes", "yes", "no", "yes"]])
    answers = np.broadcast_to(np.array(["yes"] * 4), (3, 4))
    found = scored(dialogue_f1, ["dialogue"] * 4, generations={"text": written, "answer": answers})
    np.testing.assert_allclose(found["dialogue"], [0.25, 0.25, 0.75])


def test_a_last_word_is_right_by_its_tokens_or_by_its_letters() -> None:
    text = np.array([["Late. And", "latest", "late", "", "!"]])
    answers = np.array([["late", "late", "late", "late", "late"]])
    lead = np.array([[[-1, 2], [1, -1], [3, np.nan], [1, 4], [np.nan, np.nan]]])
    targets, closed = np.array([[2, 2, 1, 2, 1]]), np.array([[True, True, False, False, False]])
    scores = {"lead": lead, "targets": targets, "closed": closed, "text": text}
    found = scored(last_word, ["lambada"] * 5, generations={"text": text, "answer": answers}, token_scores=scores)
    # by letters; by its one token, the end of the answer left out; by both; by its two tokens; by neither
    np.testing.assert_allclose(found["lambada"], [4 / 5])


@pytest.mark.parametrize("module", [dialogue_f1, last_word])
def test_other_splits_have_no_value(module: Any) -> None:
    text = np.array([["yes"]])
    assert scored(module, ["forget"], generations={"text": text}, token_scores={"lead": text, "text": text}) == {}
