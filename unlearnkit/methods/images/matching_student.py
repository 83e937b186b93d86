"""The student of Attribute-to-Delete's matching methods (Georgiev et al. 2024, arXiv 2410.23232, algorithms C.1, C.3).

The reference code passes the forget set first and the retain subset last, so that batch norm meets batches of forget
samples only, and draws the subset from one fixed seed, so that all its runs share it. Here the two are shuffled into
each other in every epoch, and every model draws a subset of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from torch import Tensor, nn

from unlearnkit.config.methods.matching import MatchingSettings
from unlearnkit.data.images.batches import Samples, mixed_epoch
from unlearnkit.errors import TrainingError
from unlearnkit.facts.matching import retain_subset
from unlearnkit.methods.images.proximity import squared_distance
from unlearnkit.training.optimisation import adam, step
from unlearnkit.training.unlearning import Context

Teachers = Callable[[Tensor, Tensor], Tensor]
"""(images [..., B, C, H, W], the batch's labels or targets) -> logits of all teachers [teachers, ..., B, classes]."""


def match(
    model: nn.Module,
    teachers: Teachers,
    retain: Samples,
    forget: Samples,
    settings: MatchingSettings,
    context: Context,
) -> nn.Module:
    """Return a copy of `model` drawn to the teachers on the forget set and a retain subset of each model's own.

    With Adam, minimise `matching_loss` + lambda |theta - theta_0|^2, in train mode. Batches hand the labels of `retain`
    to the teachers. Raises TrainingError if the retain set is smaller than the subset, or if no
    forget sample is passed.
    """
    chosen = _subset(retain, retain_subset(settings.retain_ratio, len(forget)), context)
    repeated = _repeated(forget, settings.forget_repeats)
    student = copy.deepcopy(model)
    optimizer = adam(student, settings.lr)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = settings.lr * settings.decay ** (epoch - 1)
        student.train()
        for images, labels, _ in mixed_epoch(chosen, repeated, settings.batch_size):
            loss = matching_loss(student(images), teachers(images, labels), settings.loss)
            if settings.proximity:
                loss = loss + settings.proximity * squared_distance(student.parameters(), model.parameters())
            step(optimizer, loss)
        context.end_epoch(epoch, student)
    return student.eval()


def matching_loss(student: Tensor, teachers: Tensor, kind: str) -> Tensor:
    """Return the distance of logits [..., B, classes] to those of teachers [T, ..., B, classes], summed over models.

    mse            mean over batch and classes of (z_s - mean over t of z_t)^2
    centred_mse    the same of logits less their mean over classes: the offset of logits carries no meaning
    cross_entropy  mean over the batch of -sum over c of p_c log softmax(z_s)_c, p the teachers' mean probabilities
    """
    batch, classes = student.shape[-2:]
    if kind == "cross_entropy":
        return -(teachers.softmax(-1).mean(0) * student.log_softmax(-1)).sum() / batch
    difference = student - teachers.mean(0)
    if kind == "centred_mse":
        difference = difference - difference.mean(-1, keepdim=True)
    return difference.square().sum() / (batch * classes)


def _subset(retain: Samples, size: int, context: Context) -> Samples:
    if size > len(retain):
        raise TrainingError(
            f"retain_ratio asks for {size} retain samples, of which there are {len(retain)}",
            expected=f"at most {len(retain)}",
            remedy="lower retain_ratio",
        )
    return retain.part(size, context.generators)


def _repeated(forget: Samples, times: float) -> Samples:
    repeated = forget.repeated(times)
    if not len(repeated):
        raise TrainingError(
            f"forget_repeats is {times:g}, which passes none of {len(forget)} forget samples",
            expected=f"at least {1 / len(forget):g}",
            remedy="raise forget_repeats",
        )
    return repeated
