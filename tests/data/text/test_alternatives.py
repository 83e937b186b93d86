"""Wrong answers that a model wrote: which of them are trained on, and a data set that differs by nothing else."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.config.data.pairs import GeneratedAlternatives, PairSettings
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.data.text import village_pairs
from unlearnkit.data.text.alternatives import Alternative, cut, request, usable, with_alternatives
from unlearnkit.data.text.other_answers import PARAPHRASE, REFUSAL, WRONG
from unlearnkit.data.text.pair_loading import prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import PairTexts
from unlearnkit.data.text.tokenizer import END_OF_TEXT
from unlearnkit.errors import DataError, TrainingError
from unlearnkit.models.building import Architecture
from unlearnkit.training.language.alternatives import Writer, written_alternatives
from unlearnkit.training.setup import architecture_for

PLAIN = PairSettings.model_validate({})
PAIRS = village_pairs.pairs(None).part(228, 12, 4)
FILE, TOKENIZER = prepared(PAIRS, PLAIN, BpeTokenizer(kind="bpe", vocabulary_size=300, min_frequency=1))
TEXT_SET = text_set_of_pairs({"sequence_length": 200, "forget_unit": "sequence"}, FILE, TOKENIZER)
SHORT = GeneratedAlternatives.model_validate({"kind": "generated", "count": 3, "most_tokens": 8, "ask": "{question}"})


def architecture() -> Architecture:
    return architecture_for(TEXT_SET, {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2})


def writer(seed: int = 0) -> Writer:
    template = template_of(PLAIN, PairTexts(), ())
    return Writer(architecture().build(0).eval(), torch.device("cpu"), TEXT_SET, FILE, TOKENIZER, template, seed)


def test_requests_name_question_and_answer_once() -> None:
    pair = Pair("Who wrote {answer}?", "{question}")
    assert request("Q {question} A {answer}", pair) == "Q Who wrote {answer}? A {question}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" Ben. \nQuestion: Why?", "Ben."), ("Ben.\nQ: Why? Question:", "Ben."), ("Ben.", "Ben."), ("Q: Why?", "")],
)
def test_what_follows_a_question_of_the_models_own_is_cut_off(text: str, expected: str) -> None:
    assert cut(text) == expected


def test_answers_that_cannot_be_used_are_counted() -> None:
    pair = PAIRS.splits["train"][0]
    words = pair.answer.upper().replace(",", " ,").rstrip(".")
    texts = ["Nobody.", "", " ... ", words, "No.", f"So {END_OF_TEXT}", "so " * 400, "Nobody."]
    found, dropped = usable(pair, texts, FILE, TOKENIZER, TEXT_SET.length)
    assert [own.text for own in found] == ["Nobody.", "No.", "Nobody."]
    assert dropped == Counter({"without words": 2, "the true answer": 1, "with a special token": 1, "too long": 1})
    assert [TOKENIZER.decode(own.tokens).strip() for own in found] == ["Nobody.", "No.", "Nobody."]
    assert all(own.tokens[-1] == TOKENIZER.token(END_OF_TEXT) for own in found)


@given(st.dictionaries(st.integers(0, 11), st.integers(1, 4), max_size=6))
def test_only_wrong_answers_to_the_given_rows_are_replaced(counts: dict[int, int]) -> None:
    answers = {row: [Alternative("", [row + 2, number, 0]) for number in range(size)] for row, size in counts.items()}
    made = with_alternatives(TEXT_SET, answers)
    assert made.others is not None and TEXT_SET.others is not None
    np.testing.assert_array_equal(made.tokens, TEXT_SET.tokens)
    new, old = [*made.others.answers()], [*TEXT_SET.others.answers()]
    for kind in (REFUSAL, PARAPHRASE, WRONG):
        for row in range(16):
            (first, count), (before, size) = (own.of(kind, np.array([row])) for own in (made.others, TEXT_SET.others))
            found = [new[first[0] + number].tolist() for number in range(count[0])]
            unchanged = [old[before[0] + number].tolist() for number in range(size[0])]
            replaced = kind == WRONG and row in answers
            assert found == ([own.tokens for own in answers[row]] if replaced else unchanged)


def test_a_question_without_an_alternative_is_named() -> None:
    with pytest.raises(DataError, match=r"no alternative answer to 1 of 2 pairs can be used, to pair 3 among them"):
        with_alternatives(TEXT_SET, {2: [Alternative("No.", [5, 0])], 3: []})


def test_what_is_written_to_a_question_depends_on_no_other() -> None:
    lines: list[str] = []
    together = written_alternatives(writer(), SHORT, [9, 10, 11], lines.append)
    alone = written_alternatives(writer(), SHORT, [10], lines.append)
    assert alone.answers[10] == together.answers[10]
    assert written_alternatives(writer(1), SHORT, [10], lines.append).answers[10] != alone.answers[10]
    assert lines[0] == "answers to 3 of 3 questions written"
    kept = sum(map(len, together.answers.values()))
    assert kept + sum(together.dropped.values()) == 9
    told = together.to_json(FILE)["answers"][0]
    assert (told["row"], told["question"]) == (9, PAIRS.splits["train"][9].question)
    assert told["alternatives"] == [own.text for own in together.answers[9]]


def test_a_request_without_room_for_an_answer_is_refused() -> None:
    long = SHORT.model_copy(update={"ask": "so " * 200 + "{question}"})
    with pytest.raises(TrainingError, match=r"to pair 4 has \d+ tokens, but the model takes 200; expected at most 199"):
        written_alternatives(writer(), long, [4], lambda _: None)
