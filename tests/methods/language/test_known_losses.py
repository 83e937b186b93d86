"""What is known exactly of forget and answer losses: their values at the start, their minima, their limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from token_tables import MODEL, ORIGINAL, V, answered, batch_of, context_of, gradient, targets_of
from torch import Tensor

from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.methods.language.answer_terms import replaced_preferred, true_preferred
from unlearnkit.methods.language.ceu import counterfactual, without_first
from unlearnkit.methods.language.sim_npo import lengthwise_preference
from unlearnkit.methods.language.token_steps import TokenBatch
from unlearnkit.methods.language.token_terms import ascent, weighted_ascent
from unlearnkit.training.language.forget_losses import (
    counterfactual_sum,
    from_uniform_sum,
    lost_entropy_sum,
    peak_sum,
    weighted_sum,
)
from unlearnkit.training.language.sequence_losses import hidden_distances, own_tokens


def test_weighted_ascent_with_exponents_of_zero_is_ascent() -> None:
    torch.testing.assert_close(weighted_ascent(0.0)(MODEL, batch_of()), ascent(MODEL, batch_of()))
    torch.testing.assert_close(gradient(weighted_ascent(0.0), batch_of()), gradient(ascent, batch_of()))


def certain(p_rest: float) -> tuple[Tensor, Tensor]:
    """Return logits [1, 1, V] and label of a target of probability 1 - p_rest up to rounding."""
    z = torch.arange(V, dtype=torch.float32) / V
    z[0] = z[1:].logsumexp(0) - math.log(p_rest)
    return z[None, None].requires_grad_(), torch.zeros((1, 1), dtype=torch.int64)


@pytest.mark.parametrize("p_rest", [0.5, 1e-3, 1e-9, 1e-30])
def test_the_gradient_of_ceu_is_known_also_where_p_rounds_to_one(p_rest: float) -> None:
    logits, labels = certain(p_rest)
    (slope,) = torch.autograd.grad(counterfactual_sum(logits, labels), logits)
    p = logits.detach().double().softmax(-1)[0, 0]
    others = logits.detach().double()[0, 0, 1:].softmax(0)
    assert slope[0, 0, 0].item() == pytest.approx(p[0].item(), rel=1e-6)
    np.testing.assert_allclose(slope[0, 0, 1:], (p[1:] - others).numpy(), rtol=1e-5)
    assert counterfactual_sum(logits, labels).isfinite()


@pytest.mark.parametrize("p_rest", [1e-3, 1e-9, 1e-30])
def test_the_weight_of_a_certain_target_keeps_its_digits(p_rest: float) -> None:
    logits, labels = certain(p_rest)
    loss = weighted_sum(logits, labels, 0.0, 1.0).item()
    assert loss == pytest.approx(p_rest * -math.log1p(-p_rest), rel=1e-2, abs=1e-12)


@pytest.mark.parametrize("loss", [from_uniform_sum, lost_entropy_sum, peak_sum])
def test_flat_logits_are_the_minimum(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    flat = torch.full((1, 1, V), 0.7, requires_grad=True)
    labels = torch.zeros((1, 1), dtype=torch.int64)
    assert loss(flat, labels).item() == pytest.approx(0, abs=1e-6)
    (slope,) = torch.autograd.grad(loss(flat, labels), flat)
    assert slope.abs().max() < 1e-6
    for seed in range(20):
        z = torch.randn(1, 1, V, generator=torch.Generator().manual_seed(seed))
        assert loss(z, labels) > 1e-3


def test_the_divergence_from_uniform_grows_without_bound_and_lost_entropy_does_not() -> None:
    logits, labels = certain(1e-30)
    assert from_uniform_sum(logits, labels) > 50
    assert lost_entropy_sum(logits, labels).item() == pytest.approx(math.log(V), abs=1e-4)


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_dpo_starts_at_two_over_beta_times_log_two(beta: float) -> None:
    start = replaced_preferred(context_of(MODEL), beta)(MODEL, answered()).item()
    assert start == pytest.approx(2 / beta * math.log(2), rel=1e-6)


def test_simnpo_is_two_over_beta_times_log_two_where_the_mean_loss_is_delta() -> None:
    one = TokenBatch.whole(batch_of().inputs[:1], batch_of().labels[:1])
    mean = -ascent(MODEL, one).item()
    assert lengthwise_preference(4.5, mean)(MODEL, one).item() == pytest.approx(2 / 4.5 * math.log(2), rel=1e-5)


def test_simnpo_counts_a_sequence_without_targets_as_nothing() -> None:
    batch, bare = batch_of(), batch_of().labels.clone()
    bare[1] = IGNORE
    loss, parts = lengthwise_preference(4.5, 0.0), []
    for row in (0, 2, 3):
        parts.append(loss(MODEL, replace(batch, inputs=batch.inputs[[row]], labels=bare[[row]])))
    found = loss(MODEL, TokenBatch.whole(batch.inputs, bare))
    torch.testing.assert_close(found, torch.stack(parts).sum())


def test_answer_preservation_falls_where_the_true_answer_becomes_likelier() -> None:
    batch, loss = answered(), true_preferred(context_of(ORIGINAL), 0.1)
    assert batch.paired is not None
    true, refusals = -gradient(ascent, batch.paired), -gradient(ascent, batch)
    slope = gradient(loss, batch)
    assert (slope * -true).sum() < 0 < (slope * -refusals).sum()


def test_the_first_targets_of_every_sequence_are_skipped() -> None:
    labels = torch.tensor([[IGNORE, IGNORE, 4, 5, 6, IGNORE], [7, 8, IGNORE, IGNORE, IGNORE, IGNORE]])
    kept = torch.full_like(labels, IGNORE)
    kept[0, 3:5], kept[1, 1] = labels[0, 3:5], 8
    assert torch.equal(without_first(labels, 1), kept)
    assert torch.equal(without_first(labels, 0), labels)
    assert (without_first(labels, 3) == IGNORE).all()
    nothing = TokenBatch.whole(labels.clamp(min=0), without_first(labels, 3))
    assert counterfactual(MODEL, nothing).item() == 0


# hidden states


def test_sequences_of_unlike_lengths_are_divided_by_their_own() -> None:
    # squared distances of 2 and of 10 times 3: 2 / 1 and 30 / 10; dividing a row by a column gives 8.8
    hidden, labels = torch.full((2, 12, 4), 50.0), torch.full((2, 12), IGNORE)
    labels[0, 4], labels[1, 1:11] = 1, 1
    hidden[0, 5], hidden[1, 2:12] = math.sqrt(2), math.sqrt(3)
    away = hidden_distances(hidden, torch.zeros(4), labels)
    torch.testing.assert_close(away, torch.tensor([2.0, 3.0]))
    assert away.mean().item() == pytest.approx(2.5)


def test_hidden_states_are_those_of_the_targets_themselves() -> None:
    labels = torch.tensor([[IGNORE, IGNORE, 4, 5, IGNORE, IGNORE]])
    # tokens 3 and 4 are targets of the positions before them
    assert own_tokens(labels).tolist() == [[False, False, False, True, True, False]]


def test_the_gradient_of_a_hidden_distance() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(4, batch_of().inputs.shape[1], 3, generator=generator, requires_grad=True)
    goal = torch.randn(3, generator=generator, requires_grad=True)
    found = torch.autograd.grad(
        hidden_distances(hidden, goal, batch_of().labels).sum(), (hidden, goal), allow_unused=True
    )
    slow = np.zeros(tuple(hidden.shape))
    for row, targets in enumerate(targets_of(batch_of())):
        own = [t + 1 for t, _, _ in targets if t + 1 < slow.shape[1]]
        for t in own:
            slow[row, t] = 2 * (hidden[row, t] - goal).detach().numpy() / 3 / len(own)
    np.testing.assert_allclose(found[0], slow, rtol=1e-5, atol=1e-8)
    assert found[1] is None
