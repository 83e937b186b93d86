"""Continuations: tokens of a plain loop after the right stretch, what is said of them, and rows that are refused."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pretrained_bases import base_of, pretrained
from rouge_score.rouge_scorer import RougeScorer
from text_models import CPU, observed, plain_text, task_of
from torch import nn
from torch.nn import functional

from unlearnkit.data.text.pair_tokenizer import read_pair_tokenizer
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import TrainingError
from unlearnkit.training.language.bleu import sentence_bleu
from unlearnkit.training.language.continuing import continued
from unlearnkit.training.language.stretches import (
    Stretch,
    distinct,
    entropy_bits,
    stretches,
    until_special,
)

VOCABULARY, LENGTH = 12, 30


@pytest.fixture(scope="module")
def documents() -> TextSet:
    random = np.random.RandomState(0)
    return plain_text([random.randint(1, VOCABULARY, size=size) for size in (30, 24, 27, 26)], VOCABULARY, LENGTH)


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A tokenizer whose tokens are words, the first of them special."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    words = {"[END]": 0, **{f"word{number}": number for number in range(1, VOCABULARY)}}
    made = Tokenizer(WordLevel(words, unk_token="[END]"))
    made.add_special_tokens(["[END]"])
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def one_by_one(model: nn.Module, prefix: np.ndarray, count: int) -> list[int]:
    """A plain loop over tokens, without batches."""
    tokens = prefix.tolist()
    for _ in range(count):
        with torch.inference_mode():
            tokens.append(int(model(torch.tensor([tokens]))[0, -1].argmax()))
    return tokens[len(prefix) :]


@pytest.mark.parametrize(("first", "begins"), [(None, (16, 10, 13, 12)), (0, (0, 0, 0, 0)), (3, (3, 3, 3, 3))])
def test_prefix_and_suffix_are_counted_from_a_token_or_from_the_end(
    documents: TextSet, first: int | None, begins: tuple[int, ...]
) -> None:
    prefixes, suffixes = stretches(documents, torch.arange(4), Stretch(8, 6, first))
    for row, (start, begin) in enumerate(zip(documents.starts, begins, strict=True)):
        own = documents.tokens[start + begin : start + begin + 14]
        assert [*prefixes[row], *suffixes[row]] == own.tolist()


def test_texts_lie_in_the_order_of_the_rows_and_are_compared_with_the_suffix(
    documents: TextSet, tmp_path: Path, tokenizer: Path
) -> None:
    task = task_of(documents)
    how = {"prefix": 8, "suffix": 6, "batch_size": 2}
    found = observed("continuations", task, tmp_path, [3, 0, 2], tokenizer=str(tokenizer), **how)
    prefixes, suffixes = stretches(documents, torch.tensor([3, 0, 2]), Stretch(8, 6))
    scorer, read = RougeScorer(["rouge1", "rougeL"], use_stemmer=True), read_pair_tokenizer(tokenizer)
    for model, row in itertools.product(range(2), range(3)):
        network = task.architecture.build(model).eval()
        tokens = until_special(np.array(one_by_one(network, prefixes[row], 6)), [0])
        text, suffix = read.decode(tokens.tolist()), " ".join(f"word{token}" for token in suffixes[row])
        own = {name: values[model, row] for name, values in found.values.items()}
        assert (own["text"], found.of_samples["suffix"][row], own["tokens"]) == (text, suffix, len(tokens))
        assert own["bleu"] == pytest.approx(sentence_bleu(text, suffix), abs=1e-6)
        rouge = scorer.score(suffix, text)
        assert own["rougeL_f1"] == pytest.approx(rouge["rougeL"].fmeasure, abs=1e-6)
        assert own["rougeL_recall"] == pytest.approx(rouge["rougeL"].recall, abs=1e-6)
        assert own["rouge1_recall"] == pytest.approx(rouge["rouge1"].recall, abs=1e-6)
        assert (own["distinct"], own["entropy"]) == pytest.approx((distinct(tokens), entropy_bits(tokens)))


def test_what_a_model_writes_after_the_end_of_a_text_does_not_count() -> None:
    assert until_special(np.array([4, 5, 0, 6, 7]), [0, 9]).tolist() == [4, 5]
    assert until_special(np.array([9, 5]), [0, 9]).tolist() == [] and until_special(np.array([4]), []).tolist() == [4]


def test_distinct_and_entropy_by_hand() -> None:
    assert distinct(np.array([3, 3, 4, 5])) == 0.75 and entropy_bits(np.array([3, 3, 4, 5])) == pytest.approx(1.5)
    assert entropy_bits(np.arange(50)) == pytest.approx(np.log2(50))
    assert (distinct(np.array([])), entropy_bits(np.array([])), entropy_bits(np.array([7, 7]))) == (0, 0, 0)


def drawn(vocabulary: int) -> nn.Module:
    """A model whose next token depends on the last two, by drawn logits."""
    table = torch.randn(vocabulary, vocabulary, vocabulary, generator=torch.Generator().manual_seed(0)) * 2

    class Table(nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return table[functional.pad(tokens, (1, 0))[:, :-1], tokens]

    return Table()


@pytest.mark.parametrize("beams", [1, 2, 27])
def test_beams_keep_the_likeliest_sequences(beams: int) -> None:
    model, prefixes = drawn(3), np.array([[0, 1], [2, 2]])

    def log_p(prefix: np.ndarray, tokens: tuple[int, ...]) -> float:
        scores = model(torch.tensor([[*prefix, *tokens]]))[0].log_softmax(-1)
        return float(sum(scores[len(prefix) - 1 + at, token] for at, token in enumerate(tokens)))

    def by_hand(prefix: np.ndarray) -> tuple[int, ...]:
        kept: list[tuple[int, ...]] = [()]
        for _ in range(4):
            longer = [(*own, token) for own in kept for token in range(3)]
            kept = sorted(longer, key=lambda own: -log_p(prefix, own))[:beams]
        return kept[0]

    found = continued(model, prefixes, 4, beams=beams, device=CPU)
    assert found.tolist() == [list(by_hand(prefix)) for prefix in prefixes]
    if beams == 27:  # as many as there are: the likeliest of all
        every = itertools.product(range(3), repeat=4)
        assert tuple(found[0]) == max(every, key=lambda own: log_p(prefixes[0], own))


def test_pretrained_models_continue_with_a_cache_as_a_plain_loop_does() -> None:
    pytest.importorskip("transformers")
    model = pretrained(base_of("llama")[0]).build(seed=0).eval()
    prefixes = np.arange(10).reshape(2, 5) + 3
    found = continued(model, prefixes, 7, beams=1, device=CPU)
    assert found.tolist() == [one_by_one(model, prefix, 7) for prefix in prefixes]


def test_documents_that_are_too_short_are_named_before_anything_is_computed(
    documents: TextSet, tmp_path: Path, tokenizer: Path
) -> None:
    with pytest.raises(TrainingError) as told:
        observed("continuations", task_of(documents), tmp_path, tokenizer=str(tokenizer), prefix=17, suffix=10)
    assert str(told.value) == (
        "2 of the 4 documents that models are to continue have fewer than 27 tokens: train 1 (24), validation 0 (26); "
        "expected a prefix of 17 and a suffix of 10 tokens. Shorten observations.continuations.prefix or "
        "suffix, leave these documents out, or set observations.continuations.items to splits whose documents are long "
        "enough."
    )


def test_questions_are_refused(documents: TextSet, tmp_path: Path, tokenizer: Path) -> None:
    asked = replace(documents, prompts=np.array([0, 0, 5, 0], np.int32))
    with pytest.raises(
        TrainingError, match="but 1 of the 4 rows have a prompt, such as train 2; expected rows of plain"
    ):
        observed("continuations", task_of(asked), tmp_path, tokenizer=str(tokenizer), prefix=8, suffix=6)
