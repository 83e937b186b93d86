"""Training and unlearning on a base: resumed to the bit, factors alone in the files, one base, and the same in full."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pretrained_bases import base_of
from small_text import CPU, order_of, positions_text, recipe

from unlearnkit import registry
from unlearnkit.artifacts.weights import WeightFile, write_weights
from unlearnkit.errors import ArtifactError
from unlearnkit.models.language.pretrained_model import BASE
from unlearnkit.training.language.text_loop import fit_text, whole_state
from unlearnkit.training.originals import train_shard
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

TEXT = positions_text("document")
ADAPTER = {"rank": 2, "dropout": 0.2, "alpha": 4}


def task_on(seed: int = 0, adapter: dict[str, Any] | None = ADAPTER, **settings: Any) -> Task:
    folder, _ = base_of(vocabulary=TEXT.vocabulary_size, seed=seed)
    model = {"name": "pretrained", "source": {"folder": str(folder)}, "adapter": adapter, **settings}
    return task_for(TEXT, model, 0, CPU)


@pytest.mark.parametrize(
    "settings", [{}, {"adapter": None}, {"gradient_checkpointing": True}], ids=["adapter", "full", "checkpoints"]
)
def test_a_resumed_run_ends_in_the_same_bits(settings: dict[str, Any], worker_of: Callable[..., Worker]) -> None:
    task, own, moments = task_on(**settings), recipe(epochs=1), []
    training_order = order_of(own, torch.arange(TEXT.train_size), TEXT)

    def run(resume: Any = None, end_step: Callable[..., Any] = lambda _: None) -> dict[str, np.ndarray]:
        model, parts = task.fresh("original", [0], CPU), task.architecture.adapter
        fit_text(model, parts, task.source, training_order, own, worker_of(), end_step=end_step, resume=resume)
        return whole_state(model)

    whole = run(end_step=lambda step: moments.append(step.capture()))
    assert len(moments) == training_order.steps > 2
    resumed = run(resume=moments[1])
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    assert any(not np.array_equal(whole[name], moments[1][f"model/{name}"]) for name in whole)


def trained(task: Task, worker: Worker, models: tuple[int, ...] = (0, 1)) -> Any:
    rows = torch.arange(TEXT.train_size)
    return train_shard(task, recipe(epochs=1, lr=1e-2), rows, role="original", model_indices=models, worker=worker)


def test_originals_and_unlearned_models_are_factors_on_one_base(
    tmp_path: Path, worker_of: Callable[..., Worker]
) -> None:
    task = task_on()
    originals = trained(task, worker_of())
    assert all("lora_" in name or name in (BASE, "draws.draws") for name in originals.states[0, 1])
    assert any((originals.states[0, 1][n] != originals.states[1, 1][n]).any() for n in originals.states[0, 1])
    file = tmp_path / "original.safetensors"
    write_weights(file, originals.states, {})
    settings = registry.load("method", "npo").Settings(steps=3, batch_size=4, lr=1e-2)
    split = UnlearningSplit.of(TEXT, np.arange(3))
    result = unlearn_shard(
        task,
        UnlearningRecipe("npo", settings, (3,)),
        split,
        originals=WeightFile(file),
        held_out_oracles=None,
        model_indices=(0, 1),
        worker=worker_of(),
    )
    unlearned = result.states[0, 3]
    assert unlearned.keys() == originals.states[0, 1].keys()
    moved = {name for name in unlearned if (unlearned[name] != originals.states[0, 1][name]).any()}
    assert moved == {name for name in unlearned if name != BASE}
    # the base is what it was: a fresh model is still the base
    _, network = base_of(vocabulary=TEXT.vocabulary_size)
    tokens = torch.arange(16).reshape(2, 8)
    assert torch.equal(task.architecture.build(0).eval()(tokens), network(tokens).logits)
    values = task.kind.values([unlearned], task, torch.arange(4), worker_of(), None)
    assert np.isfinite(values["margins"]).all()


def test_unlearning_factors_of_another_base_is_refused(tmp_path: Path, worker_of: Callable[..., Worker]) -> None:
    file = tmp_path / "original.safetensors"
    write_weights(file, trained(task_on(seed=1), worker_of(), (0,)).states, {})
    with pytest.raises(ArtifactError, match="low-rank terms belong to another base"):
        unlearn_shard(
            task_on(),
            UnlearningRecipe("ga", registry.load("method", "ga").Settings(steps=1, batch_size=4), (1,)),
            UnlearningSplit.of(TEXT, np.arange(3)),
            originals=WeightFile(file),
            held_out_oracles=None,
            model_indices=(0,),
            worker=worker_of(),
        )


def test_accumulation_divides_the_loss_once(worker_of: Callable[..., Worker]) -> None:
    task = task_on(adapter={"rank": 2, "dropout": 0.0})
    whole = trained(task, worker_of(), (0,)).states[0, 1]
    parts = trained(task, dataclasses.replace(worker_of(), micro_batch_size=2), (0,)).states[0, 1]
    assert max(float(np.abs(whole[name].astype(float) - parts[name]).max()) for name in whole) < 1e-4
