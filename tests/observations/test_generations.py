"""Generations: the likeliest token at every step, whatever shares a batch, in the order of the pairs, until the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_pairs import END, made_pairs
from pretrained_bases import LENGTH, base_of, pretrained
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer
from text_models import CPU, observed, task_of
from torch import Tensor, nn

from unlearnkit.artifacts.observations import read_observation, write_observation
from unlearnkit.errors import ArtifactError, TrainingError
from unlearnkit.training.language.generating import greedy
from unlearnkit.training.language.rouge import rouge_of
from unlearnkit.training.language.words import Words
from unlearnkit.training.language.written import before_stops, entropy

VOCABULARY = 40
NEVER = 96
"""A token of the bases that none of the answers here has."""


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A tokenizer whose tokens are words, two of them special."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    words = ["[PAD]", "[END]", *(f"word{number}" for number in range(2, VOCABULARY))]
    made = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[PAD]"))
    made.add_special_tokens(words[:2])
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def one_by_one(model: nn.Module, prompt: np.ndarray, most: int, length: int, end: int = END) -> tuple[list[int], bool]:
    """A plain loop over tokens, without batches or padding."""
    tokens = [int(token) for token in prompt]
    while len(tokens) < min(len(prompt) + most, length):
        with torch.inference_mode():
            token = int(model(torch.tensor([tokens]))[0, -1].argmax())
        if token == end:
            return tokens[len(prompt) :], True
        tokens.append(token)
    return tokens[len(prompt) :], False


def trained(task: Any, seed: int) -> nn.Module:
    """A model that ends some answers: the head prefers the end token a little."""
    model = task.architecture.build(seed).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


PROMPTS = [np.array(prompt, np.uint16) for prompt in ([5, 6], [7, 8, 9, 10, 11], [2], [END, 3, END], [4] * 9, [30, 31])]


@pytest.mark.parametrize("batch", [1, 2, 6])
def test_they_are_those_of_a_plain_loop_in_any_batch(batch: int) -> None:
    # a prompt may contain the token that ends answers, as turns of a conversation do
    task = task_of(made_pairs(3, 2))
    model = trained(task, 1)
    expected = [one_by_one(model, prompt, 6, 11) for prompt in PROMPTS]
    found = []
    for first in range(0, len(PROMPTS), batch):
        found += greedy(model, PROMPTS[first : first + batch], end=END, most=6, length=11, device=CPU)
    assert [(answer.tolist(), ended) for answer, ended in found] == expected
    assert len(expected[4][0]) == 2 or expected[4][1]  # cut off by the context


class Counting(nn.Module):
    """A model that answers n with n + 1, and 9 with the end."""

    def forward(self, tokens: Tensor) -> Tensor:
        following = torch.where(tokens == 9, END, tokens + 1)
        return nn.functional.one_hot(following, VOCABULARY).float()


def test_an_answer_stops_at_its_end_or_is_cut_off() -> None:
    prompts = [np.array([9]), np.array([7]), np.array([3]), np.array([3, 8])]
    found = greedy(Counting(), prompts, end=END, most=4, length=100, device=CPU)
    assert [(answer.tolist(), ended) for answer, ended in found] == [
        ([], True),
        ([8, 9], True),
        ([4, 5, 6, 7], False),
        ([9], True),
    ]


def test_transformers_with_a_cache_and_padding_on_the_left_answers_the_same() -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.LlamaConfig(vocab_size=48, max_position_embeddings=64, initializer_range=0.5, **sizes)

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.vocabulary = transformers.LlamaForCausalLM(config), VOCABULARY

        def forward(self, tokens: Tensor) -> Tensor:
            return self.network(input_ids=tokens, use_cache=False).logits[..., : self.vocabulary]

    model = Wrapped().eval()
    # what a published configuration may ask for must not matter
    model.network.generation_config.update(do_sample=True, repetition_penalty=5.0, temperature=0.1)
    found = greedy(model, PROMPTS, end=END, most=12, length=11, device=CPU)
    expected = [one_by_one(model, prompt, 12, 1000) for prompt in PROMPTS]
    assert [(answer.tolist(), ended) for answer, ended in found] == expected
    assert all((answer < VOCABULARY).all() for answer, _ in found)


@pytest.mark.parametrize("family", ["gpt2", "opt", "llama"])
def test_pretrained_models_answer_as_far_as_their_positions_and_no_prompt_shortens_another(family: str) -> None:
    pytest.importorskip("transformers")
    model = pretrained(base_of(family)[0]).build(seed=0).eval()
    prompts = [np.full(size, 5 + size % 7) for size in (3, 50, 64, 60)]  # of 64 positions
    found = greedy(model, prompts, end=NEVER, most=12, length=LENGTH, device=CPU)
    assert [(len(answer), ended) for answer, ended in found] == [(12, False), (12, False), (0, False), (4, False)]
    expected = [one_by_one(model, prompt, 12, 64, NEVER)[0] for prompt in prompts]
    assert [answer.tolist() for answer, _ in found] == expected


def test_texts_lie_in_the_order_of_the_pairs_and_are_compared_with_the_answer(tmp_path: Path, tokenizer: Path) -> None:
    pairs = made_pairs(4, 2)
    task = task_of(pairs)
    found = observed("generations", task, tmp_path, tokenizer=str(tokenizer), batch_size=4, most_tokens=5)
    scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=True)
    for row in range(6):
        start, prompt, length = pairs.starts[row], pairs.prompts[row], pairs.lengths[row]
        own = pairs.tokens[start : start + length]
        assert found.of_samples["prompt"][row] == " ".join(f"word{token}" for token in own[:prompt])
        answer = " ".join(f"word{token}" for token in own[prompt:-1])
        assert found.of_samples["answer"][row] == answer
        for model in range(2):
            network = task.architecture.build(model).eval()
            written, ended = one_by_one(network, own[:prompt], 5, pairs.length)
            text = found.values["text"][model, row]
            assert text == " ".join(f"word{token}" for token in written if token > 1)
            assert found.values["ended"][model, row] == ended and found.values["tokens"][model, row] == len(written)
            rouge = scorer.score(answer, text)
            assert found.values["rougeL_recall"][model, row] == pytest.approx(rouge["rougeL"].recall)
            assert found.values["rouge1_recall"][model, row] == pytest.approx(rouge["rouge1"].recall)
    write_observation(tmp_path / "0000-0001.generations.parquet", {1: found}, {})
    (read,) = read_observation([tmp_path / "0000-0001.generations.parquet"], "generations").values()
    np.testing.assert_array_equal(read.values["text"], found.values["text"])
    some = observed("generations", task, tmp_path, [1, 4], tokenizer=str(tokenizer), batch_size=1, most_tokens=5)
    assert some.values["text"].tolist() == found.values["text"][:, [1, 4]].tolist()


def test_an_answer_that_contains_its_question_is_compared_whole(tmp_path: Path, tokenizer: Path) -> None:
    pairs = made_pairs(4, 2)
    tokens = pairs.tokens.copy()
    for start, prompt, length in zip(pairs.starts, pairs.prompts, pairs.lengths, strict=True):
        tokens[start + prompt : start + length - 1] = np.resize(tokens[start : start + prompt], length - prompt - 1)
    task = task_of(replace(pairs, tokens=tokens))
    found = observed("generations", task, tmp_path, tokenizer=str(tokenizer), batch_size=4, most_tokens=5)
    for row, answer in enumerate(found.of_samples["answer"]):
        question = found.of_samples["prompt"][row]
        count = pairs.lengths[row] - pairs.prompts[row] - 1
        assert answer.split() == np.resize(question.split(), count).tolist()
        assert rouge_of([answer], [f"{question} {answer}"], stemmer=True)[1] == [1]


def test_words_of_the_question_stay_in_the_answer_and_stems_count_where_that_is_said() -> None:
    references, texts = ["Jaime was born in Lisbon"] * 2, ["Where was Jaime born? Jaime was born in Lisbon", "lived"]
    recall = rouge_of(references, texts, stemmer=True)
    assert recall[1].tolist() == [1, 0] and recall[2][0] == pytest.approx(2 * 5 / 9 / (1 + 5 / 9))
    stems = [rouge_of(["he writes books"], ["he writing book"], stemmer=own)[1][0] for own in (True, False)]
    assert stems == pytest.approx([1, 1 / 3])
    assert rouge_of(["an answer"], [""], stemmer=True).tolist() == [[0], [0], [0]]


ENGLISH = "Writers' books, re-written 3rd: running_late relational 1990s. "


@given(st.text(st.characters(max_codepoint=127)) | st.lists(st.sampled_from(ENGLISH.split(" "))).map(" ".join))
def test_words_of_ascii_are_those_of_rouge_score(text: str) -> None:
    for stemmer in (True, False):
        assert Words(stemmer).tokenize(text) == DefaultTokenizer(use_stemmer=stemmer).tokenize(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café Nuñez's ÉCOLES", ["café", "nuñez", "s", "écoles"]),
        ("Cafe\u0301s", ["cafés"]),
        ("“Books” — naïve…", ["book", "naïve"]),
        ("她生于里斯本，1990年。", [*"她生于里斯本", "1990", *"年"]),
        ("ひらがな・カタカナ", [*"ひらがなカタカナ"]),
        ("서울에서 태어났다", ["서울에서", "태어났다"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("Он писал книги", ["он", "писал", "книги"]),
        ("?! ❤\ufe0f 🙂 __", []),
    ],
)
def test_words_of_other_scripts_are_whole_and_those_of_chinese_and_japanese_single(text: str, words: list[str]) -> None:
    assert Words(stemmer=True).tokenize(text) == words


@pytest.mark.parametrize("text", ["她生于里斯本", "Он родился в Лиссабоне"])
def test_a_text_is_wholly_in_itself_whatever_its_language(text: str) -> None:
    assert rouge_of([text] * 2, [text, "none"], stemmer=True).T.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_an_answer_without_words_has_no_value() -> None:
    assert np.isnan(rouge_of(["?!", "…"], ["?!", "an answer"], stemmer=True)).all()


def test_entropy_of_what_is_written() -> None:
    assert [entropy(np.array(own)) for own in ([], [3], [3, 3, 3])] == [0, 0, 0]
    assert entropy(np.arange(7)) == pytest.approx(1)
    assert entropy(np.array([1, 1, 2, 2])) == pytest.approx(0.5)


def test_what_cannot_be_answered_is_refused(tmp_path: Path, tokenizer: Path) -> None:
    pairs = made_pairs(3, 2)
    with pytest.raises(TrainingError) as refused:
        plain = task_of(replace(pairs, prompts=np.zeros(5, np.int32), others=None))
        observed("generations", plain, tmp_path, tokenizer=str(tokenizer))
    assert str(refused.value) == (
        "generations answer prompts, but the data set is plain text; expected question-answer pairs. Remove the "
        "observation generations and what reads it, or choose a data set of pairs."
    )
    with pytest.raises(TrainingError, match="the data come as tokens"):
        observed("generations", task_of(pairs), tmp_path)
    tokenizer.write_text("{")
    with pytest.raises(ArtifactError, match="is not a readable tokenizer"):
        observed("generations", task_of(pairs), tmp_path, tokenizer=str(tokenizer))


def test_an_answer_ends_before_the_first_stop() -> None:
    stops = ("\n\n", "\nQuestion", "Question:")
    assert before_stops(" Yes.\nQuestion: Who?\n\nAnswer", stops) == " Yes."
    assert before_stops(" It contains\n\nQuestion:", stops) == " It contains"
    assert before_stops("Question: first", stops) == ""
    assert before_stops(" none", stops) == before_stops(" none", ()) == " none"
