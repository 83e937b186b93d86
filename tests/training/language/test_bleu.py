"""BLEU of sentences: the values of sacrebleu, the formula by hand, and 0 where an order has no match."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sacrebleu import sentence_bleu as published

from unlearnkit.training.language.bleu import sentence_bleu

WORDS = some.lists(some.sampled_from(["the", "cat", "Sat", "on", "mat.", "a,", "Dog"]), max_size=12).map(" ".join)


@given(WORDS, WORDS)
def test_it_is_that_of_sacrebleu(candidate: str, reference: str) -> None:
    found = sentence_bleu(candidate, reference)
    theirs = published(candidate, [reference], smooth_method="none", lowercase=True, use_effective_order=False).score
    assert found == pytest.approx(theirs / 100, abs=1e-12) and 0 <= found <= 1
    # one that is shorter than four words has no n-gram of order 4
    assert sentence_bleu(reference, reference) == (
        pytest.approx(1) if len(reference.split()) > 3 else sentence_bleu(reference, reference)
    )


def test_the_formula_by_hand() -> None:
    # of 6, 5, 4, 3 n-grams match 5, 3, 2, 1; lengths 6 and 8
    candidate, reference = "a b c d x e", "a b c d y z w e"
    expected = math.exp(1 - 8 / 6) * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert sentence_bleu(candidate, reference) == pytest.approx(expected)
    assert sentence_bleu("A B c D", "a b c d") == pytest.approx(1)
    # a word counts at most as often as the reference has it
    assert sentence_bleu("a b c d a", "a b c d") == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)


@pytest.mark.parametrize("candidate", ["", "the cat sat", "a b c x d e f y", "zzz"])
def test_it_is_exactly_0_where_an_order_has_no_match(candidate: str) -> None:
    assert sentence_bleu(candidate, "the cat sat on a b c d e f") == 0.0
    assert sentence_bleu("a b c d", "") == 0.0
