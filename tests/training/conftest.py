"""Small tasks on real digits, and workers whose resume folder lies in the test's own folder."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    """The first 300 training and 40 validation digits."""
    return load_image_set("digits", None, train_size=300, validation_size=40)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def task_of(digits: ImageSet) -> Callable[..., Task]:
    """A function (model name, base seed) that returns the task of training that model on the digits."""

    def make(model: str, base_seed: int = 0, **settings: object) -> Task:
        return task_for(digits, {"name": model, **settings}, base_seed, torch.device("cpu"))

    return make


@pytest.fixture
def worker_of(tmp_path: Path) -> Callable[..., Worker]:
    """A function that returns a worker on the CPU; every worker has a resume folder of its own unless one is named."""
    numbers = itertools.count()

    def make(
        *,
        stack_size: int | None = None,
        report: Callable[[str], None] = lambda _: None,
        checkpoint_seconds: float = 60.0,
        folder: str | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> Worker:
        resume = ResumeFolder(str(tmp_path / (folder or f"out_{next(numbers)}")), "key")
        return Worker(torch.device("cpu"), clock, resume, report, stack_size, checkpoint_seconds)

    return make
