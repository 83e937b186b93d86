"""A data set that is asked in another way: other prompts by the same template, the same answers, in the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.data.text import village_pairs
from unlearnkit.data.text.other_answers import KINDS, REFUSAL
from unlearnkit.data.text.pair_loading import prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import PairTexts
from unlearnkit.data.text.prompted import Prompted, prompted
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import DataError

PLAIN = PairSettings.model_validate({})
WHOLE = village_pairs.pairs(None).part(228, 12, 4)
# the first of the validation rows, which follow twelve to train on, is a document
DOCUMENT = Pair("", "A text about nobody.", document=True)
PAIRS = replace(WHOLE, splits={**WHOLE.splits, "validation": (DOCUMENT, *WHOLE.splits["validation"])})
FILE, TOKENIZER = prepared(PAIRS, PLAIN, BpeTokenizer(kind="bpe", vocabulary_size=300, min_frequency=1))
FORGET = np.array([3, 10])
LENGTH = 200
PROMPT = template_of(PLAIN, PairTexts(), ()).prompt


def cut(length: int) -> dict[str, Any]:
    return {"sequence_length": length, "forget_unit": "sequence"}


def made(ask: Callable[[Sequence[Pair]], Sequence[Pair]], length: int = LENGTH) -> Prompted:
    return prompted(FILE, FORGET, lambda pairs, _: ask(pairs), PROMPT, TOKENIZER, cut(length), "attacks.mine")


def louder(pairs: Sequence[Pair]) -> list[Pair]:
    return [replace(pair, question=f"Say now! {pair.question}") for pair in pairs]


def answers(text_set: TextSet) -> list[list[int]]:
    rows = zip(text_set.starts, text_set.lengths, text_set.prompts, strict=True)
    return [text_set.tokens[start + prompt : start + length].tolist() for start, length, prompt in rows]


def test_prompts_change_and_nothing_else() -> None:
    before = text_set_of_pairs(cut(LENGTH), FILE, TOKENIZER)
    after = made(louder)
    assert after.changed == 2
    assert after.text_set.split_sizes == before.split_sizes and after.text_set.length == before.length
    assert answers(after.text_set) == answers(before)
    asked = [TOKENIZER.decode(own.tolist()) for own in after.text_set.questions()]
    assert [row for row, own in enumerate(asked) if "Say now! " not in own] == [12] and asked[12] == ""
    assert asked[3].replace("Say now! ", "") == TOKENIZER.decode([*before.questions()][3].tolist())
    # paraphrased and wrong answers belong to the same rows; what nobody trains on is left out
    old, new = before.others, after.text_set.others
    assert old is not None and new is not None
    kept = old.kinds != KINDS.index(REFUSAL)
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(new.kinds, old.kinds[kept])
    np.testing.assert_array_equal(new.rows, old.rows[kept])


def test_an_attack_gets_questions_and_those_that_are_retained() -> None:
    seen: list[Sequence[Pair]] = []

    def ask(pairs: Sequence[Pair], retained: Sequence[Pair]) -> Sequence[Pair]:
        seen.extend((pairs, retained))
        return louder(pairs)

    prompted(FILE, FORGET, ask, PROMPT, TOKENIZER, cut(LENGTH), "attacks.mine")
    train = PAIRS.splits["train"]
    assert seen[0] == [pair for own in PAIRS.splits.values() for pair in own if not pair.document]
    assert seen[1] == [pair for row, pair in enumerate(train) if row not in (3, 10)]


@pytest.mark.parametrize(
    ("ask", "length", "says"),
    [
        (
            lambda pairs: pairs,
            LENGTH,
            "attacks.mine changes no prompt of the 2 samples to forget; expected questions that it asks in another "
            "way. Remove attacks.mine, or this forget set.",
        ),
        (
            lambda pairs: [replace(pair, answer="No.") for pair in pairs],
            LENGTH,
            "attacks.mine changes answers, or how many questions there are; expected every question once, in its "
            "order, with another question or other turns before it. Correct `prompts` of the attack.",
        ),
        (lambda pairs: louder(pairs)[1:], LENGTH, "attacks.mine changes answers, or how many questions there are"),
        (
            louder,
            60,
            "with the prompts of attacks.mine, 11 of the 12 pairs of the train split have more",
        ),
    ],
)
def test_what_an_attack_must_not_do_is_refused(
    ask: Callable[[Sequence[Pair]], Sequence[Pair]], length: int, says: str
) -> None:
    with pytest.raises(DataError) as caught:
        made(ask, length)
    assert str(caught.value).startswith(says)


def test_paraphrased_questions_are_no_part_of_what_models_learn() -> None:
    bare = {name: tuple(replace(pair, paraphrased_question=None) for pair in own) for name, own in WHOLE.splits.items()}
    assert replace(WHOLE, splits=bare).content_hash == WHOLE.content_hash
    assert all(pair.paraphrased_question not in (None, pair.question) for own in WHOLE.splits.values() for pair in own)
    again = type(WHOLE).from_json(WHOLE.to_json())
    assert again.splits == WHOLE.splits
