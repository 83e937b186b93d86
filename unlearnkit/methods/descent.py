"""The loop that fine-tuning methods for image classifiers share: SGD passes over one set."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import Optimizer, scheduled_lr, sgd, step
from unlearnkit.training.unlearning import Context


def descend(
    model: nn.Module,
    samples: Samples,
    settings: FineTuningSettings,
    context: Context,
    *,
    schedule: str = "constant",
    take_step: Callable[[Optimizer, Tensor], None] = step,
) -> nn.Module:
    """Minimise cross entropy on `samples` for `settings.epochs` passes in train mode; return the model in eval mode.

    The given model itself changes. `schedule` sets the learning rate of an epoch (`scheduled_lr`), and `take_step`
    takes one step that decreases a loss.
    """
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = scheduled_lr(schedule, settings.lr, (epoch - 1) / settings.epochs)
        model.train()
        for images, labels in samples.epoch(settings.batch_size):
            take_step(optimizer, cross_entropy(model(images), labels))
        context.end_epoch(epoch, model)
    return model.eval()
