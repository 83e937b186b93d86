"""Planted, found: methods that hide are exposed by an attack, while models that never knew are not."""

from __future__ import annotations

import numpy as np
from known_threes import MODELS, KnownThrees, brings_back

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
