"""A few digits, and models with fresh weights to observe on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unlearnkit import registry
from unlearnkit.artifacts.observations import Observed
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.data.images import Image
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.models.building import states_of
from unlearnkit.training.evaluation import observed_of_models
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    """The first 40 training and 10 validation digits, as images of 16 x 16 pixels."""
    return load_image_set("digits", None, train_size=40, validation_size=10, image=Image.model_validate({"side": 16}))


SMALL = {"vit_b": {"patch_size": 4, "layers": 2, "width": 24, "heads": 3}, "swin_t": {"patch_size": 2, "window": 2}}
"""Settings of models whose defaults are made for larger images."""


@pytest.fixture(scope="session")
def task_of(digits: ImageSet) -> Callable[[str], Task]:
    """A function that returns the task of a model on the digits."""
    return lambda model: task_for(digits, {"name": model, **SMALL.get(model, {})}, 0, torch.device("cpu"))


@pytest.fixture
def observed(digits: ImageSet, tmp_path: Path) -> Callable[..., Observed]:
    """A function that returns what models of a task with the seeds 0, 1, ... show on the digits, or on some rows."""

    def make(name: str, task: Task, *, models: int = 3, stack_size: int | None = None, **changes: Any) -> Observed:
        module = registry.load("observation", name)
        states = [states_of(task.architecture.build(seed))[0] for seed in range(models)]
        worker = Worker(
            torch.device("cpu"), lambda: 0.0, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None, stack_size
        )
        observe = partial(module.observe, settings=module.Settings())
        indices: Sequence[int] = range(models)
        return observed_of_models(observe, lambda i, _: states[i], indices, [1], digits, task, worker, **changes)[1]

    return make


@pytest.fixture
def logits_of(digits: ImageSet) -> Callable[[Task, int], np.ndarray]:
    """A function that returns the logits [samples, classes] of a model of a task by calling it once on all images."""

    def logits(task: Task, seed: int) -> np.ndarray:
        with torch.inference_mode():
            return task.architecture.build(seed).eval()(task.pixels.normalised(torch.arange(50))).numpy()

    return logits
