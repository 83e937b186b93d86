"""The training loop: one model or a stack, from fresh weights to the last epoch, resumable between epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import Samples, batch_of_one_explained
from unlearnkit.errors import TrainingError
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.observer import NOBODY, Observer
from unlearnkit.training.optimisation import Optimizer, recipe_lr, recipe_optimizer, step
from unlearnkit.training.precision import autocast, products

TrainingState = Mapping[str, np.ndarray]
"""Everything between two epochs that the rest of a run depends on: weights, optimiser, generators and the epoch."""


def fit(
    model: nn.Module,
    samples: Samples,
    recipe: Recipe,
    *,
    end_epoch: Callable[[int, Callable[[], TrainingState]], None],
    resume: TrainingState | None = None,
    observer: Observer = NOBODY,
) -> nn.Module:
    """Train `model` in place by `recipe` and return it in eval mode; the recipe also states how `samples` are viewed.

    After every epoch (1, 2, ...) `end_epoch(epoch, capture)` is called; `capture()` returns the state from which
    `resume` continues, on a CPU to the same bits. Raises TrainingError if batch norm meets a batch of one sample, and
    what `train_epoch` raises. Source of the recipe: EasyDUB (arXiv 2602.16400).
    """
    samples = samples.viewed(recipe.augmentation, recipe.resolution)
    optimizer = recipe_optimizer(model, recipe)
    first_epoch = _restore(model, optimizer, samples, resume) if resume else 0
    for epoch in range(first_epoch, recipe.epochs):
        model.train()
        with batch_of_one_explained(f"training.batch_size = {recipe.batch_size} divides {len(samples)} samples"):
            train_epoch(model, samples, optimizer, recipe, epoch, observer=observer)
        end_epoch(epoch + 1, lambda epoch=epoch: _capture(model, optimizer, samples, epoch + 1))
    return model.eval()


def train_epoch(
    model: nn.Module,
    samples: Samples,
    optimizer: Optimizer,
    recipe: Recipe,
    epoch: int,
    *,
    observer: Observer = NOBODY,
) -> None:
    """Take the steps of epoch 0, 1, ... of `recipe`, with the model in its present mode; `observer` sees each.

    Raises TrainingError if there is no whole batch and short ones are left out.
    """
    steps = samples.batches_per_epoch(recipe.batch_size, recipe.drop_last)
    if not steps:
        raise TrainingError(
            f"training.drop_last leaves out the only batch: {len(samples)} samples, batches of {recipe.batch_size}",
            expected=f"training.batch_size of at most {len(samples)}, or training.drop_last: false",
        )
    with products(recipe.precision):
        for number, (images, labels) in enumerate(samples.epoch(recipe.batch_size, recipe.drop_last)):
            optimizer.lr = recipe_lr(recipe, epoch * steps + number, steps)
            with autocast(recipe.precision, samples.pixels.device):
                logits = model(images)
            observer.step(number, steps, logits, labels, optimizer.lr)
            step(optimizer, cross_entropy(logits, labels, recipe.label_smoothing))


def _capture(model: nn.Module, optimizer: Optimizer, samples: Samples, epoch: int) -> TrainingState:
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"optimizer/{name}": tensor for name, tensor in optimizer.state().items()}
    tensors |= {f"generator/{number}": generator.get_state() for number, generator in enumerate(samples.generators)}
    state = {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}
    return {**state, "epoch": np.array(epoch), "passes": np.array(samples.passes)}


def _restore(model: nn.Module, optimizer: Optimizer, samples: Samples, stored: TrainingState) -> int:
    model.load_state_dict(_tensors(stored, "model/"))
    optimizer.load(_tensors(stored, "optimizer/"))
    for number, generator in enumerate(samples.generators):
        generator.set_state(torch.from_numpy(np.array(stored[f"generator/{number}"])))
    samples.counter.samples = int(stored["passes"])
    return int(stored["epoch"])


def _tensors(stored: TrainingState, prefix: str) -> dict[str, torch.Tensor]:
    held = {name.removeprefix(prefix): array for name, array in stored.items() if name.startswith(prefix)}
    return {name: torch.from_numpy(np.array(array)) for name, array in held.items()}
