"""Small texts whose tokens are their own positions in the stream, and language models trained on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.cutting import Unit, cut
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.training.language.text_loop import Step, fit_text
from unlearnkit.training.language.training_order import TrainingOrder
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker

CPU = torch.device("cpu")
LENGTH = 8


def positions_text(unit: Unit, *, documents: int = 9, per_step: int = 4) -> TextSet:
    """A text of unequal documents in which token t is at position t, so that batches show what they were made of."""
    sizes = [5 + 7 * number % 23 for number in range(documents)]
    begins = np.cumsum([0, *sizes])
    total = int(begins[-1]) if unit == "document" else int(begins[-1]) // (LENGTH * per_step) * LENGTH * per_step
    tokens = np.arange(total + 2 * LENGTH * per_step, dtype=np.uint16)
    marked = np.zeros(total, np.uint16)  # what `cut` takes for a text: documents begin with token 1
    marked[begins[begins < total]] = 1
    train = cut(marked, LENGTH, unit, end_of_text=1, unit_sequences=per_step)
    other = cut(np.zeros(2 * LENGTH * per_step, np.uint16), LENGTH, "step", end_of_text=1, unit_sequences=per_step)
    return TextSet(
        tokens=tokens,
        starts=np.concatenate([train.starts, other.starts + total]),
        lengths=np.concatenate([train.lengths, other.lengths]),
        units=np.concatenate([train.units, other.units + train.units[-1] + 1]),
        train_size=len(train.starts),
        validation_size=len(other.starts),
        vocabulary_size=len(tokens),
        length=LENGTH,
    )


def recipe(**settings: Any) -> TextRecipe:
    """A recipe of a few steps."""
    return TextRecipe.model_validate({"epochs": 2, "batch_size": 8, "lr": 3e-3, "muon_lr": 0.02, **settings})


def text_task(text_set: TextSet, model: str = "nanogpt", **settings: Any) -> Task:
    """The task of training a small model on a text."""
    return task_for(text_set, {"name": model, "layers": 2, "width": 16, "heads": 2, **settings}, 0, CPU)


def order_of(own: TextRecipe, rows: torch.Tensor, text_set: TextSet, seed: int = 0) -> TrainingOrder:
    """Return the training order of the model with a seed."""
    stages = {"order": 1, "refill": 2}

    def generator(stage: str) -> torch.Generator:
        name, epoch = stage.split("/")
        return torch.Generator().manual_seed(1000 * seed + 10 * int(epoch) + stages[name])

    return TrainingOrder(own, rows, text_set.train_size, generator)


def trained(
    task: Task,
    own: TextRecipe,
    worker: Worker,
    *,
    end_step: Callable[[Step], None] = lambda step: None,
    resume: Mapping[str, np.ndarray] | None = None,
    **execution: Any,
) -> nn.Module:
    """A model of a task after training on all of its text."""
    text_set = task.source.text_set
    model = task.fresh("original", [0], CPU)
    training_order = order_of(own, torch.arange(text_set.train_size), text_set)
    worker = dataclasses.replace(worker, **execution)
    return fit_text(
        model, task.architecture.adapter, task.source, training_order, own, worker, end_step=end_step, resume=resume
    )


def difference(one: nn.Module, other: nn.Module) -> float:
    """The largest difference between two states."""
    states = one.state_dict(), other.state_dict()
    return max(float((states[0][name] - states[1][name]).abs().max()) for name in states[0])
