"""Margins of single tokens: against sums in float64, at probabilities that round to 1, and with broken logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.training.language import token_losses
from unlearnkit.training.language.token_losses import token_margins


def exact_margins(logits: Tensor, labels: Tensor) -> np.ndarray:
    """Return z_y - log sum_{k != y} exp(z_k) in float64, token by token; NaN for positions without a target."""
    found = np.full(labels.shape, np.nan)
    for place in np.ndindex(*labels.shape):
        label = int(labels[place])
        if label != IGNORE:
            own = logits[place].double().numpy()
            others = np.delete(own, label)
            highest = others.max()
            found[place] = own[label] - highest - np.log(np.exp(others - highest).sum())
    return found


def drawn(seed: int, scale: float, vocabulary: int = 37) -> tuple[Tensor, Tensor]:
    """Return logits [4, 9, vocabulary] of a size, and labels of which some are masked."""
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(4, 9, vocabulary, generator=generator)
    labels = torch.randint(vocabulary, (4, 9), generator=generator)
    labels[torch.rand(4, 9, generator=generator) < 0.3] = IGNORE
    return logits, labels


@pytest.mark.parametrize("scale", [0.0, 0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("seed", range(5))
def test_margins_are_those_of_float64(seed: int, scale: float) -> None:
    logits, labels = drawn(seed, scale)
    margins, correct = token_margins(logits, labels)
    expected = exact_margins(logits, labels)
    targets = labels.numpy() != IGNORE
    np.testing.assert_allclose(margins.numpy()[targets], expected[targets], rtol=1e-6, atol=1e-5)
    assert (margins[labels == IGNORE] == 0).all() and not correct[labels == IGNORE].any()
    # above all others: a tie is not right
    np.testing.assert_array_equal(
        correct.numpy()[targets], (logits.argmax(-1) == labels).numpy()[targets] & (scale > 0)
    )
    assert margins.dtype == torch.float32


@pytest.mark.parametrize("seed", range(3))
def test_margins_are_lp_less_the_log_of_what_is_left(seed: int) -> None:
    logits, labels = drawn(seed, 2.0)
    targets = labels != IGNORE
    log_p = functional.log_softmax(logits.double(), -1)[targets].gather(1, labels[targets][:, None])[:, 0]
    expected = log_p - torch.log(-torch.expm1(log_p))
    torch.testing.assert_close(token_margins(logits, labels)[0][targets].double(), expected, rtol=1e-5, atol=1e-5)


def test_a_probability_that_rounds_to_one_has_a_finite_margin() -> None:
    logits, labels = torch.zeros(1, 2, 5), torch.tensor([[3, 1]])
    logits[0, 0, 3], logits[0, 1, 1] = 60.0, 200.0
    log_p = functional.log_softmax(logits, -1)[0, [0, 1], [3, 1]]
    assert (log_p == 0).all()  # lp - log(1 - p) would be infinite
    margins, correct = token_margins(logits, labels)
    torch.testing.assert_close(margins, torch.tensor([[60.0, 200.0]]) - np.log(4), rtol=1e-6, atol=0)
    assert correct.all()


def test_the_loss_follows_from_the_margin_where_p_rounds_to_one() -> None:
    logits, labels = torch.zeros(1, 1, 5), torch.tensor([[3]])
    logits[0, 0, 3] = 40.0
    loss = functional.softplus(-token_margins(logits, labels)[0].double())
    assert loss.item() == pytest.approx(4 * np.exp(-40.0), rel=1e-6)


@pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("position", [0, 3])
def test_a_target_with_a_broken_logit_has_no_margin_and_the_others_have(broken: float, position: int) -> None:
    logits, labels = drawn(0, 1.0)
    labels[0, :2] = 3
    expected = token_margins(logits, labels)[0]
    logits[0, 1, position] = broken
    margins, _ = token_margins(logits, labels)
    assert margins[0, 1].isnan()
    margins[0, 1] = expected[0, 1]
    torch.testing.assert_close(margins, expected, rtol=0, atol=0)


def test_margins_do_not_depend_on_how_many_are_computed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = drawn(1, 3.0)
    whole = token_margins(logits, labels)
    monkeypatch.setattr(token_losses, "MOST_LOGITS", {"cpu": 37 * 2})
    for part, all_at_once in zip(token_margins(logits, labels), whole, strict=True):
        torch.testing.assert_close(part, all_at_once, rtol=0, atol=0)


def test_half_precision_logits_are_summed_in_float32() -> None:
    logits, labels = drawn(2, 3.0)
    half = logits.bfloat16()
    torch.testing.assert_close(token_margins(half, labels)[0], token_margins(half.float(), labels)[0], rtol=0, atol=0)
