"""Every architecture is trained, interrupted, resumed and evaluated on another device as on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from interruption import InterruptionError, interrupting
from pretrained_bases import base_of
from small_text import positions_text, recipe

from unlearnkit import registry
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

CPU = torch.device("cpu")
IMAGES, TEXT = (
    [name for name in registry.MODELS if registry.task_of(registry.load("model", name)) == task]
    for task in ("image", "text")
)
# small steps: a batch norm over few numbers makes much of rounding
IMAGE_RECIPE = Recipe.model_validate(
    {"epochs": 2, "batch_size": 6, "lr": 1e-5, "warmup_epochs": 1, "augmentation": "crop_flip"}
)
SMALL_IMAGES = {
    "vit_b": {"patch_size": 4, "layers": 2, "width": 24, "heads": 3},
    "swin_t": {"width": 12, "depths": [1, 2], "heads": [2, 3]},
}
"""Settings of models for images whose defaults are large."""

OWN_SETTINGS = {"gpt_neo": {"window": 4}, "qwen2": {"kv_heads": 2}, "llama": {"kv_heads": 1}}
"""Settings of language models beyond their size."""

OWN_RECIPES = {"gpt_neo": {"order": "shuffled"}, "nanogpt": {"optimizer": "muon"}}


def trained(dataset: Any, model: dict[str, Any], own: Any, worker: Worker, line: str) -> Iterator[np.ndarray]:
    """Train a model, interrupted where `line` is reported; yield its tensors and its margins."""
    task = task_for(dataset, model, 0, worker.device)

    def train(report: Callable[[str], None]) -> Any:
        rows, at_once = torch.arange(dataset.train_size), replace(worker, report=report, checkpoint_seconds=0)
        return train_shard(task, own, rows, role="original", model_indices=[0], worker=at_once)

    with pytest.raises(InterruptionError):
        train(interrupting(line))
    result = train(lambda _: None)
    yield from result.states[0, own.epochs].values()
    margins = margins_of_models(
        lambda *_: result.states[0, own.epochs], [0], [own.epochs], dataset, task, worker, rows=np.arange(4)
    )
    yield margins[own.epochs].margins


def assert_same(expected: Iterator[np.ndarray], found: Iterator[np.ndarray]) -> None:
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", IMAGES)
def test_images(name: str, digits: ImageSet, worker_of: Callable[..., Worker], elsewhere: torch.device) -> None:
    few = digits.subset(12, 2)
    few = replace(few, images=few.images.repeat(2, axis=2).repeat(2, axis=3))  # ResNet-9 needs 12 pixels
    workers = (replace(worker_of(), device=device) for device in (CPU, elsewhere))
    assert_same(
        *(
            trained(few, {"name": name, **SMALL_IMAGES.get(name, {})}, IMAGE_RECIPE, worker, "epoch 2/2")
            for worker in workers
        )
    )


@pytest.mark.parametrize(
    "name", [name if name in ("nanogpt", "pretrained") else pytest.param(name, marks=pytest.mark.slow) for name in TEXT]
)
def test_text(
    name: str, worker_of: Callable[..., Worker], elsewhere: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unlearnkit.training.language.text_task.REPORTED", 1)
    text_set = positions_text("document")
    small = {"name": name, "layers": 2, "width": 16, "heads": 2, **OWN_SETTINGS.get(name, {})}
    if name == "pretrained":
        folder, _ = base_of(vocabulary=text_set.vocabulary_size)
        small = {"name": name, "source": {"folder": str(folder)}, "adapter": {"rank": 2, "dropout": 0.0}}
    slow = recipe(lr=1e-4, muon_lr=1e-3, **OWN_RECIPES.get(name, {}))
    workers = (replace(worker_of(), device=device, micro_batch_size=3) for device in (CPU, elsewhere))
    assert_same(*(trained(text_set, small, slow, worker, "step 3/") for worker in workers))
