"""Losses for one model (logits [B, classes]) and for a stack (logits [K, B, classes]) alike.

Each averages over the batch and sums over the models of a stack, so that every model gets the gradient it would have
alone.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return mean over the batch of -log softmax(z)_y, in nats, summed over models.

    Shapes: logits [..., B, classes], labels [..., B]. With label smoothing s the target is (1 - s) one-hot + s /
    classes.
    """
    total = functional.cross_entropy(
        logits.flatten(0, -2).float(), labels.flatten(), reduction="sum", label_smoothing=label_smoothing
    )
    return total / labels.shape[-1]


def distillation(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T^2 mean over the batch of KL(softmax(teacher / T) || softmax(student / T)), nats, summed over models.

    Shapes: both [..., B, classes]; no gradient reaches the teacher. The factor T^2 keeps gradients of the same size at
    every temperature (Hinton et al. 2015).
    """
    log_student = functional.log_softmax(student.float() / temperature, dim=-1)
    log_teacher = functional.log_softmax(teacher.detach().float() / temperature, dim=-1)
    divergence = functional.kl_div(log_student, log_teacher, reduction="sum", log_target=True)
    return divergence * temperature**2 / student.shape[-2]
