"""Planted, found: methods that hide are exposed by an attack, while models that never knew are not."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from known_threes import MODELS, KnownThrees, brings_back
from torch import nn
from transformers.pytorch_utils import Conv1D

from unlearnkit.attacks.quantise import Settings, attack
from unlearnkit.attacks.weights import channels_in

RELEARN = {"items": 5, "epochs": 4, "lr": 0.01}
"""Five of about forty threes, four steps."""


def test_both_methods_look_as_if_they_had_forgotten(models: KnownThrees) -> None:
    assert models.knows("original") > 3
    assert models.knows("oracle") < -5
    for hiding in ("rounding_trick", "late_layers"):
        assert models.knows(hiding) < 0


def test_int4_brings_back_what_moved_by_less_than_half_a_step(models: KnownThrees) -> None:
    assert models.knows("rounding_trick", "quantise", bits=4) > 3
    assert brings_back(models, "rounding_trick", "quantise", bits=4) > 5
    # to the bit: the rounded weights are those of the rounded originals
    hidden, known = (models.states(name, "quantise", bits=4) for name in ("rounding_trick", "original"))
    for index in MODELS:
        for name, array in known(index).items():
            np.testing.assert_array_equal(hidden(index)[name], array)


def test_int4_does_nothing_for_models_that_never_knew(models: KnownThrees) -> None:
    assert abs(models.knows("oracle", "quantise", bits=4) - models.knows("oracle")) < 1


def test_relearning_a_few_brings_back_what_late_layers_hid(models: KnownThrees) -> None:
    # the threes that are not relearnt come back as well: the margins are those of all
    assert models.knows("late_layers", "relearn", **RELEARN) > 0
    assert models.knows("oracle", "relearn", **RELEARN) < -2
    assert brings_back(models, "late_layers", "relearn", **RELEARN) > 2


def test_one_attack_does_not_find_everything(models: KnownThrees) -> None:
    assert abs(brings_back(models, "late_layers", "quantise", bits=4)) < 2
    assert abs(brings_back(models, "rounding_trick", "quantise", bits=8)) < 2


def test_cells_of_gpt2_are_those_of_its_output_channels(repository: Path) -> None:
    cell = runpy.run_path(str(repository / "experiments/planted/rounding_trick.py"))["cell"]
    torch.manual_seed(0)
    known: Any = nn.Sequential(Conv1D(3, 4))
    hidden: Any = nn.Sequential(Conv1D(3, 4))
    hidden.load_state_dict(known.state_dict())
    for weight in channels_in(hidden, 1).values():
        weight.copy_((weight + torch.randn(weight.shape)).clamp(*cell(weight, 0.49)))
    assert not torch.equal(hidden[0].weight, known[0].weight)
    nothing: Any = None
    context: Any = SimpleNamespace(generators=[None])
    found: Any = [attack(own, nothing, Settings.model_validate({}), context) for own in (hidden, known)]
    assert torch.equal(found[0][0].weight, found[1][0].weight)
