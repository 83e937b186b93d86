"""Every published forget and answer loss, with its gradient, against the formula target by target in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from token_tables import MODEL, ORIGINAL, Table, V, answered, context_of, gradient, targets_of
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.methods.language.answer_terms import replaced_preferred, true_preferred
from unlearnkit.methods.language.ceu import counterfactual
from unlearnkit.methods.language.sim_npo import lengthwise_preference
from unlearnkit.methods.language.token_steps import Loss, TokenBatch
from unlearnkit.methods.language.token_terms import mean_of, weighted_ascent
from unlearnkit.methods.language.undial import distilled
from unlearnkit.training.language.forget_losses import (
    counterfactual_sum,
    distilled_sum,
    from_uniform_sum,
    lost_entropy_sum,
    peak_sum,
    weighted_sum,
)
from unlearnkit.training.language.sequence_losses import hidden_distances

Slow = tuple[float, np.ndarray]
"""A loss and its slopes in the logits of the table [positions, V, V]."""

SHAPE = tuple(MODEL.logits.shape)


def table(model: Table, position: int, token: int) -> np.ndarray:
    return model.logits[position, token].detach().double().numpy()


def log_softmax(z: np.ndarray) -> np.ndarray:
    return z - np.log(np.exp(z).sum())


def onehot(y: int) -> np.ndarray:
    return np.eye(V)[y]


# per target: (logits, logits of the original, target) -> value and slopes


def weighted(z: np.ndarray, y: int, saturation: float, importance: float) -> tuple[float, np.ndarray]:
    log_p = log_softmax(z)
    p = np.exp(log_p[y])
    weight = p**saturation * (1 - p) ** importance
    return weight * log_p[y], weight * (onehot(y) - np.exp(log_p))


def from_goal(z: np.ndarray, goal: np.ndarray) -> tuple[float, np.ndarray]:
    log_p = log_softmax(z)
    return -(goal * log_p).sum(), np.exp(log_p) - goal


def without_target(z: np.ndarray, y: int) -> np.ndarray:
    p = np.exp(log_softmax(z)) * (1 - onehot(y))
    return p / p.sum()


def from_uniform(z: np.ndarray) -> tuple[float, np.ndarray]:
    log_p = log_softmax(z)
    return -math.log(V) - log_p.mean(), np.exp(log_p) - 1 / V


def lost_entropy(z: np.ndarray) -> tuple[float, np.ndarray]:
    log_p = log_softmax(z)
    entropy = -(np.exp(log_p) * log_p).sum()
    return math.log(V) - entropy, np.exp(log_p) * (log_p + entropy)


def peak(z: np.ndarray) -> tuple[float, np.ndarray]:
    height = z.max() - z.mean()
    return height**2, 2 * height * (onehot(int(z.argmax())) - 1 / V)


def over_targets(batch: TokenBatch, per_target: Callable[[np.ndarray, np.ndarray, int], Any]) -> Slow:
    """Return the mean over targets of a loss of one target, and its slopes."""
    value, slopes, number = 0.0, np.zeros(SHAPE), int(batch.targets)
    for t, x, y in (target for row in targets_of(batch) for target in row):
        own, slope = per_target(table(MODEL, t, x), table(ORIGINAL, t, x), y)
        value += own / number
        slopes[t, x] += slope / number
    return value, slopes


def nlls(model: Table, batch: TokenBatch) -> Iterator[tuple[float, np.ndarray]]:
    """Yield S of every sequence and its slopes."""
    for row in targets_of(batch):
        slopes = np.zeros(SHAPE)
        for t, x, y in row:
            slopes[t, x] += np.exp(log_softmax(table(model, t, x))) - onehot(y)
        yield -sum(log_softmax(table(model, t, x))[y] for t, x, y in row), slopes


def over_margins(margins: list[tuple[float, np.ndarray]], factor: float, beta: float) -> Slow:
    """Return - (factor / beta) mean log sigmoid(beta m) and its slopes."""
    values = [factor / beta * math.log(1 + math.exp(-beta * m)) for m, _ in margins]
    slopes = [-factor / (1 + math.exp(beta * m)) * slope for m, slope in margins]
    return float(np.mean(values)), np.mean(slopes, axis=0)


def slow_simnpo(batch: TokenBatch, beta: float, delta: float) -> Slow:
    counts = [len(row) for row in targets_of(batch)]
    means = [(s / n - delta, slope / n) for (s, slope), n in zip(nlls(MODEL, batch), counts, strict=True)]
    return over_margins(means, 2, beta)


def slow_dpo(batch: TokenBatch, beta: float) -> Slow:
    assert batch.paired is not None
    sides = [list(nlls(model, own)) for own in (batch, batch.paired) for model in (MODEL, ORIGINAL)]
    margins = [(s0 - s - (t0 - t), dt - ds) for (s, ds), (s0, _), (t, dt), (t0, _) in zip(*sides, strict=True)]
    return over_margins(margins, 2, beta)


def slow_ap(batch: TokenBatch, beta: float, by_length: bool = False) -> Slow:
    assert batch.paired is not None
    counts = [[len(row) if by_length else 1 for row in targets_of(own)] for own in (batch, batch.paired)]
    sides = zip(nlls(MODEL, batch), nlls(MODEL, batch.paired), *counts, strict=True)
    return over_margins([(s / n - t / m, ds / n - dt / m) for (s, ds), (t, dt), n, m in sides], 1, beta)


BY_TARGET: dict[str, tuple[Loss, Callable[[np.ndarray, np.ndarray, int], Any]]] = {
    "wga 1": (weighted_ascent(1.0), lambda z, r, y: weighted(z, y, 1.0, 0.0)),
    "wga 0.3": (weighted_ascent(0.3), lambda z, r, y: weighted(z, y, 0.3, 0.0)),
    "sat_imp": (weighted_ascent(5.0, 1.0), lambda z, r, y: weighted(z, y, 5.0, 1.0)),
    "undial": (distilled(ORIGINAL, 10.0), lambda z, r, y: from_goal(z, np.exp(log_softmax(r - 10 * onehot(y))))),
    "ceu": (counterfactual, lambda z, r, y: from_goal(z, without_target(z, y))),
    "me": (mean_of(from_uniform_sum), lambda z, r, y: from_uniform(z)),
    "entropy": (mean_of(lost_entropy_sum), lambda z, r, y: lost_entropy(z)),
    "pdu": (mean_of(peak_sum), lambda z, r, y: peak(z)),
}
WITH_SLOPES_OF_THE_VALUE = ("undial", "me", "entropy", "pdu", "sim_npo", "sim_npo delta", "dpo", "ap", "ap by length")
"""Losses without a part that the gradient does not see."""

CASES: dict[str, tuple[Loss, Callable[[TokenBatch], Slow]]] = {
    **{name: (loss, lambda batch, own=own: over_targets(batch, own)) for name, (loss, own) in BY_TARGET.items()},
    "sim_npo": (lengthwise_preference(4.5, 0.0), lambda batch: slow_simnpo(batch, 4.5, 0.0)),
    "sim_npo delta": (lengthwise_preference(0.5, 2.0), lambda batch: slow_simnpo(batch, 0.5, 2.0)),
    "dpo": (replaced_preferred(context_of(ORIGINAL), 0.1), lambda batch: slow_dpo(batch, 0.1)),
    "ap": (true_preferred(context_of(ORIGINAL), 0.1), lambda batch: slow_ap(batch, 0.1)),
    "ap by length": (true_preferred(context_of(ORIGINAL), 0.1, True), lambda batch: slow_ap(batch, 0.1, True)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Any:
    return CASES[request.param]


@pytest.mark.parametrize("seed", range(2))
def test_a_loss_and_its_gradient_are_those_of_the_formula(case: Any, seed: int) -> None:
    loss, slow = case
    value, slopes = slow(answered(seed))
    assert loss(MODEL, answered(seed)).item() == pytest.approx(value, rel=5e-6)
    np.testing.assert_allclose(gradient(loss, answered(seed)).numpy(), slopes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", WITH_SLOPES_OF_THE_VALUE)
def test_a_gradient_is_the_slope_of_the_formula(name: str) -> None:
    loss, slow = CASES[name]
    batch, step = answered(), 1e-4
    direction = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    kept, sides = MODEL.logits.data.clone(), []
    for sign in (1, -1):
        MODEL.logits.data = kept.double() + sign * step * direction
        sides.append(slow(batch)[0])
    MODEL.logits.data = kept
    slope = (gradient(loss, batch) * direction).sum().item()
    assert slope == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=1e-3, abs=1e-5)


def test_padding_changes_neither_loss_nor_gradient(case: Any) -> None:
    loss, _ = case
    plain, padded = answered(), answered(padding=17)
    torch.testing.assert_close(loss(MODEL, padded), loss(MODEL, plain), rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient(loss, padded), gradient(loss, plain), rtol=1e-5, atol=1e-8)


def test_the_losses_of_the_parts_of_a_batch_add_up(case: Any) -> None:
    loss, _ = case
    whole = answered()
    for size in (1, 3):
        parts = list(whole.parts(size))
        assert len(parts) == -(-4 // size)
        total = torch.stack([loss(MODEL, part) for part in parts]).sum()
        torch.testing.assert_close(total, loss(MODEL, whole), rtol=1e-6, atol=0)
        torch.testing.assert_close(gradient(loss, *parts), gradient(loss, whole), rtol=1e-5, atol=1e-8)


def test_only_log_probabilities_count(case: Any) -> None:
    loss, _ = case

    class Shifted(nn.Module):
        def forward(self, tokens: Tensor) -> Tensor:
            return MODEL(tokens) + 5.0

    torch.testing.assert_close(loss(Shifted(), answered()), loss(MODEL, answered()), rtol=1e-5, atol=1e-6)


SUMS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "weighted": lambda z, r, y: weighted_sum(z, y, 5.0, 1.0),
    "counterfactual": lambda z, r, y: counterfactual_sum(z, y),
    "distilled": lambda z, r, y: distilled_sum(z, r, y, 10.0),
    "from_uniform": lambda z, r, y: from_uniform_sum(z, y),
    "lost_entropy": lambda z, r, y: lost_entropy_sum(z, y),
    "peak": lambda z, r, y: peak_sum(z, y),
    "hidden": lambda z, r, y: hidden_distances(z, r, y).sum(),
}


@pytest.mark.parametrize("name", SUMS)
def test_what_stands_before_and_after_the_targets_changes_nothing(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    z, r = torch.randn(2, 3, 9, V, generator=generator)
    labels = torch.randint(0, V, (3, 9), generator=generator)
    # the last position predicts nothing
    labels[1, 6:] = labels[2, :4] = labels[:, -1] = IGNORE
    expected = SUMS[name](z, r, labels)
    # junk on both sides, as of padding on the left and of a long prompt; at the label -100 nothing may be looked up
    wide = [functional.pad(each, (0, 0, 17, 5), value=3.0) for each in (z, r)]
    for each in wide:
        each[:, :17] += torch.randn(3, 17, V, generator=generator)
    around = functional.pad(labels, (17, 5), value=IGNORE)
    torch.testing.assert_close(SUMS[name](wide[0], wide[1], around), expected, rtol=1e-5, atol=1e-6)
