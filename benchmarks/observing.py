"""Measure what recording loss and accuracy costs: `python benchmarks/observing.py`.

Writes benchmarks/results/observing.md: CPU time of training with an observer divided by that without one, one thread.
Both take turns, and the least of several rounds counts.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.training.observer import EpochCurves
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

RECIPE = Recipe.model_validate(
    {"epochs": 4, "batch_size": 64, "lr": 0.05, "warmup_epochs": 1, "momentum": 0.9, "weight_decay": 5e-4}
)
FORMS = {"perceptron 64-64-10, one stack of 100": ("mlp", 100), "small_cnn, one model": ("small_cnn", 1)}
ROUNDS = 6
RESULT = Path(__file__).parent / "results" / "observing.md"


def seconds(image_set: ImageSet, model: str, models: int, *, observed: bool) -> float:
    """Return the CPU seconds of training a stack."""
    task = task_for(image_set, {"name": model}, 0, torch.device("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        resume = ResumeFolder(f"{folder}/some", "")
        worker = Worker(torch.device("cpu"), time.perf_counter, resume, lambda _: None, models, float("inf"))
        if observed:
            worker = dataclasses.replace(worker, observer=EpochCurves(resume))
        start = time.process_time()
        samples = retain_set(image_set.train_size, None)
        train_shard(task, RECIPE, samples, role="original", model_indices=range(models), worker=worker)
        return time.process_time() - start


def main() -> None:
    """Measure and write the result."""
    torch.set_num_threads(1)
    image_set, rows = load_image_set("digits", None), ""
    for name, (model, models) in FORMS.items():
        taken = np.array(
            [
                [seconds(image_set, model, models, observed=observed) for observed in (False, True)]
                for _ in range(ROUNDS)
            ]
        )
        without, seen = taken.min(axis=0)
        rows += f"| {name} | {without:.3f} s | {seen:.3f} s | {seen / without:.3f} |\n"
        print(rows, flush=True)
    RESULT.write_text(
        "# What recording loss and accuracy costs\n\n"
        f"Made by `python benchmarks/observing.py` on {datetime.date.today()}.\n"
        f"{os.cpu_count()} cores ({platform.machine()}), one thread used. Python {platform.python_version()},"
        f" torch {torch.__version__}.\n"
        f"Digits, {RECIPE.epochs} epochs of {image_set.train_size} images in batches of {RECIPE.batch_size}. CPU time,"
        f" least of {ROUNDS} rounds; with and without take turns.\n\n"
        "| models | without | with | ratio |\n| --- | --- | --- | --- |\n" + rows
    )


if __name__ == "__main__":
    main()
