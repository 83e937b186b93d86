"""Attacks on language models: what is relearnt, from whose seed, and that a tied or adapted model stays whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_threes import CPU
from made_pairs import made_pairs
from pretrained_bases import base_of

from unlearnkit import user_plug_ins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import State
from unlearnkit.commands import new_attack
from unlearnkit.commands.new import alone
from unlearnkit.models.building import states_of
from unlearnkit.models.language.whole import merging
from unlearnkit.training.attacking import Attack, attack_shard
from unlearnkit.training.language.sequence_values import values_of_sequences
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker

FORGET = np.arange(30, 40)


@pytest.fixture(scope="module")
def task() -> Task:
    return task_for(made_pairs(40, 4), {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2}, 0, CPU)


def attacked(task: Task, folder: Path, attack: str, **settings: Any) -> State:
    """Return what an attack makes of model 0, which is freshly drawn."""
    own = Attack.of(attack, settings)
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(folder / "out"), "key"), lambda _: None)
    split = UnlearningSplit.of(made_pairs(40, 4), FORGET)
    made = attack_shard(task, own, split, state_of=lambda _: fresh(task), model_indices=[0], worker=worker)
    return made.states[0, own.last]


def fresh(task: Task) -> State:
    return states_of(task.architecture.build(0))[0]


def losses(task: Task, state: State) -> np.ndarray:
    return values_of_sequences(task.architecture.load(state).eval(), task.source, torch.arange(44))["loss_sum"]


def test_items_of_the_forget_set_are_relearnt_and_no_others(task: Task, tmp_path: Path) -> None:
    before = losses(task, fresh(task))
    after = losses(task, attacked(task, tmp_path, "token_relearn", items=3, steps=12, batch_size=3, lr=0.01))
    fell = before - after
    relearnt = np.argsort(fell)[::-1][:3]
    # three of the ten fall most, by learning them by heart
    assert {*relearnt} <= {*FORGET}
    assert fell[relearnt].min() > 2 * np.abs(np.delete(fell, relearnt)).mean()


def test_an_attack_that_is_begun_works_as_it_is(task: Task, tmp_path: Path) -> None:
    user_plug_ins.adopt({"attack": {"begun": str(alone(new_attack.KIND, tmp_path, "begun", "text"))}})
    try:
        after = attacked(task, tmp_path, "begun", items=3, steps=2, batch_size=3, lr=0.01)
    finally:
        user_plug_ins.adopt({})
    assert any(np.any(array != after[name]) for name, array in fresh(task).items())


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_terms_and_base_are_attacked_as_one_model(family: str, tmp_path: Path) -> None:
    settings = {"name": "pretrained", "source": {"folder": str(base_of(family)[0])}}
    task, plain = (task_for(made_pairs(40, 4), {**settings, **own}, 0, CPU) for own in ({}, {"adapter": None}))
    before = fresh(task)
    # terms that are not zero
    stirred = {name: array + 0.02 if "lora_B" in name else array for name, array in before.items()}
    made = {
        attack: attack_shard(
            plain,
            Attack.of(attack, own),
            UnlearningSplit.of(made_pairs(40, 4), FORGET),
            state_of=merging(lambda _: stirred, task.architecture),
            model_indices=[0],
            worker=Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / attack), "key"), lambda _: None),
        ).states[0, 0]
        for attack, own in {"prune": {"share": 0.0}, "quantise": {"bits": 4}}.items()
    }
    merged = made["prune"]  # of which nothing is pruned
    np.testing.assert_allclose(losses(plain, merged), losses(task, stirred), rtol=1e-4, atol=1e-4)
    assert (np.abs(losses(task, stirred) - losses(task, before)) > 0.01).any()
    assert made["quantise"].keys() == merged.keys() == plain.architecture.expected_state().keys()
    for name, array in merged.items():
        # output channels of GPT-2's Conv1D lie along the second axis
        axis = 0 if family == "gpt2" and ".h." in name else 1
        scale = np.abs(array).max(axis=axis, keepdims=True) / 7 if array.ndim > 1 else 0
        assert (np.abs(made["quantise"][name] - array) <= scale * 0.5001).all()
    # the base that others share is as it was
    np.testing.assert_array_equal(losses(task, before), losses(plain, fresh(plain)))


def test_further_training_reads_no_forgotten_pair(task: Task, tmp_path: Path) -> None:
    settings = {"steps": 8, "batch_size": 10, "lr": 0.01}
    kept, new = (
        losses(task, attacked(task, tmp_path / on, "token_fine_tune", on=on, **settings))
        for on in ("retain", "validation")
    )
    before = losses(task, fresh(task))
    assert (before - kept)[:30].mean() > (before - kept)[FORGET].mean()
    assert (before - new)[40:].mean() > (before - new)[FORGET].mean()


@pytest.mark.parametrize(("attack", "settings"), [("quantise", {}), ("prune", {"share": 0.95})])
def test_weights_of_language_models_are_changed_and_nothing_else(
    task: Task, tmp_path: Path, attack: str, settings: dict[str, Any]
) -> None:
    # of a fresh model many weights are zero, and stay so
    before, after = fresh(task), attacked(task, tmp_path, attack, **settings)
    assert before.keys() == after.keys()
    changed = {name for name, array in before.items() if not np.array_equal(after[name], array)}
    assert changed and all(before[name].ndim > 1 for name in changed)
    assert np.isfinite(losses(task, after)).all()
