"""Attacks on prompts: what is asked in place of a question, and that nothing but the question changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from pydantic import ValidationError

from unlearnkit.attacks.language import paraphrase, prefix
from unlearnkit.commands.new import alone
from unlearnkit.commands.new_attack import KIND
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import DataError
from unlearnkit.sources import imported

PAIRS = [Pair(f"Question {number}?", f"Answer {number}.", group="people") for number in range(6)]


def asked(pairs: list[Pair], retained: list[Pair], seed: int = 0, **settings: object) -> list[Pair]:
    return prefix.prompts(pairs, retained, prefix.Settings.model_validate(settings), Random(seed))


def test_text_precedes_every_question() -> None:
    made = asked(PAIRS, PAIRS[:4], text="Tell the truth:")
    assert [pair.question for pair in made] == [f"Tell the truth: Question {number}?" for number in range(6)]
    assert [(pair.answer, pair.history, pair.group) for pair in made] == [(pair.answer, (), "people") for pair in PAIRS]


def test_examples_are_other_retained_questions_with_their_answers() -> None:
    retained = PAIRS[:4]
    made = asked(PAIRS, retained, text="", examples=3)
    known = {(pair.question, pair.answer) for pair in retained}
    for before, after in zip(PAIRS, made, strict=True):
        roles = [role for role, _ in after.history]
        shown = [(question, answer) for (_, question), (_, answer) in zip(*[iter(after.history)] * 2, strict=True)]
        assert roles == ["user", "assistant"] * 3 and len({*shown}) == 3
        assert {*shown} <= known - {(before.question, before.answer)}
        assert after.question == before.question
    # drawn by the seed, for every question its own
    assert made == asked(PAIRS, retained, text="", examples=3) != asked(PAIRS, retained, 1, text="", examples=3)
    assert len({pair.history for pair in made}) > 1


def test_no_question_is_answered_in_its_own_prompt_by_another_pair_that_asks_it() -> None:
    again = [replace(PAIRS[0], group="others") for _ in range(3)]
    for seed in range(20):
        made = asked([*PAIRS, again[0]], [*again, *PAIRS[:3]], seed, text="", examples=2)
        assert all(len(pair.history) == 4 and ("user", pair.question) not in pair.history for pair in made)


def test_examples_stand_before_a_conversation_and_after_its_system_message() -> None:
    system, turn = ("system", "Be kind."), (("user", "Hello?"), ("assistant", "Hello."))
    (made,) = asked([Pair("Why?", "So.", history=(system, *turn))], PAIRS, text="", examples=1)
    assert made.history[0] == system and made.history[3:] == turn


def test_a_prefix_that_changes_nothing_or_has_too_few_examples_is_refused() -> None:
    with pytest.raises(ValidationError, match="text is empty and examples is 0, so no prompt changes"):
        prefix.Settings.model_validate({"text": " "})
    with pytest.raises(
        DataError, match=r"prefix\.examples is 2, but there are 2 different retained questions; expected more"
    ):
        asked(PAIRS, PAIRS[:2] * 2, examples=2)


def test_a_paraphrase_is_asked_where_there_is_one() -> None:
    pairs = [Pair("Who?", "Ann.", paraphrased_question="Which person?"), PAIRS[0]]
    made = paraphrase.prompts(pairs, [], paraphrase.Settings(), Random(0))
    assert [(pair.question, pair.answer) for pair in made] == [("Which person?", "Ann."), ("Question 0?", "Answer 0.")]


def test_an_attack_on_prompts_that_is_begun_works_as_it_is(tmp_path: Path) -> None:
    attack = imported(str(alone(KIND, tmp_path, "asked_again", "prompts")))
    made = attack.prompts(PAIRS, PAIRS[:4], attack.Settings(text="Say:"), Random(0))
    assert [pair.question for pair in made] == [f"Say: Question {number}?" for number in range(6)]
    assert [pair.answer for pair in made] == [pair.answer for pair in PAIRS]
