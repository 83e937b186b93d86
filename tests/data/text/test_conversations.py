"""Conversations of several questions and answers: earlier turns are in the prompt, and change nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import torch
from pretrained_bases import base_of, pretrained

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.data.text.pair_loading import prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import PairTexts, PairTokenizer
from unlearnkit.data.text.replaced import Replaced
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.tokenizer import END_OF_TEXT
from unlearnkit.errors import DataError
from unlearnkit.training.language.generating import greedy

PLAIN = PairSettings.model_validate({})
BPE = BpeTokenizer(kind="bpe", vocabulary_size=280, min_frequency=1)
CPU = torch.device("cpu")
SYSTEM, FIRST = ("system", "Be brief."), (("user", "Who keeps the mill?"), ("assistant", "Ann."))
LONG = "Which of the people who live between the mill and the river keeps the bees in winter?"
TALK = (Pair("Who keeps the mill?", "Ann.", group="a"), Pair("Since when?", "1901.", group="a", history=FIRST))


class Turns:
    """A chat template that writes every turn."""

    def chat(self, messages: Sequence[Mapping[str, str]], *, answering: bool, date: str = "") -> str:
        turns = "".join(f"<{each['role']}>{each['content']}<end>" for each in messages)
        return turns + ("<assistant>" if answering else "")


@pytest.fixture(scope="module")
def made() -> tuple[TextSet, PairTokenizer]:
    """Two pairs of one conversation beside a longer pair, as sequences, with their tokenizer."""
    pairs = PairSet(
        {"train": (*TALK, Pair(LONG, "Ben, so they say.", group="b")), "validation": (Pair("Why?", "So."),)}
    )
    file, tokenizer = prepared(pairs, PLAIN, BPE)
    return text_set_of_pairs({"sequence_length": 160, "forget_unit": "group"}, file, tokenizer), tokenizer


def test_plain_prompts_repeat_earlier_turns_as_they_were_asked_and_answered() -> None:
    template = template_of(PLAIN, PairTexts(), ())
    expected = f"Question: Who keeps the mill?\nAnswer: Ann.{END_OF_TEXT}Question: Since when?\nAnswer: "
    assert template.prompt("Since when?", FIRST) == expected
    with pytest.raises(DataError, match=r"has a system message, but data\.pairs\.template is plain"):
        template.prompt("Since when?", (SYSTEM, *FIRST))


def test_chat_templates_are_given_earlier_turns_and_one_system_message() -> None:
    settings = PairSettings.model_validate({"template": {"kind": "chat", "system": "Answer in one word."}})
    template = template_of(settings, PairTexts("<begin>", "<eos>", Turns()), ("<end>", "<eos>"))
    turns = "<user>Who keeps the mill?<end><assistant>Ann.<end><user>Since when?<end><assistant>"
    assert template.prompt("Since when?", FIRST) == f"<system>Answer in one word.<end>{turns}"
    assert template.prompt("Since when?", (SYSTEM, *FIRST)) == f"<system>Be brief.<end>{turns}"


def test_only_the_last_answer_of_a_prompt_is_a_target(made: tuple[TextSet, PairTokenizer]) -> None:
    text_set, tokenizer = made
    end = tokenizer.token(END_OF_TEXT)
    tokens = Tokens(text_set, CPU)
    inputs, labels = tokens.batch(torch.tensor([1]), tokens.within(None))
    assert tokenizer.decode(labels[labels != IGNORE].tolist()) == " 1901."
    # the answer before it ends with the token that is padding elsewhere, and is a part of the prompt
    assert (inputs == end).sum() == 2 and (labels == end).sum() == 1
    assert text_set.units.tolist() == [0, 0, 1, 2]


def test_two_turns_beside_a_longer_prompt_have_the_logits_that_they_have_alone(
    made: tuple[TextSet, PairTokenizer],
) -> None:
    text_set, tokenizer = made
    model = pretrained(base_of("llama", 300)[0]).build(0).eval()
    tokens = Tokens(text_set, CPU)
    (inputs, _), (own, labels) = (tokens.batch(torch.tensor(rows), tokens.within(None)) for rows in ([1, 2], [1]))
    with torch.inference_mode():
        together, alone = model(inputs)[0, : own.shape[1]], model(own)[0]
    torch.testing.assert_close(together[labels[0] != IGNORE], alone[labels[0] != IGNORE], atol=1e-5, rtol=1e-5)
    prompts = [text_set.tokens[start:][:size] for start, size in zip(text_set.starts, text_set.prompts, strict=True)]
    how = {"end": tokenizer.token(END_OF_TEXT), "most": 6, "length": 160, "device": CPU}
    beside, one = greedy(model, prompts[1:3], **how)[0], greedy(model, prompts[1:2], **how)[0]
    np.testing.assert_array_equal(beside[0], one[0])


def test_each_answer_of_a_conversation_is_given_a_refusal(made: tuple[TextSet, PairTokenizer]) -> None:
    text_set, tokenizer = made
    generator = torch.Generator().manual_seed(3)
    refused = Replaced(Tokens(text_set, CPU), torch.tensor([0, 1]), [generator], "refusals")
    inputs, labels, _, true = next(iter(refused.unshuffled(2)))
    others = text_set.others
    assert others is not None
    refusals = {tokenizer.decode(own.tolist()) for own in others.answers()}
    for row in range(2):
        prompt = int(text_set.prompts[row])
        assert inputs[row, :prompt].tolist() == text_set.tokens[text_set.starts[row] :][:prompt].tolist()
        assert tokenizer.decode(labels[row][labels[row] != IGNORE].tolist()) in refusals
        assert tokenizer.decode(true[row][true[row] != IGNORE].tolist()).strip() == TALK[row].answer
