"""Memorisation by hand: frequencies of correct predictions with and without a sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearnkit.attribution.memorisation import memorisation, predictions_correct

INCLUDED = np.array([[1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]], bool)
LABELS = np.array([0, 1, 1, 0])
# models x samples: the class that is predicted
PREDICTED = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 1]])


def logits_of(predicted: np.ndarray, classes: int = 2) -> list[np.ndarray]:
    return [np.where(predicted == label, 2.5, -1.0).astype(np.float16) for label in range(classes)]


def test_it_is_the_difference_of_two_frequencies() -> None:
    found = memorisation([(logits_of(PREDICTED), INCLUDED)], LABELS)
    # sample 0: 2 of 2 with it, 1 of 2 without; 1: 1 of 2, 0 of 2; 2: 1 of 2, 0 of 2; 3: all models were trained on it
    np.testing.assert_array_equal(found.scores, np.array([0.5, 0.5, 0.5, np.nan], np.float32))
    assert (found.models, found.failed) == (4, 0)


def test_shards_are_counted_together_and_failed_models_not_at_all() -> None:
    logits = logits_of(PREDICTED)
    broken = [np.full((1, 4), np.inf, np.float16), np.zeros((1, 4), np.float16)]
    shards = [
        ([own[:1] for own in logits], INCLUDED[:1]),
        (broken, np.ones((1, 4), bool)),
        ([own[1:] for own in logits], INCLUDED[1:]),
    ]
    found = memorisation(shards, LABELS)
    np.testing.assert_array_equal(found.scores, memorisation([(logits, INCLUDED)], LABELS).scores)
    assert (found.models, found.failed) == (4, 1)


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_it_is_that_of_a_loop_and_ignores_the_order_of_models(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, included = rng.normal(size=(3, 9, 6)).astype(np.float16), rng.random((9, 6)) < 0.5
    labels = rng.integers(0, 3, 6)
    found = memorisation([(logits, included)], labels).scores
    for sample in range(6):
        hits = {True: [], False: []}
        for model in range(9):
            hits[bool(included[model, sample])].append(logits[:, model, sample].argmax() == labels[sample])
        known = all(hits.values())
        expected = np.mean(hits[True]) - np.mean(hits[False]) if known else np.nan
        assert found[sample] == pytest.approx(expected, abs=1e-6, nan_ok=True)
    order = rng.permutation(9)
    np.testing.assert_array_equal(memorisation([(logits[:, order], included[order])], labels).scores, found)


def test_of_equal_logits_the_first_class_is_predicted() -> None:
    equal = [np.zeros((1, 2), np.float16)] * 3
    correct, sound = predictions_correct(equal, np.array([0, 1]))
    assert correct.tolist() == [[True, False]] and sound.tolist() == [True]
