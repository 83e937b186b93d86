"""Extraction likelihood equals the naive form, which decodes from every prefix, whatever part of a text is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from text_models import CPU, observed, plain_text, task_of
from torch.nn import functional

from unlearnkit.data.text.text_set import TextSet
from unlearnkit.training.language.extraction import extraction_likelihood, extraction_likelihoods
from unlearnkit.training.language.generating import greedy

VOCABULARY, LENGTH = 7, 18


def text_of(sequences: list[np.ndarray]) -> TextSet:
    return plain_text(sequences, VOCABULARY, LENGTH)


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    """A model with weights large enough that its first choice depends on what comes before."""
    model = task_of(text_of([np.arange(2), np.arange(2)])).architecture.build(0).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


@pytest.fixture(scope="module")
def partly_known(model: torch.nn.Module) -> TextSet:
    """Sequences that the model writes itself, but for none, one, or some of the tokens, and a short one."""
    random = np.random.RandomState(0)
    sequences = []
    for changed in ((), (9,), (5, 6, 14), tuple(range(2, LENGTH))):
        own = random.randint(VOCABULARY, size=2)
        while len(own) < LENGTH:
            ((written, _),) = greedy(model, [own], end=-1, most=1, length=LENGTH, device=CPU)
            shift = 1 + random.randint(VOCABULARY - 1) if len(own) in changed else 0
            own = np.append(own, (written[0] + shift) % VOCABULARY)
        sequences.append(own)
    return text_of([*sequences, random.randint(VOCABULARY, size=4)])


def naive(model: torch.nn.Module, sequence: np.ndarray, n: int, first: int) -> float:
    """Decode from every prefix, token by token, and count n-grams in a double loop."""
    shares = []
    for prefix in range(first, len(sequence) - n + 1):
        written = list(sequence[:prefix])
        while len(written) < len(sequence):
            with torch.inference_mode():
                written.append(int(model(torch.tensor([written]))[0, -1].argmax()))
        true = [tuple(sequence[at : at + n]) for at in range(prefix, len(sequence) - n + 1)]
        own = [tuple(written[at : at + n]) for at in range(prefix, len(written) - n + 1)]
        shares.append(sum(gram in true for gram in own) / len(true))
    return float(np.mean(shares)) if shares else float("nan")


@pytest.mark.parametrize(("n", "first"), [(1, 1), (2, 1), (3, 6), (3, 12)])
def test_it_equals_decoding_from_every_prefix(
    model: torch.nn.Module, partly_known: TextSet, n: int, first: int
) -> None:
    tokens, rows = task_of(partly_known).source, torch.arange(5)
    found = extraction_likelihoods(model, tokens, rows, n=n, first_prefix=first, batch_size=3)
    for row, start in enumerate(partly_known.starts):
        sequence = partly_known.tokens[start : start + partly_known.lengths[row]].astype(int)
        assert found[row] == pytest.approx(naive(model, sequence, n, first), rel=1e-6, nan_ok=True)
    assert found[0] == 1, "the model writes the whole sequence itself"
    assert ((found > 0) & (found < 1)).any()
    assert np.isnan(found[4]) == (first + n > 4)


def test_it_is_observed_of_every_model_on_every_sequence(partly_known: TextSet, tmp_path: Path) -> None:
    found = observed("extraction", task_of(partly_known), tmp_path, n=2).values["likelihood"]
    assert found.shape == (2, 5) and ((found >= 0) & (found <= 1)).all()


def test_what_follows_the_end_of_an_answer_does_not_count() -> None:
    """A model that ends at once and recites the answer afterwards knows nothing that anybody would read."""
    pairs = dataclasses.replace(text_of([np.arange(7), np.arange(2)]), prompts=np.array([2, 0], np.int32))
    tokens = task_of(pairs).source

    def reciting(inputs: torch.Tensor) -> torch.Tensor:
        """Ends (6) after every token but 6, after which it goes on from 2."""
        return functional.one_hot(torch.where(inputs == 6, 2, 6), VOCABULARY).float()

    how = {"n": 1, "first_prefix": 1, "batch_size": 4}
    ended = extraction_likelihoods(reciting, tokens, torch.arange(1), **how)  # pyright: ignore[reportArgumentType]
    # from each prefix it writes 6 alone, which is one of the 5, 4, ... 1 tokens that follow
    assert ended[0] == pytest.approx(np.mean([1 / 5, 1 / 4, 1 / 3, 1 / 2, 1]))


def test_by_hand() -> None:
    sequence, choices = np.array([1, 2, 3, 4, 5]), np.array([2, 9, 4, 5])
    written = {2: np.array([9, 4, 5])}
    # from 1: 2 9 4 5, of the pairs 23 34 45 it has 45; from 1 2: 9 4 5, of 34 45 it has 45; from 1 2 3: 4 5
    assert extraction_likelihood(sequence, choices, written, n=2, first=1) == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)


def test_repeated_n_grams_count_with_their_multiplicity() -> None:
    sequence, choices = np.array([1, 2, 3, 4]), np.array([7, 3, 4])
    assert extraction_likelihood(sequence, choices, {1: np.array([2, 2, 2])}, n=1, first=1) == pytest.approx(1)
