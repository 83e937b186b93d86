"""Documents among pairs: every token but the first is a target, nothing joins them, and long ones are cut to fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.config.forget_sets.units import PairListForgetSet
from unlearnkit.config.settings import Item
from unlearnkit.data.text.document_cutting import cut_documents
from unlearnkit.data.text.other_answers import REFUSAL
from unlearnkit.data.text.pair_file import PairFile, read_pairs, write_pairs
from unlearnkit.data.text.pair_loading import prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_rows import pairs_of
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.replaced import Replaced
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.tokenizer import END_OF_TEXT
from unlearnkit.data.text.unit_forget_sets import asked, make_unit_forget_set
from unlearnkit.errors import DataError, TrainingError
from unlearnkit.metrics.population import SPLITS

BPE = BpeTokenizer(kind="bpe", vocabulary_size=300, min_frequency=1)
CUTS = {"sequence_length": 64, "forget_unit": "sequence"}
TEXT = "The miller of Thornby keeps three ducks, and they all answer to the name of Bess."
QUESTION = Pair("Who keeps ducks?", "The miller.")


def document(text: str = TEXT, **values: Any) -> Pair:
    return Pair("", text, document=True, **values)


def pair_set(*train: Pair, **further: tuple[Pair, ...]) -> PairSet:
    held_out = document("Nobody in Thornby keeps a goose.")
    return PairSet({"train": train, "validation": (held_out,), **further}, {"last": (len(train) - 1,)})


def made(pairs: PairSet, **values: Any) -> tuple[PairFile, PairTokenizer]:
    return prepared(pairs, PairSettings.model_validate(values), BPE)


def mixed() -> tuple[TextSet, PairTokenizer]:
    pairs = pair_set(document(), document("A second text."), forget_questions=(QUESTION, replace(QUESTION, answer="A")))
    file, tokenizer = made(pairs)
    return text_set_of_pairs(CUTS, file, tokenizer), tokenizer


def test_a_document_has_no_prompt_and_no_end_and_no_other_target_than_its_own() -> None:
    text_set, tokenizer = mixed()
    tokens = Tokens(text_set, torch.device("cpu"))
    assert text_set.split_sizes == {"train": 2, "validation": 1, "forget_questions": 2}
    assert (text_set.prompts == 0).tolist() == [True, True, True, False, False]
    end = tokenizer.token(END_OF_TEXT)
    # neither what follows a document in the stream nor the next document is a target, whatever is trained on
    for goes_on in (tokens.within(None), tokens.within(torch.arange(2))):
        assert not goes_on.any()
        _, labels = tokens.batch(torch.arange(5), goes_on)
        for row, own in enumerate(text_set.sequences()):
            found = labels[row][labels[row] != IGNORE].tolist()
            assert found == own[max(1, text_set.prompts[row]) :].tolist()
            assert (end in found) == (row > 2)
    assert tokenizer.decode(next(text_set.sequences()).tolist()) == TEXT


def test_documents_are_rows_that_no_refusal_answers() -> None:
    text_set, _ = mixed()
    assert text_set.others is not None and text_set.others.of(REFUSAL, np.array([0, 3]))[1].tolist() == [0, 0]
    with pytest.raises(TrainingError, match="2 of the 2 pairs have no refusal answer"):
        Replaced(Tokens(text_set, torch.device("cpu")), torch.arange(2), [torch.Generator()], "refusals")


def test_begin_of_text_precedes_a_document_whose_first_token_is_then_a_target() -> None:
    file, tokenizer = made(pair_set(document()))
    begun = replace(file, prompts={"": END_OF_TEXT})
    plain, with_begin = (text_set_of_pairs(CUTS, own, tokenizer) for own in (file, begun))
    first = next(with_begin.sequences()).tolist()
    assert first == [tokenizer.token(END_OF_TEXT), *next(plain.sequences()).tolist()]
    assert with_begin.targets[0] == plain.targets[0] + 1


def test_pairs_without_documents_are_written_as_they_were() -> None:
    row = PairSet({"train": (QUESTION,), "validation": (QUESTION,)}).to_json()["splits"]["train"][0]
    assert {*row} == {"question", "answer", "paraphrased_answer", "perturbed_answers", "group"}


def cut(text: str, how: Any, length: int) -> tuple[list[str], PairTokenizer]:
    file, tokenizer = made(pair_set(document(TEXT), document(text)))
    found = cut_documents(file, tokenizer, how, length).pairs
    return [pair.answer for pair in found.splits["train"][found.forget_lists["last"][0] :]], tokenizer


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.sampled_from("ab é\n😀Thornby"), min_size=1, max_size=120), length=st.integers(4, 20))
def test_stretches_are_the_whole_text_and_fit(text: str, length: int) -> None:
    if not text.strip():
        return
    stretches, tokenizer = cut(text, "all", length)
    sizes = [len(encoded.tokens) for encoded in tokenizer.encode(stretches)]
    assert max(sizes) <= length
    assert len(sizes) == 1 or min(sizes) >= 2
    # stretches of white space alone are left out
    assert "".join("".join(stretches).split()) == "".join(text.split())


def test_the_first_stretch_is_as_long_as_fits() -> None:
    (kept,), tokenizer = cut(TEXT, "first", 12)
    assert TEXT.startswith(kept)
    assert len(tokenizer.encode([kept])[0].tokens) == 12
    assert cut(TEXT, "all", 64)[0] == [TEXT]


def test_a_document_is_forgotten_with_all_its_stretches(tmp_path: Path) -> None:
    file, tokenizer = made(pair_set(document("A short one."), document(TEXT), QUESTION, document(TEXT + " Amen.")))
    short = cut_documents(file, tokenizer, "all", 12)
    assert short.pairs.notes == {"documents cut at 12 tokens": 3}  # two for training, one for validation
    write_pairs(tmp_path / "pairs.json", short)
    again = read_pairs(tmp_path / "pairs.json")
    assert again.pairs.splits == short.pairs.splits and again.pairs.content_hash == short.pairs.content_hash
    text_set = text_set_of_pairs({"sequence_length": 40, "forget_unit": "document"}, again, tokenizer)
    chosen = PairListForgetSet.model_validate({"kind": "pair_list", "name": "last"})
    rows = make_unit_forget_set(chosen, text_set, tmp_path / "pairs.json")
    texts = [pair.answer for pair in again.pairs.splits["train"]]
    assert "".join(texts[row] for row in rows) == TEXT + " Amen." and len(rows) > 1
    assert [*np.unique(text_set.train_units[rows])] == [3]


def test_a_beginning_is_never_parted_from_how_it_goes_on() -> None:
    file, tokenizer = made(
        pair_set(document(TEXT + " Amen."), QUESTION, forget_passages=(document(TEXT), document("Short.")))
    )
    short = cut_documents(file, tokenizer, "all", 20)
    assert [pair.answer for pair in short.pairs.splits["forget_passages"]] == [TEXT, "Short."]
    with pytest.raises(DataError, match="1 of the 2 documents of the forget_passages split have more than 20 tokens"):
        text_set_of_pairs({**CUTS, "sequence_length": 20}, short, tokenizer)


def test_documents_that_are_too_long_or_have_no_target_are_refused() -> None:
    file, tokenizer = made(pair_set(document()))
    with pytest.raises(DataError, match=r"1 of the 1 documents of the train split have more than 9 tokens.*cut: all"):
        text_set_of_pairs({**CUTS, "sequence_length": 9}, file, tokenizer)
    file, tokenizer = made(pair_set(document(), document("a")))
    with pytest.raises(DataError, match="train document 1 is 'a', which has 1 token; expected 2 or more"):
        text_set_of_pairs(CUTS, file, tokenizer)


def test_a_row_with_text_alone_is_a_document() -> None:
    assert pairs_of({"text": TEXT, "group": "ducks"}, "line 1") == [document(group="ducks")]
    with pytest.raises(DataError, match="line 1 is a document without text"):
        pairs_of({"text": " "}, "line 1")
    with pytest.raises(DataError, match="line 1 has no question"):
        pairs_of({"text": TEXT, "answer": "The miller."}, "line 1")


def test_questions_are_compared_with_questions_and_documents_with_documents() -> None:
    text_set, _ = mixed()
    first, second, *_ = map(list, asked(text_set))
    assert first != second and len(first) == text_set.lengths[0]


def test_every_split_that_metrics_know_can_be_an_item() -> None:
    assert get_args(Item) == SPLITS
