"""Models of a pool: each is trained on samples of its own, and its margins tell which these are."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from unlearnkit.artifacts.membership import Membership, read_membership, write_membership
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.data.membership import random_membership
from unlearnkit.data.rows_by_model import rows_by_model
from unlearnkit.metrics.population import Population
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

MODELS = range(16)
RECIPE = Recipe.model_validate({"epochs": 30, "batch_size": 20, "lr": 0.2, "warmup_epochs": 1})
ROLE = "pool/halves"


def worker_in(folder: Path) -> Worker:
    return Worker(torch.device("cpu"), time.perf_counter, ResumeFolder(str(folder / "out"), "key"), lambda _: None)


def test_margins_of_members_are_higher_than_those_of_other_models(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    digits = load_image_set("digits", None, train_size=120, validation_size=60)
    task = task_for(digits, {"name": "mlp", "hidden": [32]}, 0, torch.device("cpu"))
    write_membership(tmp_path / "0000-0015.safetensors", random_membership(0, ROLE, MODELS, 120, 0.5, 10), {})
    membership = read_membership(tmp_path / "0000-0015.safetensors", 16, 120)

    worker, rows = worker_in(tmp_path), rows_by_model(membership.member)
    result = train_shard(task, RECIPE, rows, role=ROLE, model_indices=MODELS, worker=worker)
    found = margins_of_models(lambda k, epoch: result.states[k, epoch], MODELS, [30], digits, task, worker)[30]

    own = membership.on(found.split, found.sample_index)
    split = np.where(found.split == "train", "retain", found.split)
    pool = Population(found.margins, found.correct, split, member=own.member, forgotten=own.forgotten)
    member = pool.of_split("retain").trained_on(("retain",))
    margins = pool.of_split("retain").margins
    inside, outside = (np.nanmean(np.where(chosen, margins, np.nan), axis=0) for chosen in (member, ~member))
    # measured: 116 of 120 samples, by 5.5 nats on average; half of them and 0 if members did not differ
    assert (inside > outside).mean() > 0.75
    assert np.mean(inside - outside) > 0.5
    assert not pool.of_split("validation").trained_on(("retain",)).any()


def test_models_with_different_numbers_of_samples_are_trained_one_at_a_time(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    digits = load_image_set("digits", None, train_size=60, validation_size=20)
    task = task_for(digits, {"name": "mlp", "hidden": [8]}, 0, torch.device("cpu"))
    recipe = RECIPE.model_copy(update={"epochs": 2})
    member = np.zeros((3, 60), dtype=bool)
    for model, size in enumerate((60, 40, 25)):
        member[model, :size] = True
    rows = rows_by_model(Membership(member, np.zeros_like(member)).member)
    together = train_shard(task, recipe, rows, role=ROLE, model_indices=range(3), worker=worker_in(tmp_path / "a"))
    assert together.stack_size == 1
    assert together.passes[2] == pytest.approx(2 * (60 + 40 + 25) / 3)
    alone = train_shard(task, recipe, rows[1], role=ROLE, model_indices=[1], worker=worker_in(tmp_path / "b"))
    for name, tensor in alone.states[1, 2].items():
        assert np.array_equal(tensor, together.states[1, 2][name]), name
