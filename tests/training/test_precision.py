"""On a GPU products keep all bits of float32 unless the recipe says tf32, and margins keep them always."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from small_text import positions_text, recipe
from torch.nn.modules import module

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.originals import train_shard
from unlearnkit.training.precision import products
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker
from unlearnkit.training.unlearning import run_method
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

CPU = torch.device("cpu")
EXACT, ROUNDED = (False, False), (True, True)
WorkerOf = Callable[..., Worker]


def switches() -> tuple[bool, bool]:
    """Return whether convolutions and matrix products on a GPU may round to TF32."""
    return torch.backends.cudnn.allow_tf32, bool(torch.backends.cuda.matmul.allow_tf32)


@pytest.fixture
def seen() -> Iterator[set[tuple[bool, bool]]]:
    """The switches whenever a layer computes, forward or backward; outside both are on, which nothing may change."""
    found: set[tuple[bool, bool]] = set()
    hooks = [
        module.register_module_forward_pre_hook(lambda *_: found.add(switches())),
        module.register_module_full_backward_pre_hook(lambda *_: found.add(switches())),
    ]
    with products("tf32"):
        yield found
        assert switches() == ROUNDED
    for hook in hooks:
        hook.remove()


def small_task(kind: str, digits: ImageSet) -> tuple[Any, Task]:
    text = kind == "text"
    dataset = positions_text("document") if text else digits
    small = {"layers": 1, "width": 16, "heads": 2} if text else {}
    return dataset, task_for(dataset, {"name": "nanogpt" if text else "small_cnn", **small}, 0, CPU)


@pytest.mark.parametrize("kind", ["image", "text"])
@pytest.mark.parametrize(("precision", "expected"), [("float32", EXACT), ("tf32", ROUNDED), ("bfloat16", EXACT)])
def test_training_follows_the_recipe_and_margins_are_exact(
    kind: str, precision: str, expected: tuple[bool, bool], digits: ImageSet, worker_of: WorkerOf, seen: set[Any]
) -> None:
    dataset, task = small_task(kind, digits)
    images = Recipe.model_validate({"epochs": 1, "batch_size": 150, "lr": 0.1, "precision": precision})
    own = recipe(precision=precision) if kind == "text" else images
    rows = torch.arange(dataset.train_size)
    result = train_shard(task, own, rows, role="original", model_indices=[0], worker=worker_of())
    assert seen == {expected}
    seen.clear()
    ((key, state),) = result.states.items()
    margins_of_models(lambda *_: state, [0], [key[1]], dataset, task, worker_of(), rows=np.arange(4))
    assert seen == {EXACT}


@pytest.mark.parametrize(
    ("method", "expected"), [("fine_tune", EXACT), ("early_stopped_retrain", ROUNDED), ("eu_k", ROUNDED)]
)
def test_methods_round_where_they_train_by_the_recipe(
    method: str, expected: tuple[bool, bool], digits: ImageSet, worker_of: WorkerOf, seen: set[Any]
) -> None:
    _, task = small_task("image", digits)
    own = {"epochs": 1, "batch_size": 150, "lr": 0.1, "precision": "tf32"}
    settings = {} if method == "early_stopped_retrain" else {"epochs": 1}
    procedure = UnlearningRecipe.from_slice({"method": method, "settings": settings, "snapshots": [1], "training": own})
    split = UnlearningSplit.of(digits, np.arange(5))
    model = task.fresh("original", [0], CPU)
    run_method(task, procedure, split, model, {}, (0,), worker_of())
    assert seen == {expected}


@pytest.mark.parametrize(("precision", "expected"), [("float32", EXACT), ("tf32", ROUNDED), ("bfloat16", EXACT)])
def test_language_methods_round_where_their_own_settings_say_so(
    precision: str, expected: tuple[bool, bool], digits: ImageSet, worker_of: WorkerOf, seen: set[Any]
) -> None:
    dataset, task = small_task("text", digits)
    settings = {"steps": 1, "batch_size": 4, "precision": precision}
    procedure = UnlearningRecipe.from_slice({"method": "npo_kl", "settings": settings, "snapshots": [1]})
    model = task.fresh("original", [0], CPU)
    run_method(task, procedure, UnlearningSplit.of(dataset, np.arange(3)), model, {}, (0,), worker_of())
    assert seen == {expected}


def test_the_switches_are_put_back_after_an_error() -> None:
    before = switches()

    def train(precisions: Sequence[str]) -> None:
        with products(precisions[0]):
            train(precisions[1:])

    with pytest.raises(IndexError):
        train(["tf32", "float32"])
    assert switches() == before
