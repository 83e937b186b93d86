"""The training loop: one model or a stack, from fresh weights to the last epoch, resumable between epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from unlearnkit.config.recipe import Recipe
from unlearnkit.data.batches import Samples, batch_of_one_explained
from unlearnkit.training.losses import cross_entropy
from unlearnkit.training.optimisation import SGD, recipe_lr, sgd, step

Moment = Mapping[str, np.ndarray]
"""Everything that the rest of a run depends on, between two epochs: weights, velocities, generators and the epoch."""


def fit(
    model: nn.Module,
    samples: Samples,
    recipe: Recipe,
    *,
    end_epoch: Callable[[int, Callable[[], Moment]], None],
    resume: Moment | None = None,
) -> nn.Module:
    """Train `model` in place by `recipe` and return it in eval mode.

    After every epoch (1, 2, ...) `end_epoch(epoch, capture)` is called; `capture()` returns the moment from which
    `resume` continues to the same bits. Raises TrainingError if batch norm meets a batch of one sample. Source of the
    recipe: EasyDUB (arXiv 2602.16400).
    """
    optimizer = sgd(model, recipe.lr, recipe.momentum, recipe.weight_decay)
    first_epoch = _restore(model, optimizer, samples, resume) if resume else 0
    steps_per_epoch = samples.batches_per_epoch(recipe.batch_size)
    for epoch in range(first_epoch, recipe.epochs):
        model.train()
        with batch_of_one_explained(f"training.batch_size = {recipe.batch_size} divides {len(samples)} samples"):
            for number, (images, labels) in enumerate(samples.epoch(recipe.batch_size)):
                optimizer.lr = recipe_lr(recipe, epoch * steps_per_epoch + number, steps_per_epoch)
                with autocast(recipe.precision, samples.pixels.device):
                    logits = model(images)
                step(optimizer, cross_entropy(logits, labels, recipe.label_smoothing))
        end_epoch(epoch + 1, lambda epoch=epoch: _capture(model, optimizer, samples, epoch + 1))
    return model.eval()


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which layers compute in `precision`: "bfloat16", or "float32" as weights are stored."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def _capture(model: nn.Module, optimizer: SGD, samples: Samples, epoch: int) -> Moment:
    moment = {f"model/{name}": tensor.detach().cpu().numpy().copy() for name, tensor in model.state_dict().items()}
    for number, velocity in enumerate(optimizer.velocities):
        moment[f"velocity/{number}"] = velocity.cpu().numpy().copy()
    for number, generator in enumerate(samples.generators):
        moment[f"generator/{number}"] = generator.get_state().numpy().copy()
    return {**moment, "epoch": np.array(epoch), "passes": np.array(samples.passes)}


def _restore(model: nn.Module, optimizer: SGD, samples: Samples, moment: Moment) -> int:
    state = {name.removeprefix("model/"): array for name, array in moment.items() if name.startswith("model/")}
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in state.items()})
    if "velocity/0" in moment:
        velocities = [torch.from_numpy(np.array(moment[f"velocity/{k}"])) for k in range(len(optimizer.parameters))]
        # the memory format decides the order of summation in the next step, hence the bits
        pairs = zip(optimizer.parameters, velocities, strict=True)
        optimizer.velocities = [torch.empty_like(parameter).copy_(velocity).detach() for parameter, velocity in pairs]
    for number, generator in enumerate(samples.generators):
        generator.set_state(torch.from_numpy(np.array(moment[f"generator/{number}"])))
    samples.passes = int(moment["passes"])
    return int(moment["epoch"])
