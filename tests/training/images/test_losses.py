"""Losses equal torch's for one model, and give every model of a stack the gradient that it has alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.training.images.losses import cross_entropy, distillation

LABELS = torch.randint(0, 4, (3, 5), generator=torch.Generator().manual_seed(1))
TEACHERS = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(2))

LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "cross_entropy": lambda logits, labels, _: cross_entropy(logits, labels),
    "smoothed": lambda logits, labels, _: cross_entropy(logits, labels, 0.1),
    "distillation": lambda logits, _, teacher: distillation(logits, teacher, 4.0),
}


@pytest.fixture
def logits() -> Tensor:
    """Logits of three models on batches of five."""
    return (3 * torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))).requires_grad_()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_torchs(logits: Tensor, smoothing: float) -> None:
    expected = functional.cross_entropy(logits[0], LABELS[0], label_smoothing=smoothing)
    torch.testing.assert_close(cross_entropy(logits[0], LABELS[0], smoothing), expected)


def test_distillation_is_the_formula(logits: Tensor) -> None:
    p, q = (TEACHERS[0] / 4).softmax(-1), (logits[0] / 4).softmax(-1)
    expected = 16 * (p * (p / q).log()).sum(-1).mean()
    torch.testing.assert_close(distillation(logits[0], TEACHERS[0], 4.0), expected)
    assert distillation(TEACHERS, TEACHERS, 4.0).abs() < 1e-6


def test_distillation_has_a_direction(logits: Tensor) -> None:
    there, back = distillation(logits[0], TEACHERS[0], 1.0), distillation(TEACHERS[0], logits[0], 1.0)
    assert (there - back).abs() > 0.01


def test_the_teacher_gets_no_gradient(logits: Tensor) -> None:
    teacher = TEACHERS.clone().requires_grad_()
    distillation(logits, teacher, 2.0).backward()
    assert teacher.grad is None
    assert logits.grad is not None


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_stacks_loss_is_the_sum_and_its_gradient_that_of_each_model(
    logits: Tensor, loss: Callable[[Tensor, Tensor, Tensor], Tensor]
) -> None:
    stacked = loss(logits, LABELS, TEACHERS)
    (gradient,) = torch.autograd.grad(stacked, logits)
    singles = [logits[k].detach().requires_grad_() for k in range(3)]
    values = [loss(single, LABELS[k], TEACHERS[k]) for k, single in enumerate(singles)]
    torch.testing.assert_close(stacked, torch.stack(values).sum())
    for k, (single, value) in enumerate(zip(singles, values, strict=True)):
        torch.testing.assert_close(gradient[k], torch.autograd.grad(value, single)[0])


def test_bfloat16_logits_are_reduced_in_float32(logits: Tensor) -> None:
    assert cross_entropy(logits.bfloat16(), LABELS).dtype == torch.float32
    assert distillation(logits.bfloat16(), TEACHERS, 2.0).dtype == torch.float32
