"""What is particular to language models: their data set, its sequences on the device, training and margins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from unlearnkit.config.text_recipe import TextRecipe
from unlearnkit.data.sequences import Sequences, Tokens
from unlearnkit.data.text_file import read_text_set
from unlearnkit.data.text_set import TextSet
from unlearnkit.models.building import states_of
from unlearnkit.seeds import derive_seed
from unlearnkit.training.sequence_values import values
from unlearnkit.training.shard import Kept, Task, Worker, rounds
from unlearnkit.training.text_loop import Moment, fit_text
from unlearnkit.training.visits import Visits

RECIPE = TextRecipe
PAIRED = ("original", "oracle")
"""Roles whose models of one index share initial weights and order."""

__all__ = ["RECIPE", "draws", "read", "source", "train", "values"]

read = read_text_set


def source(text_set: TextSet, device: torch.device) -> Tokens:
    """Return all sequences, for batches on a device."""
    return Tokens(text_set, device)


def draws(tokens: Tokens, indices: Tensor, generators: Sequence[torch.Generator]) -> Sequences:
    """Return the sequences `indices` to draw from."""
    return Sequences(tokens, indices, generators)


def train(
    task: Task, recipe: TextRecipe, rows: Tensor, role: str, model_indices: Sequence[int], name: str, worker: Worker
) -> Kept:
    """Train one model of `role` on the sequences `rows`; `name` is that of its moment."""
    (index,) = model_indices
    seeded = PAIRED[0] if recipe.paired and role in PAIRED else role
    tokens: Tokens = task.source

    def generator(stage: str) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed(task.base_seed, seeded, index, stage))

    visits = Visits(recipe, rows, tokens.text_set.train_size, generator)
    moment = worker.resume.load(f"{name}.moment")
    seconds_before = float(moment["seconds"]) if moment else 0.0
    start, due = worker.clock(), rounds(worker)

    def end_step(step: int, loss: float, capture: Callable[[], Moment]) -> None:
        if step == visits.steps or step % 50 == 0:
            worker.report(f"{name}: step {step}/{visits.steps}, loss {loss:.3f}")
        if next(due) and step < visits.steps:
            seconds = seconds_before + worker.clock() - start
            worker.resume.save(f"{name}.moment", {**capture(), "seconds": np.array(seconds)})

    model = task.fresh(seeded, model_indices, worker.device)
    fit_text(model, tokens, tokens.within(rows), visits, recipe, end_step=end_step, resume=moment)
    worker.resume.discard(f"{name}.moment")
    seconds = seconds_before + worker.clock() - start
    passes = float(
        recipe.epochs * len(rows) if recipe.forgotten == "delete" else recipe.epochs * tokens.text_set.train_size
    )
    last = recipe.epochs
    return Kept({last: states_of(model)}, {last: passes}, {last: seconds}, all_passes=passes)
