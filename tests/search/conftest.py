"""A small experiment on digits as files: what a study reads, and orders for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unlearnkit import user_plug_ins
from unlearnkit.artifacts.margins import write_margins
from unlearnkit.artifacts.store import write_array
from unlearnkit.artifacts.weights import write_weights
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.images.dataset_file import write_image_set
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.search.bench import Inputs, NothingKept
from unlearnkit.search.study import Orders
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

OrdersOf = Callable[..., Orders]
MODEL = {"name": "mlp", "hidden": [16]}
RECIPE = Recipe.model_validate({"epochs": 4, "batch_size": 50, "lr": 0.1, "warmup_epochs": 1})
FORGOTTEN = 10


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Data set, two originals and two oracles, their margins, and a forget set of ten samples."""
    folder, threads = tmp_path_factory.mktemp("made"), torch.get_num_threads()
    torch.set_num_threads(1)
    dataset = load_image_set("digits", None, train_size=200, validation_size=60)
    write_image_set(folder / "dataset.safetensors", dataset)
    forget = np.arange(FORGOTTEN)
    write_array(folder / "tuning.npy", forget)
    task = task_for(dataset, MODEL, 0, torch.device("cpu"))
    worker = Worker(torch.device("cpu"), lambda: 0.0, NothingKept(), lambda _: None)
    for role, place, left_out in (("original", "original", None), ("oracle", "oracle/tuning", forget)):
        rows = retain_set(dataset.train_size, left_out)
        trained = train_shard(task, RECIPE, rows, role=role, model_indices=range(2), worker=worker)
        (folder / place).mkdir(parents=True)
        write_weights(folder / place / "0000-0001.safetensors", trained.states, {})
        shown = margins_of_models(trained.whole_state, range(2), sorted(trained.passes), dataset, task, worker)
        write_margins(folder / place / "0000-0001.margins.parquet", shown, {})
    torch.set_num_threads(threads)
    return Inputs(
        str(folder / "dataset.safetensors"),
        (str(folder / "tuning.npy"),),
        (str(folder / "original/0000-0001.safetensors"),),
        tuple(str(folder / place / "0000-0001.margins.parquet") for place in ("original", "oracle/tuning")),
    )


@pytest.fixture
def stumbling() -> Iterator[None]:
    """The tests' own method, known to this process and to those that it starts."""
    user_plug_ins.adopt({"method": {"stumbling": str(Path(__file__).with_name("stumbling.py"))}})
    yield
    user_plug_ins.adopt({})


@pytest.fixture
def orders_of(made: Inputs, stumbling: None, tmp_path: Path) -> OrdersOf:
    """A function that returns orders for a study of the tests' own method, each with a table of its own."""
    numbers = itertools.count()

    def orders(**changes: Any) -> Orders:
        settings = {
            "search": "own",
            "study": 0,
            "method": "stumbling",
            "fixed": {"folder": str(tmp_path)},
            "elsewhere": {},
            "forget_sets": ["tuning"],
            "models": 1,
            "objective": "oracle_free",
            "budget": 1.0,
            "training_epochs": RECIPE.epochs,
            "model": MODEL,
            "unlearned_from": "each",
            "trials": 5,
            "sampler": "nsga3",
            "population": 2,
            "seed": 0,
            **changes,
        }
        table = str(tmp_path / f"{next(numbers)}" / "0.parquet")
        return Orders(made, table, "a" * 64, settings, {"device": "cpu"}, 1)

    return orders
