"""Time the training of many small models against a plain loop: `python benchmarks/training.py`.

Writes benchmarks/results/training.md: CPU time per model of the embedded experiment's recipe, one thread. The
forms take turns, and the best of several rounds counts.
"""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.models.images import mlp
from unlearnkit.training.optimisation import recipe_lr
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

RECIPE = Recipe.model_validate(
    {"epochs": 12, "batch_size": 64, "lr": 0.2, "warmup_epochs": 3, "momentum": 0.9, "weight_decay": 5e-4}
)
MODELS = 100
LOOP_MODELS = 5
ROUNDS = 3
RESULT = Path(__file__).parent / "results" / "training.md"


def plain_loop(image_set: ImageSet, loader: bool) -> None:
    """Train LOOP_MODELS perceptrons one after the other as in any script, with or without a DataLoader."""
    images = torch.from_numpy(image_set.train_images).float().div(255)
    images = (images - torch.tensor(image_set.mean)[:, None, None]) / torch.tensor(image_set.std)[:, None, None]
    labels = torch.from_numpy(image_set.train_labels)
    steps = -(-len(labels) // RECIPE.batch_size)
    for seed in range(LOOP_MODELS):
        torch.manual_seed(seed)
        model = mlp.build(10, (1, 8, 8), mlp.Settings.model_validate({}))
        optimizer = torch.optim.SGD(model.parameters(), lr=RECIPE.lr, momentum=0.9, weight_decay=5e-4)
        for epoch in range(RECIPE.epochs):
            for number, (batch, target) in enumerate(_batches(images, labels, loader)):
                optimizer.param_groups[0]["lr"] = recipe_lr(RECIPE, epoch * steps + number, steps)
                optimizer.zero_grad()
                functional.cross_entropy(model(batch), target).backward()
                optimizer.step()


def engine(image_set: ImageSet, stack_size: int, models: int) -> None:
    """Train `models` perceptrons with the engine of the workflow, `stack_size` at a time."""
    task = task_for(image_set, {"name": "mlp"}, 0, torch.device("cpu"))
    worker = Worker(
        torch.device("cpu"), time.perf_counter, ResumeFolder("unused", ""), lambda text: None, stack_size, float("inf")
    )
    samples = retain_set(image_set.train_size, None)
    if models == stack_size:  # more than one stack would write resume state
        train_shard(task, RECIPE, samples, role="original", model_indices=range(models), worker=worker)
    else:
        for index in range(models):
            train_shard(task, RECIPE, samples, role="original", model_indices=[index], worker=worker)


def _batches(images: torch.Tensor, labels: torch.Tensor, loader: bool) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    if loader:
        return DataLoader(TensorDataset(images, labels), batch_size=RECIPE.batch_size, shuffle=True)
    order = torch.randperm(len(labels))
    return [(images[batch], labels[batch]) for batch in order.split(RECIPE.batch_size)]


def main() -> None:
    """Measure and write the result."""
    torch.set_num_threads(1)
    image_set = load_image_set("digits", None)
    forms: dict[str, tuple[int, Callable[[], None]]] = {
        "plain loop, DataLoader": (LOOP_MODELS, lambda: plain_loop(image_set, loader=True)),
        "plain loop, tensors": (LOOP_MODELS, lambda: plain_loop(image_set, loader=False)),
        "engine, one by one": (LOOP_MODELS, lambda: engine(image_set, 1, LOOP_MODELS)),
        "engine, stacks of 25": (25, lambda: engine(image_set, 25, 25)),
        "engine, one stack of 100": (MODELS, lambda: engine(image_set, MODELS, MODELS)),
    }
    best = dict.fromkeys(forms, np.inf)
    for _ in range(ROUNDS):
        for name, (models, form) in forms.items():
            start = time.process_time()
            form()
            best[name] = min(best[name], (time.process_time() - start) / models)
            print(f"{name}: {best[name] * 1000:.1f} ms per model", flush=True)
    base = best["plain loop, tensors"]
    rows = "".join(f"| {name} | {value * 1000:.1f} ms | {base / value:.2f} |\n" for name, value in best.items())
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        "# Training many small models\n\n"
        f"Made by `python benchmarks/training.py` on {datetime.date.today()}.\n"
        f"{os.cpu_count()} cores ({platform.machine()}), one thread used. Python {platform.python_version()},"
        f" torch {torch.__version__}.\n"
        f"Digits, perceptron 64-64-10, {RECIPE.epochs} epochs of {image_set.train_size} images in batches of"
        f" {RECIPE.batch_size}. CPU time per model, best of {ROUNDS} rounds; the forms take turns.\n\n"
        "| form | CPU time per model | models per second, relative |\n| --- | --- | --- |\n" + rows
    )


if __name__ == "__main__":
    main()
