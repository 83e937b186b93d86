"""What is specific to language models: their data set, its sequences on the device, training and margins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.replaced import KIND_OF, Replaced
from unlearnkit.data.text.sequences import Sequences, Tokens
from unlearnkit.data.text.text_file import read_text_set
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import TrainingError
from unlearnkit.seeds import derive_seed
from unlearnkit.training.divergence import refuse_diverged
from unlearnkit.training.language.curves import CurveRecorder
from unlearnkit.training.language.sequence_values import target_counts, values
from unlearnkit.training.language.step_arithmetic import StepArithmetic
from unlearnkit.training.language.text_loop import Step, fit_text, whole_state
from unlearnkit.training.language.training_order import TrainingOrder
from unlearnkit.training.precision import products
from unlearnkit.training.processes.distributed import decided
from unlearnkit.training.processes.part import Part
from unlearnkit.training.processes.starting import run_in_processes as train_in_processes
from unlearnkit.training.shard import PAIRED, StackResults, Task, Worker, rounds

RECIPE = TextRecipe
REPORTED = 50
"""Steps between two log lines."""

__all__ = [
    "RECIPE",
    "Part",
    "arithmetic",
    "draws",
    "read",
    "source",
    "target_counts",
    "train",
    "train_in_processes",
    "values",
]

read = read_text_set


def source(text_set: TextSet, device: torch.device) -> Tokens:
    """Return all sequences, for batches on a device."""
    return Tokens(text_set, device)


def draws(tokens: Tokens, indices: Tensor, generators: Sequence[torch.Generator], stage: str) -> Sequences:
    """Return the sequences `indices`, to draw from; for a view of pairs whose answers are replaced, both answers."""
    if stage in KIND_OF:
        return Replaced(tokens, indices, generators, stage)
    return Sequences(tokens, indices, generators)


def arithmetic(
    tokens: Tokens, recipe: TextRecipe, rows: Tensor, micro_batch_size: int | None, processes: int
) -> StepArithmetic:
    """Return the step arithmetic of training on the sequences `rows` in `processes` processes.

    Raises TrainingError if the steps end within the warm-up, since the learning rate would never reach its peak.
    """
    training_order = TrainingOrder(recipe, rows, tokens.text_set.train_size, lambda _: torch.Generator())
    if recipe.warmup_steps > training_order.steps:
        raise TrainingError(
            f"models trained on {len(rows)} sequences take {training_order.steps} steps, which end within the warm-up",
            expected=f"at least {recipe.warmup_steps} steps (training.warmup_steps)",
            remedy="lower training.warmup_steps, raise training.epochs, or set training.forgotten to refill",
        )
    return StepArithmetic.of(
        sequences=training_order.sequences // recipe.epochs,
        mean_length=float(tokens.text_set.lengths[rows.numpy()].mean()),
        batch_size=recipe.batch_size,
        most=micro_batch_size,
        steps=training_order.steps,
        warmup_steps=recipe.warmup_steps,
        processes=processes,
    )


def train(
    task: Task, recipe: TextRecipe, rows: Tensor, role: str, model_indices: Sequence[int], name: str, worker: Worker
) -> StackResults:
    """Train one model of `role` on the sequences `rows`; `name` is that of its state.

    Raises TrainingError if an original or oracle diverges.
    """
    (index,) = model_indices
    seeded = PAIRED[0] if recipe.paired and role in PAIRED else role
    tokens: Tokens = task.source
    training_order = TrainingOrder(
        recipe,
        rows,
        tokens.text_set.train_size,
        lambda stage: torch.Generator().manual_seed(derive_seed(task.base_seed, seeded, index, stage)),
    )
    numbers = arithmetic(tokens, recipe, rows, worker.micro_batch_size, worker.group.size)
    worker.report(f"{name}: {numbers.line()}")
    stored = worker.resume.load(f"{name}.state")
    seconds_before = float(stored["seconds"]) if stored else 0.0
    curve = CurveRecorder(training_order.steps, worker.clock, stored and _below("curve/", stored))
    start, due = worker.clock(), rounds(worker)

    def refuse(finite: list[bool], step: int) -> None:
        refuse_diverged(finite, role, model_indices, f"step {step} of {training_order.steps}", recipe)

    def end_step(step: Step) -> None:
        last = step.number == training_order.steps
        curve.passed(step.tokens)
        reported = last or step.number % REPORTED == 0
        if curve.wants(step.number) or reported:
            loss = step.loss()
            if curve.wants(step.number):
                curve.note(step.number, loss, step.lr)
            if reported:
                worker.report(f"{name}: step {step.number}/{training_order.steps}, loss {loss:.3f}")
            refuse([math.isfinite(loss)], step.number)
        if not last and decided(worker.group, next(due)):
            seconds = np.array(seconds_before + worker.clock() - start)
            arrays = {f"curve/{column}": array for column, array in curve.arrays().items()}
            worker.resume.save(f"{name}.state", {**step.capture(), **arrays, "seconds": seconds})

    model = task.fresh(seeded, model_indices, worker.device)
    with products(recipe.precision):
        fit_text(
            model, task.architecture.adapter, tokens, training_order, recipe, worker, end_step=end_step, resume=stored
        )
    state = whole_state(model)
    refuse([all(np.isfinite(array).all() for array in state.values())], training_order.steps)
    worker.resume.discard(f"{name}.state")
    seconds = seconds_before + worker.clock() - start
    last, passes = recipe.epochs, float(training_order.sequences)
    return StackResults({last: [state]}, {last: passes}, {last: seconds}, passes, curves=[curve.curve()])


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
