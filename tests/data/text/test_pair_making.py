"""Pairs as sequences: where answers begin, what ends them, what is refused, and the answers beside the true ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Split

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.tokenizer import BpeTokenizer, PretrainedTokenizer
from unlearnkit.config.forget_sets.units import TextForgetSet
from unlearnkit.data.text.other_answers import PARAPHRASE, REFUSAL, WRONG
from unlearnkit.data.text.pair_file import PairFile, read_pairs, write_pairs
from unlearnkit.data.text.pair_loading import prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import PairTexts, PairTokenizer
from unlearnkit.data.text.pair_tokens import token_pairs
from unlearnkit.data.text.refusals import SHA256, refusals
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.tokenizer import END_OF_TEXT
from unlearnkit.data.text.tokenizer_making import make_tokenizer
from unlearnkit.data.text.unit_forget_sets import make_unit_forget_set
from unlearnkit.errors import ArtifactError, DataError

PLAIN = PairSettings.model_validate({})
BPE = BpeTokenizer(kind="bpe", vocabulary_size=300, min_frequency=1)
CUTS = {"sequence_length": 120, "forget_unit": "sequence"}
ASKED = "Who keeps the {} of the old mill by the river?"


def pair(number: int, **values: Any) -> Pair:
    thing = ("keys", "cats", "accounts", "wheels", "ducks", "bees")[number % 6]
    return Pair(ASKED.format(thing), f"The {thing} are kept by neighbour {number}.", group=f"n{number // 2}", **values)


def pair_set(count: int = 6, **values: Any) -> PairSet:
    return PairSet({"train": tuple(map(pair, range(count))), "validation": (pair(7),), **values}, {"last": (4, 5)})


def made(pairs: PairSet, **cuts: Any) -> tuple[TextSet, PairTokenizer]:
    file, tokenizer = prepared(pairs, PLAIN, BPE)
    return text_set_of_pairs({**CUTS, **cuts}, file, tokenizer), tokenizer


def answer_of(text_set: TextSet, tokenizer: PairTokenizer, row: int) -> str:
    own = [*text_set.sequences()][row]
    return tokenizer.decode(own[text_set.prompts[row] :].tolist())


def test_a_pair_is_its_prompt_then_its_answer_and_one_end() -> None:
    pairs = pair_set(further=(pair(8), pair(9)))
    text_set, tokenizer = made(pairs)
    end = tokenizer.token(END_OF_TEXT)
    every = [own for split in pairs.splits.values() for own in split]
    for row, (own, tokens) in enumerate(zip(every, text_set.sequences(), strict=True)):
        prompt = tokenizer.decode(tokens[: text_set.prompts[row]].tolist())
        assert prompt == f"Question: {own.question}\nAnswer:"
        assert answer_of(text_set, tokenizer, row) == f" {own.answer}"
        assert (tokens == end).sum() == 1 and tokens[-1] == end
    assert text_set.split_sizes == {"train": 6, "validation": 1, "further": 2}
    assert text_set.units.tolist() == list(range(9))
    assert text_set.tokens.dtype == np.uint16


def test_answers_beside_the_true_ones_belong_to_their_rows() -> None:
    told = pair(1, paraphrased_answer="Neighbour 1 has the cats.", perturbed_answers=("The miller.", "Nobody at all."))
    text_set, tokenizer = made(PairSet({"train": (pair(0), told), "validation": (pair(7),)}))
    others = text_set.others
    assert others is not None
    texts = [tokenizer.decode(own.tolist()) for own in others.answers()]
    found = {
        kind: [texts[first[0] + number] for number in range(count[0])]
        for kind in (REFUSAL, PARAPHRASE, WRONG)
        for first, count in [others.of(kind, np.array([1]))]
    }
    assert found[REFUSAL] == [f" {text}" for text in refusals()]
    assert found[PARAPHRASE] == [" Neighbour 1 has the cats."]
    assert found[WRONG] == [" The miller.", " Nobody at all."]
    assert others.of(WRONG, np.array([0]))[1].tolist() == [0]
    ends = others.tokens[others.starts[1:] - 1]
    assert (ends == tokenizer.token(END_OF_TEXT)).all()


def joining(*pieces: str) -> PairTokenizer:
    """A tokenizer whose tokens are the longest of `pieces`, and single characters."""
    characters = sorted({*"".join(pieces), *" \n"})
    words = [END_OF_TEXT, *pieces, *characters]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}))
    longest = sorted(pieces, key=len, reverse=True)
    pattern = "|".join([*(piece.replace(" ", "[ ]") for piece in longest), r"[\s\S]"])
    tokenizer.pre_tokenizer = Split(Regex(pattern), "isolated")
    tokenizer.add_special_tokens([END_OF_TEXT])
    return PairTokenizer(tokenizer.to_str())


def tokens_of(tokenizer: PairTokenizer, prompt: str, answer: str) -> Sequence[list[int]]:
    (found,) = token_pairs(tokenizer, [prompt], [answer], END_OF_TEXT, "pair")
    return found


def test_an_answer_of_one_letter_that_melts_into_the_prompt_keeps_its_target() -> None:
    # as with Phi's tokenizer: the space that ends the prompt and the answer are one token, which no prompt alone has
    tokenizer = joining(":", " A")
    prompt, answer = tokens_of(tokenizer, ": ", "A")
    assert [tokenizer.decode(prompt), tokenizer.decode(answer)] == [":", " A"]
    # where it melts into more than a space, its token is a target all the same
    tokenizer = joining("Q", ":A")
    prompt, answer = tokens_of(tokenizer, "Q:", "A")
    assert [tokenizer.decode(prompt), tokenizer.decode(answer)] == ["Q", ":A"]
    with pytest.raises(DataError, match="the prompt of pair 0 has no token of its own before the answer 'A'"):
        tokens_of(tokenizer, ":", "A")


def test_an_answer_whose_characters_the_tokenizer_leaves_out_is_refused() -> None:
    tokenizer = Tokenizer.from_str(joining("Q", ":").definition)
    tokenizer.normalizer = Replace("\u200b", "")  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(DataError, match=r"the answer of pair 0 is '\\u200b', which has 0 tokens, and 1 that end"):
        tokens_of(PairTokenizer(tokenizer.to_str()), "Q: ", "\u200b")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": " "}, "answer of train pair 2 is empty"),
        ({"question": ""}, "question of train pair 2 is empty"),
        ({"perturbed_answers": ("sound", "")}, r"perturbed_answers\[1\] of train pair 2 is empty"),
        ({"answer": "a\0b"}, "answer of train pair 2 has a NUL"),
    ],
)
def test_pairs_without_text_are_refused(changes: dict[str, Any], message: str) -> None:
    values: dict[str, Any] = {"question": "?", "answer": "!"} | changes
    with pytest.raises(DataError, match=message):
        PairSet({"train": (pair(0), pair(1), Pair(**values)), "validation": (pair(7),)})


def test_a_special_token_in_the_data_ends_nothing() -> None:
    pairs = PairSet({"train": (pair(0), Pair("Who?", f"Ann.{END_OF_TEXT} Bob.")), "validation": (pair(7),)})
    with pytest.raises(DataError, match=r"train text \d contains <\|endoftext\|>, which is a special token"):
        made(pairs)


def test_a_long_question_is_refused_and_never_cut() -> None:
    long = Pair("word " * 600, "Yes.")
    pairs = PairSet({"train": (pair(0), long), "validation": (pair(7),)})
    with pytest.raises(
        DataError, match=r"1 of the 2 pairs of the train split have more than 120 tokens; number 1 has"
    ) as error:
        made(pairs)
    assert error.value.remedy is not None and "data.sequence_length to" in error.value.remedy
    # refusals must fit after the longest prompt
    with pytest.raises(DataError, match=r"\d+ of the 100 pairs with a refusal answer have more than"):
        made(pair_set(), sequence_length=int(made(pair_set())[0].lengths.max()))


def test_parts_of_further_splits() -> None:
    whole = pair_set(authors=(pair(8), pair(9)), facts=(pair(10),))
    assert {name: len(own) for name, own in whole.part(0, 6, 1, 2).splits.items()} == {
        "train": 6,
        "validation": 1,
        "authors": 2,
        "facts": 1,
    }
    assert whole.part(0, 6, 1, 1).splits["authors"] == (pair(8),)
    assert whole.part(0, 6, 1).splits == whole.splits


def test_groups_of_pairs_are_units() -> None:
    text_set, _ = made(pair_set(), forget_unit="group")
    assert text_set.units.tolist() == [0, 0, 1, 1, 2, 2, 3]
    scattered = PairSet({"train": (pair(0), pair(3), pair(1)), "validation": (pair(7),)})
    with pytest.raises(DataError, match="the pairs of group 'n0' do not follow one another"):
        made(scattered, forget_unit="group")


def test_parts_keep_forget_lists_that_are_whole(tmp_path: Path) -> None:
    part = pair_set().part(3, 3, 1)
    assert part.forget_lists == {"last": (1, 2)} and part.splits["train"][0] == pair(3)
    assert pair_set().part(0, 5, 1).forget_lists == {}
    with pytest.raises(DataError, match=r"data.train_size is 5, but there are 3 train pairs after the first 3"):
        pair_set().part(3, 5, 1)
    file, tokenizer = prepared(pair_set(), PLAIN, BPE)
    write_pairs(tmp_path / "pairs.json", file)
    own = TypeAdapter(TextForgetSet).validate_python({"kind": "pair_list", "name": "last"})
    text_set = text_set_of_pairs(CUTS, read_pairs(tmp_path / "pairs.json"), tokenizer)
    assert make_unit_forget_set(own, text_set, tmp_path / "pairs.json").tolist() == [4, 5]
    with pytest.raises(
        DataError, match="no forget list 'first' of which all pairs are trained on; expected one of last"
    ):
        other = TypeAdapter(TextForgetSet).validate_python({"kind": "pair_list", "name": "first"})
        make_unit_forget_set(other, text_set, tmp_path / "pairs.json")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    pairs = pair_set(further=(pair(8, paraphrased_answer="So.", perturbed_answers=("No.",)),))
    file, _ = prepared(pairs, PLAIN, BPE)
    write_pairs(tmp_path / "pairs.json", file)
    found = read_pairs(tmp_path / "pairs.json")
    assert found.pairs.content_hash == pairs.content_hash
    assert (found.prompts, found.end, found.refusals) == (file.prompts, file.end, file.refusals)
    (tmp_path / "pairs.json").write_text('{"format": 1}')
    with pytest.raises(ArtifactError, match="does not hold pairs"):
        read_pairs(tmp_path / "pairs.json")


def test_rows_are_numbered_alike_before_and_after_the_file(tmp_path: Path) -> None:
    # JSON is written with sorted keys, where authors would be before train
    file, tokenizer = prepared(pair_set(facts=(pair(9),), authors=(pair(8),)), PLAIN, BPE)
    write_pairs(tmp_path / "pairs.json", file)
    for each in (file, read_pairs(tmp_path / "pairs.json")):
        text_set = text_set_of_pairs(CUTS, each, tokenizer)
        assert [*text_set.split_sizes] == ["train", "validation", "authors", "facts"]
        answers = [answer_of(text_set, tokenizer, row) for row in range(9)]
        assert answers == [f" {pair(number).answer}" for number in (*range(6), 7, 8, 9)]


def test_the_refusals_are_a_hundred_and_are_hashed(tmp_path: Path) -> None:
    found = refusals()
    assert len(found) == len({*found}) == 100
    with pytest.raises(DataError, match=r"refusals that methods train on, cannot be read"):
        refusals(tmp_path / "refusals.txt")
    (tmp_path / "refusals.txt").write_text("\n".join(found[:-1]) + "\n")
    with pytest.raises(DataError, match=f"has the SHA-256 .*; expected 100 lines with the SHA-256 {SHA256}"):
        refusals(tmp_path / "refusals.txt")


class Roles:
    """A chat template that states a date, and that ends turns in its own way."""

    def chat(self, messages: Sequence[Mapping[str, str]], *, answering: bool, date: str = "") -> str:
        turns = "".join(f"<{each['role']}>{each['content']}<end>\n" for each in messages)
        return f"<begin>{date}\n{turns}" + ("<assistant>" if answering else "")


CHAT = PairSettings.model_validate({"template": {"kind": "chat", "system": "Be brief.", "date": "1 May 2020"}})
SPECIAL = ("<begin>", "<end>", "<eos>")


def test_chat_templates_are_rendered_up_to_the_answer_and_end_with_the_turn() -> None:
    template = template_of(CHAT, PairTexts("<begin>", "<eos>", Roles()), SPECIAL)
    expected = "<begin>1 May 2020\n<system>Be brief.<end>\n<user>Who?<end>\n<assistant>"
    assert template.prompt("Who?") == expected
    assert template.end == "<end>"


def test_begin_of_text_is_written_where_it_is_asked_for_and_never_twice() -> None:
    texts = PairTexts("<begin>", "<eos>")
    plain = [
        template_of(PLAIN.model_copy(update={"begin_of_text": asked}), texts, SPECIAL).prompt("Who?")
        for asked in (False, True)
    ]
    assert plain == ["Question: Who?\nAnswer: ", "<begin>Question: Who?\nAnswer: "]
    with pytest.raises(DataError, match="the tokenizer has no begin-of-text token"):
        template_of(PLAIN.model_copy(update={"begin_of_text": True}), PairTexts(), SPECIAL)
    with pytest.raises(DataError, match="the chat template writes <begin> itself"):
        twice = CHAT.model_copy(update={"begin_of_text": True})
        template_of(twice, PairTexts("<begin>", "<eos>", Roles()), SPECIAL)


def test_a_template_that_the_tokenizer_lacks_is_named() -> None:
    with pytest.raises(DataError, match="template is chat, but the tokenizer has no chat template"):
        prepared(pair_set(), CHAT, BPE)


def test_the_border_does_not_depend_on_what_is_beside_a_pair() -> None:
    pairs = pair_set()
    text_set, tokenizer = made(pairs)
    file = PairFile(
        pairs, {own.question: f"Question: {own.question}\nAnswer: " for own in pairs.splits["train"]}, END_OF_TEXT, ()
    )
    for row, own in enumerate(pairs.splits["train"]):
        (alone,) = token_pairs(tokenizer, file.prompts_of([own]), [own.answer], END_OF_TEXT, "pair")
        assert [*alone.prompt, *alone.answer] == [*text_set.sequences()][row].tolist()
        assert len(alone.prompt) == text_set.prompts[row]


def test_tokenizers_learn_from_prompts_and_answers() -> None:
    _, tokenizer = made(pair_set())
    again = make_tokenizer(
        BPE, [f"Question: {own.question}\nAnswer: {own.answer}" for own in pair_set().splits["train"]]
    )
    assert hashlib.sha256(tokenizer.definition.encode()).digest() == hashlib.sha256(again.definition.encode()).digest()


TEMPLATE = (
    "{% for m in messages %}{{ '<|turn|>' + m['role'] + ' ' + date_string + '\n' + m['content'] + '<|end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|turn|>assistant ' + date_string + '\n' }}{% endif %}"
)


def test_a_pretrained_tokenizer_brings_its_template_and_its_end(tmp_path: Path) -> None:
    learned = make_tokenizer(BPE, [own.question + own.answer for own in pair_set().splits["train"]])
    tokenizer = Tokenizer.from_str(learned.definition)
    tokenizer.add_special_tokens(["<|turn|>", "<|end|>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 320}))
    stated = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "chat_template": TEMPLATE}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(stated))
    chat = PairSettings.model_validate({"template": {"kind": "chat"}})
    file, own = prepared(pair_set(), chat, PretrainedTokenizer(kind="pretrained", folder=str(tmp_path)))
    assert file.end == "<|end|>"
    text_set = text_set_of_pairs({**CUTS, "sequence_length": 200}, file, own)
    first = next(text_set.sequences())
    assert (first == own.token("<|end|>")).sum() == 2 and first[-1] == own.token("<|end|>")
    assert own.decode(first[: text_set.prompts[0]].tolist()).endswith("assistant 26 Jul 2024\n")
    assert answer_of(text_set, own, 0) == pair(0).answer
