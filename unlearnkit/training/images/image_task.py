"""What is specific to image classifiers: their data set, its samples on the device, training and margins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from unlearnkit.artifacts.weights import State
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import Pixels, Samples
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.models.building import states_of
from unlearnkit.training.divergence import finite_models, refuse_diverged
from unlearnkit.training.images.loop import TrainingState, fit
from unlearnkit.training.images.predict import target_counts, values
from unlearnkit.training.shard import PAIRED, StackResults, Task, Worker, rounds

RECIPE = Recipe

__all__ = ["RECIPE", "draws", "read", "source", "target_counts", "train", "values"]

read = read_image_set


def source(image_set: ImageSet, device: torch.device) -> Pixels:
    """Return all images on a device."""
    images, labels = torch.from_numpy(image_set.images), torch.from_numpy(image_set.labels)
    return Pixels(images, labels, image_set.mean, image_set.std, device)


def draws(pixels: Pixels, indices: Tensor, generators: Sequence[torch.Generator], stage: str) -> Samples:
    """Return the samples `indices` to draw from; what the draws are for, `stage`, makes no difference."""
    return Samples(pixels, indices, generators)


def train(
    task: Task, recipe: Recipe, rows: Tensor, role: str, model_indices: Sequence[int], name: str, worker: Worker
) -> StackResults:
    """Train the models `model_indices` of `role` as one stack on the samples `rows`; `name` is that of its state.

    Raises TrainingError if originals or oracles diverge.
    """
    paired = recipe.same_initial_weights and role in PAIRED
    model = task.fresh(PAIRED[0] if paired else role, model_indices, worker.device)
    samples = Samples(task.pixels, rows, task.generators(role, model_indices, "batches"))
    stored = worker.resume.load(f"{name}.state")
    seconds_before = float(stored["seconds"]) if stored else 0.0
    start, due = worker.clock(), rounds(worker)
    worker.observer.begin(model_indices)

    def end_epoch(epoch: int, capture: Callable[[], TrainingState]) -> None:
        worker.observer.end_epoch(epoch)
        worker.report(f"{name}: epoch {epoch}/{recipe.epochs}")
        finite = finite_models(model, len(model_indices))
        refuse_diverged(finite, role, model_indices, f"epoch {epoch} of {recipe.epochs}", recipe)
        if next(due) and epoch < recipe.epochs:
            worker.observer.save()
            seconds = seconds_before + worker.clock() - start
            worker.resume.save(f"{name}.state", {**capture(), "seconds": np.array(seconds)})

    fit(model, samples, recipe, end_epoch=end_epoch, resume=stored, observer=worker.observer)
    worker.observer.save()
    worker.resume.discard(f"{name}.state")
    states: list[State] = states_of(model)
    seconds = seconds_before + worker.clock() - start
    passes, last = float(samples.passes), recipe.epochs
    return StackResults({last: states}, {last: passes}, {last: seconds / len(states)}, all_passes=passes)
