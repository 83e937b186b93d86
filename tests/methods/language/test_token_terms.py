"""Losses of methods for language models against slow ones, token by token in float64; what they do not depend on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from token_tables import MODEL, ORIGINAL, Table, batch_of, gradient, log_p, targets_of

from unlearnkit.methods.language.token_scrub import Settings as ScrubSettings
from unlearnkit.methods.language.token_scrub import stay
from unlearnkit.methods.language.token_steps import Loss, TokenBatch
from unlearnkit.methods.language.token_terms import ascent, divergence, nll, preference


def slow_nll(batch: TokenBatch) -> float:
    losses = [-log_p(MODEL, t, x)[y] for row in targets_of(batch) for t, x, y in row]
    return sum(losses) / len(losses)


def slow_kl(batch: TokenBatch, temperature: float = 1.0) -> float:
    found = []
    for t, x, _ in (target for row in targets_of(batch) for target in row):
        own, other = log_p(MODEL, t, x, temperature), log_p(ORIGINAL, t, x, temperature)
        found.append(sum(math.exp(q) * (q - p) for p, q in zip(own, other, strict=True)))
    return temperature**2 * sum(found) / len(found)


def slow_npo(batch: TokenBatch, beta: float) -> float:
    found = []
    for row in targets_of(batch):
        ratio = math.exp(sum(log_p(MODEL, t, x)[y] - log_p(ORIGINAL, t, x)[y] for t, x, y in row))
        found.append(2 / beta * math.log(1 + ratio**beta))
    return sum(found) / len(found)


SCRUB = ScrubSettings.model_validate({"gamma": 0.7, "alpha": 0.3, "temperature": 2.0})
CASES: dict[str, tuple[Loss, Callable[[TokenBatch], float]]] = {
    "nll": (nll, slow_nll),
    "ascent": (ascent, lambda batch: -slow_nll(batch)),
    "kl": (divergence(ORIGINAL), slow_kl),
    "kl at 2": (divergence(ORIGINAL, 2.0), lambda batch: slow_kl(batch, 2.0)),
    "npo 0.1": (preference(ORIGINAL, 0.1), lambda batch: slow_npo(batch, 0.1)),
    "npo 0.9": (preference(ORIGINAL, 0.9), lambda batch: slow_npo(batch, 0.9)),
    "scrub": (stay(ORIGINAL, SCRUB), lambda batch: 0.7 * slow_nll(batch) + 0.3 * slow_kl(batch, 2.0)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Any:
    return CASES[request.param]


@pytest.mark.parametrize("seed", range(3))
def test_a_loss_is_that_of_a_slow_computation_token_by_token(case: Any, seed: int) -> None:
    loss, slow = case
    assert loss(MODEL, batch_of(seed)).item() == pytest.approx(slow(batch_of(seed)), rel=2e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_gradient_is_the_slope_of_the_slow_computation(case: Any, seed: int) -> None:
    loss, slow = case
    batch, step = batch_of(seed), 1e-3
    direction = torch.randn(MODEL.logits.shape, generator=torch.Generator().manual_seed(seed))
    kept, sides = MODEL.logits.data.clone(), []
    for sign in (1, -1):
        MODEL.logits.data = kept + sign * step * direction
        sides.append(slow(batch))
    MODEL.logits.data = kept
    assert (gradient(loss, batch) * direction).sum().item() == pytest.approx(
        (sides[0] - sides[1]) / (2 * step), rel=1e-2, abs=1e-4
    )


def test_padding_changes_neither_loss_nor_gradient(case: Any) -> None:
    loss, _ = case
    plain, padded = batch_of(), batch_of(padding=17)
    assert padded.inputs.shape[1] == plain.inputs.shape[1] + 17
    torch.testing.assert_close(loss(MODEL, padded), loss(MODEL, plain), rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient(loss, padded), gradient(loss, plain), rtol=1e-5, atol=1e-8)


def test_the_gradient_is_zero_where_there_is_no_target(case: Any) -> None:
    loss, _ = case
    found = gradient(loss, batch_of(padding=17)).abs().sum(-1)
    touched = torch.zeros_like(found, dtype=torch.bool)
    for t, x, _ in (target for row in targets_of(batch_of()) for target in row):
        touched[t, x] = True
    assert (found[touched] > 0).all()
    assert (found[~touched] == 0).all()


def test_the_losses_of_the_parts_of_a_batch_add_up(case: Any) -> None:
    loss, _ = case
    whole = batch_of()
    for sizes in ((1, 1, 1, 1), (3, 1), (2, 2)):
        pieces = zip(whole.inputs.split(sizes), whole.labels.split(sizes), strict=True)
        parts = [replace(whole, inputs=inputs, labels=labels) for inputs, labels in pieces]
        total = torch.stack([loss(MODEL, part) for part in parts]).sum()
        torch.testing.assert_close(total, loss(MODEL, whole), rtol=1e-6, atol=0)
        torch.testing.assert_close(gradient(loss, *parts), gradient(loss, whole), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0, 4.5])
def test_npo_starts_at_two_over_beta_times_log_two(beta: float) -> None:
    assert preference(MODEL, beta)(MODEL, batch_of()).item() == pytest.approx(2 / beta * math.log(2), rel=1e-6)


def test_npo_starts_with_the_gradient_of_ascent() -> None:
    # per sequence: 2 sigmoid(-beta (S - S_original)), 1 where both are equal
    batch = batch_of()
    sums = gradient(ascent, batch) * batch.targets / batch.sequences
    torch.testing.assert_close(gradient(preference(MODEL, 0.7), batch), sums, rtol=1e-4, atol=1e-7)


def test_npo_is_ascent_on_sums_for_beta_to_zero() -> None:
    batch = batch_of()
    sums = gradient(ascent, batch) * batch.targets / batch.sequences
    errors = [
        float((gradient(preference(ORIGINAL, beta), batch) - sums).norm() / sums.norm())
        for beta in (1, 0.1, 0.01, 1e-4)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.1
    assert errors[-1] < 1e-3


def test_npo_weighs_a_sequence_by_how_far_it_is_forgotten() -> None:
    one = TokenBatch.whole(batch_of().inputs[2:3], batch_of().labels[2:3])
    beta = 0.4
    forgotten = float(-sum(log_p(MODEL, t, x)[y] - log_p(ORIGINAL, t, x)[y] for t, x, y in targets_of(one)[0]))
    weight = 2 / (1 + math.exp(beta * forgotten))
    expected = gradient(ascent, one) * one.targets * weight
    torch.testing.assert_close(gradient(preference(ORIGINAL, beta), one), expected, rtol=1e-4, atol=1e-7)


def test_a_divergence_is_zero_at_its_reference_and_positive_elsewhere() -> None:
    assert divergence(MODEL)(MODEL, batch_of()).item() == pytest.approx(0, abs=1e-6)
    assert divergence(ORIGINAL)(MODEL, batch_of()).item() > 0.1


def test_no_gradient_reaches_the_reference() -> None:
    reference = Table(2)
    for loss in (divergence(reference), stay(reference, SCRUB), preference(reference, 0.1)):
        assert torch.autograd.grad(loss(MODEL, batch_of()), reference.logits, allow_unused=True) == (None,)
