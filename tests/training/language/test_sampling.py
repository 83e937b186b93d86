"""Answers that are drawn: by the softmax at a temperature, from a generator of their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pretrained_bases import base_of, pretrained
from scipy.stats import chisquare
from torch import Tensor, nn

from unlearnkit.training.language.generating import greedy
from unlearnkit.training.language.sampling import sampled

CPU = torch.device("cpu")
LOGITS = torch.tensor([1.0, 0.0, -1.0, 2.0, float("-inf")])


class Fixed(nn.Module):
    """A model whose logits are the same at every position."""

    def forward(self, tokens: Tensor) -> Tensor:
        return LOGITS.expand(*tokens.shape, -1)


def drawn(model: nn.Module, count: int, seed: int = 0, temperature: float = 1.0, most: int = 8) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    how = {"end": 96, "most": most, "length": 40, "device": CPU}
    answers = sampled(model, np.array([2, 3, 4]), count, temperature=temperature, generator=generator, **how)
    return [tokens.tolist() for tokens, _ in answers]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_by_the_softmax_at_a_temperature(temperature: float) -> None:
    tokens = np.concatenate(drawn(Fixed(), 400, temperature=temperature))
    expected = torch.softmax(LOGITS[:4] / temperature, 0).double().numpy()
    counts = np.bincount(tokens, minlength=5)
    assert counts[4] == 0
    assert chisquare(counts[:4], expected / expected.sum() * len(tokens)).pvalue > 1e-3


def test_draws_repeat_with_the_seed_and_leave_the_global_generators_alone() -> None:
    # transformers' own sampling draws from the global generator
    model = pretrained(base_of()[0]).build(0).eval()
    before = torch.get_rng_state()
    first = drawn(model, 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert drawn(model, 3) == first != drawn(model, 3, seed=1)
    assert len({tuple(own) for own in first}) == 3


def test_the_colder_the_nearer_to_the_likeliest_answer() -> None:
    model = pretrained(base_of()[0]).build(0).eval()
    ((likeliest, _),) = greedy(model, [np.array([2, 3, 4])], end=96, most=8, length=40, device=CPU)
    assert drawn(model, 2, temperature=1e-6) == [likeliest.tolist()] * 2
