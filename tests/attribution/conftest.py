"""Digits, a perceptron, and models of it on random subsets and on all samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from subset_pool import RECIPE, ROLE, Pool

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import State
from unlearnkit.attribution.subsets import outputs_of_models
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.data.membership import random_membership
from unlearnkit.data.rows_by_model import rows_by_model
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    return load_image_set("digits", None, train_size=150, validation_size=100)


@pytest.fixture(scope="session")
def task(digits: ImageSet) -> Task:
    torch.set_num_threads(1)
    return task_for(digits, {"name": "mlp", "hidden": [64]}, 0, torch.device("cpu"))


@pytest.fixture(scope="session")
def worker_in() -> Callable[[Path], Worker]:
    def make(folder: Path) -> Worker:
        return Worker(torch.device("cpu"), time.perf_counter, ResumeFolder(str(folder / "out"), "key"), lambda _: None)

    return make


@pytest.fixture(scope="session")
def pool(task: Task, worker_in: Callable[[Path], Worker], tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """160 models: the first are to fit to, the last 60 to be predicted."""
    worker, models = worker_in(tmp_path_factory.mktemp("pool")), range(160)
    included = random_membership(0, ROLE, models, 150, 0.5).member
    result = train_shard(task, RECIPE, rows_by_model(included), role=ROLE, model_indices=models, worker=worker)
    return Pool(included, outputs_of_models(result, models, task, worker))


@pytest.fixture(scope="session")
def originals(task: Task, worker_in: Callable[[Path], Worker], tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    worker, models = worker_in(tmp_path_factory.mktemp("originals")), range(5)
    result = train_shard(task, RECIPE, torch.arange(150), role="original", model_indices=models, worker=worker)
    return [result.states[index, RECIPE.epochs] for index in models]
