"""Stochastic depth: its rate, its mean, and draws that come from the layer's state alone."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from unlearnkit.models.stochastic_depth import StochasticDepth

SAMPLES = 20_000


def layer(seed: int, rate: float = 0.3) -> StochasticDepth:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return StochasticDepth(rate)


def kept(depth: StochasticDepth, samples: int = SAMPLES) -> torch.Tensor:
    """Return which samples of a batch the layer keeps in one call, as 0 and 1."""
    return (depth(torch.ones(samples, 1))[:, 0] > 0).float()


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
def test_the_rate_is_the_share_of_samples_without_the_branch(rate: float) -> None:
    share = 1 - kept(layer(0, rate)).mean().item()
    assert abs(share - rate) < 4 * math.sqrt(rate * (1 - rate) / SAMPLES)


def test_a_sample_is_kept_or_left_out_as_a_whole_and_kept_ones_are_scaled() -> None:
    result = layer(0)(torch.ones(50, 4, 3, 3))
    assert {round(value, 5) for value in result.unique().tolist()} == {0.0, round(1 / 0.7, 5)}
    assert (result.flatten(1).std(dim=1) == 0).all()


def test_nothing_happens_in_eval_mode() -> None:
    depth = layer(0).eval()
    before, branch = depth.draws.clone(), torch.randn(5, 2)
    assert depth(branch) is branch
    assert torch.equal(depth.draws, before)


def test_draws_of_calls_layers_and_neighbours_are_unrelated() -> None:
    depth, other = layer(0, 0.5), layer(1, 0.5)
    first, second, elsewhere = kept(depth), kept(depth), kept(other)
    later = first.roll(1)
    for pair in [(first, second), (first, elsewhere), (second, elsewhere), (first, later)]:
        assert abs(torch.corrcoef(torch.stack(pair))[0, 1].item()) < 4 / math.sqrt(SAMPLES)


def test_one_sample_is_drawn_anew_in_every_call() -> None:
    depth = layer(0, 0.5)
    calls = torch.stack([kept(depth, 2) for _ in range(2_000)])
    assert abs(calls.mean().item() - 0.5) < 4 * 0.5 / math.sqrt(calls.numel())
    assert abs(torch.corrcoef(calls.T)[0, 1].item()) < 4 / math.sqrt(len(calls))


def test_draws_come_from_the_state_alone() -> None:
    depth = layer(0)
    kept(depth)
    before, twin = torch.get_rng_state(), copy.deepcopy(depth)
    restored = layer(5)
    restored.load_state_dict(depth.state_dict())
    expected = kept(depth)
    assert torch.equal(kept(twin), expected)
    assert torch.equal(kept(restored), expected)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(kept(layer(5)), kept(layer(6)))


def test_a_smaller_batch_gets_the_first_draws() -> None:
    assert torch.equal(kept(layer(0), 10), kept(layer(0), 100)[:10])
