"""Originals and oracles that diverge are refused by the job that trains them, in words that lead out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from small_text import positions_text
from small_text import recipe as text_recipe

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.errors import TrainingError
from unlearnkit.training.divergence import refuse_diverged
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import ShardResult, Task, Worker

WILD: dict[str, Any] = {
    "epochs": 6, "batch_size": 8, "lr": 100, "weight_decay": 1, "momentum": 0.99, "warmup_epochs": 1
}  # fmt: skip
TrainOf = Callable[..., ShardResult]


@pytest.fixture
def train(task_of: Callable[..., Task], worker_of: Callable[..., Worker]) -> TrainOf:
    def run(role: str = "original", **changes: Any) -> ShardResult:
        recipe, rows = Recipe.model_validate(WILD | changes), torch.arange(60)
        task = task_of("mlp", hidden=(8,))
        return train_shard(task, recipe, rows, role=role, model_indices=range(4, 6), worker=worker_of())

    return run


@pytest.mark.parametrize(
    ("role", "words"), [("original", "originals"), ("oracle", "oracles"), ("held_out_oracle", "held-out oracles")]
)
def test_images_are_refused_at_the_epoch_and_the_remedy_helps(train: TrainOf, role: str, words: str) -> None:
    message = rf"by epoch 2 of 6 the weights of 2 of 2 {words} .* \(models 4, 5\).* Lower the .* \(training\.lr: 100\)"
    with pytest.raises(TrainingError, match=message):
        train(role)
    states = train(role, lr=0.1).states.values()
    assert all(np.isfinite(array).all() for state in states for array in state.values())


def test_models_on_random_subsets_are_left_to_the_fit(train: TrainOf) -> None:
    assert not all(np.isfinite(state["1.weight"]).all() for state in train("datamodel").states.values())


@pytest.mark.parametrize("reported", [1, 50], ids=["by its loss", "by its weights"])
def test_a_language_model_is_refused(
    reported: int, worker_of: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unlearnkit.training.language.text_task.REPORTED", reported)
    text_set = positions_text("document")
    task = task_for(text_set, {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2}, 0, torch.device("cpu"))
    wild = text_recipe(epochs=12, lr=100.0, weight_decay=10.0)
    rows = torch.arange(text_set.train_size)
    message = r"by step \d+ of \d+ .* 1 of 1 originals .*\(model 0\).*\(training\.lr: 100\)"
    with pytest.raises(TrainingError, match=message):
        train_shard(task, wild, rows, role="original", model_indices=[0], worker=worker_of())


def test_only_the_models_that_diverged_are_named() -> None:
    recipe = Recipe.model_validate({})
    refuse_diverged([True] * 3, "oracle", range(3), "epoch 1 of 2", recipe)
    with pytest.raises(TrainingError, match=r"1 of 3 oracles .*\(model 8\)"):
        refuse_diverged([True, False, True], "oracle", range(7, 10), "epoch 1 of 2", recipe)
    with pytest.raises(TrainingError, match=r"\(models 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 90 more\)"):
        refuse_diverged([False] * 100, "oracle", range(100), "epoch 1 of 2", recipe)
