"""Knowledge unlearning: one step per epoch on the whole forget set, until the means over it are below the limits."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bench import CPU, same
from made_text import made_text
from memory import Memory
from torch import nn

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.methods.stopping import StoppedSettings
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.errors import TrainingError
from unlearnkit.methods.language import kumpr
from unlearnkit.models.building import states_of
from unlearnkit.registry import load
from unlearnkit.training.shard import StackResults, Worker
from unlearnkit.training.unlearning import run_method
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

FORGET = np.arange(3, 30, 3)
LEARNING = {"epochs": 60, "batch_size": 10, "order": "shuffled", "lr": 1e-2, "warmup_steps": 5, "schedule": "linear"}
SETTINGS: dict[str, Any] = {"lr": 2e-3, "n": 4, "epochs": 30}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """A model that knows thirty sequences by heart."""
    text = made_text(30, 8, vocabulary=60, shortest=10, longest=14, per_unit=1)
    recipe = TextRecipe.model_validate({**LEARNING, "weight_decay": 0.0})
    model = {"name": "gpt2", "layers": 1, "width": 32, "heads": 2}
    return Memory(tmp_path_factory.mktemp("memory"), text, model, recipe, FORGET)


def run(memory: Memory, folder: Path, micro_batch_size: int | None = None, **settings: Any) -> StackResults:
    """What is kept of every epoch."""
    chosen = load("method", "kumpr").Settings.model_validate({**SETTINGS, **settings})
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(folder), "key"), lambda _: None)
    worker = replace(worker, micro_batch_size=micro_batch_size)
    procedure = UnlearningRecipe("kumpr", chosen, tuple(range(1, chosen.epochs + 1)))
    return run_method(memory.task, procedure, memory.split, memory.original, {}, (0,), worker)


def means(kept: StackResults, column: str) -> list[float]:
    """The mean of a column of the curve in every epoch 0, 1, ..."""
    (curve,) = kept.curves
    return [float(curve[column][curve["epoch"] == epoch].mean()) for epoch in range(curve["epoch"].max() + 1)]


@pytest.fixture(scope="module")
def stopped(memory: Memory, tmp_path_factory: pytest.TempPathFactory) -> StackResults:
    """A run of at most thirty epochs."""
    return run(memory, tmp_path_factory.mktemp("stopped"))


def test_a_run_stops_after_the_first_epoch_with_both_means_below_their_limits(
    memory: Memory, stopped: StackResults
) -> None:
    (note,) = stopped.notes
    found = re.fullmatch(
        r"model 0: stopped after epoch (\d+): accuracy 0\.\d{4} < 0\.2994 and likelihood 0\.\d{4} < 0\.0499", note
    )
    assert found
    last = int(found[1])
    assert 2 < last < 30
    accuracy, likelihood = means(stopped, "accuracy"), means(stopped, "likelihood")
    below = [a < 0.2994 and e < 0.0499 for a, e in zip(accuracy, likelihood, strict=True)]
    assert below == [*[False] * last, True]
    # what the original knew: everything that can be known of random tokens
    assert accuracy[0] > 0.8 > 0.5 > accuracy[-1]
    assert likelihood[0] > 0.7
    assert same(stopped.states[last][0], stopped.states[30][0])
    assert not same(stopped.states[last - 1][0], stopped.states[last][0])
    assert stopped.passes[30] == stopped.passes[last] == last * len(FORGET)
    assert memory.known(memory.task.architecture.load(stopped.states[last][0]).eval()).forget_loss > 2


def test_every_step_is_the_whole_forget_set(memory: Memory, tmp_path: Path) -> None:
    seen: list[int] = []

    def note(part: nn.Module, inputs: Any) -> None:
        if part.training:
            seen.append(len(inputs[0]))

    hook = memory.original.register_forward_pre_hook(note)
    try:
        whole = run(memory, tmp_path / "whole", epochs=2)
        assert seen == [len(FORGET)] * 2
        parts = run(memory, tmp_path / "parts", 4, epochs=2)
        assert seen[2:] == [4, 4, 1] * 2
    finally:
        hook.remove()
    for name, array in whole.states[2][0].items():
        np.testing.assert_allclose(parts.states[2][0][name], array, atol=2e-4, err_msg=name)


def test_a_run_that_does_not_forget_ends_with_its_epochs_and_says_so(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, epochs=2, lr=0.0)
    assert kept.notes[-1].startswith("model 0: ran all 2 epochs, which are the most that it may: accuracy ")
    assert same(kept.states[2][0], states_of(memory.original)[0])


def test_no_run_stops_before_its_fewest_epochs(memory: Memory, tmp_path: Path, stopped: StackResults) -> None:
    last = stopped.curves[0]["epoch"].max()
    later = run(memory, tmp_path, min_epochs=last + 2)
    assert f"stopped after epoch {last + 2}:" in later.notes[-1]


def test_thresholds_of_the_original_on_validation_sequences(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, thresholds="holdout", holdout=5, epochs=3)
    found = re.fullmatch(
        r"model 0: thresholds of the reference on 5 validation sequences: accuracy (0\.\d{4}), likelihood (0\.\d{4})",
        kept.notes[1],
    )
    assert found
    # sequences of random tokens that it never saw
    assert float(found[1]) < 0.1
    assert float(found[2]) < 0.05


@pytest.mark.parametrize(("thresholds", "why"), [("fixed", ""), ("holdout", "accuracy 0.1250 <= 0.1250")])
def test_a_limit_of_unseen_text_that_no_value_is_below_can_be_reached(thresholds: str, why: str) -> None:
    watch: Any = object.__new__(kumpr.Forgotten)
    watch.settings = kumpr.Settings.model_validate({"thresholds": thresholds})
    watch.limits = {"accuracy": 0.125, "likelihood": 0.0}
    seen = {"accuracy": torch.tensor([0.0, 0.25]), "likelihood": torch.zeros(2)}
    assert watch.reason(seen).startswith(why) and bool(watch.reason(seen)) == bool(why)
    assert watch.reason({**seen, "likelihood": torch.tensor([0.0, 0.1])}) == ""


@pytest.mark.parametrize("thresholds", ["fixed", "holdout"])
def test_sequences_too_short_for_the_rule_are_refused(memory: Memory, tmp_path: Path, thresholds: str) -> None:
    with pytest.raises(TrainingError, match="EL_10 from prefixes of 20 tokens or more stops the run, but no forget"):
        run(memory, tmp_path, n=10, first_prefix=20, thresholds=thresholds)


def test_fewer_epochs_than_the_fewest_are_refused() -> None:
    with pytest.raises(ValueError, match="min_epochs is 3, but there are 2 epochs at most"):
        StoppedSettings.model_validate({"epochs": 2, "min_epochs": 3})
