"""What every attack keeps: models one by one are those of a stack, and an oracle meets the draws of its model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_threes import KnownThrees

from unlearnkit import user_plug_ins
from unlearnkit.artifacts.weights import State
from unlearnkit.commands import new, new_attack
from unlearnkit.config.blocks import names_for
from unlearnkit.errors import TrainingError
from unlearnkit.training.attacking import Attack

SETTINGS: dict[str, dict[str, Any]] = {
    "relearn": {"items": 4, "epochs": 2},
    "fine_tune": {"epochs": 1},
    "quantise": {},
    "prune": {},
}


def state_of(models: KnownThrees, attack: str, index: int, **more: Any) -> State:
    result = models.attacked("original", attack, **more, **SETTINGS[attack])
    return result.states[index, Attack.of(attack, SETTINGS[attack]).last]


@pytest.mark.parametrize("attack", names_for("attack", "image"))
def test_a_model_is_attacked_as_in_a_stack(models: KnownThrees, attack: str) -> None:
    alone = state_of(models, attack, 1, indices=[1])
    together = state_of(models, attack, 1, stack=3)
    for name, array in alone.items():
        np.testing.assert_allclose(together[name], array, rtol=0, atol=3e-5)
    again = state_of(models, attack, 1, indices=[1])
    assert all(np.array_equal(again[name], array) for name, array in alone.items())
    before = models.files["original"].state(1)
    assert any(not np.array_equal(before[name], array) for name, array in alone.items())


def test_what_is_relearnt_depends_on_the_index_alone(models: KnownThrees, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[int]] = []
    module = pytest.importorskip("unlearnkit.attacks.images.relearn")
    descend = module.descend

    def noted(model: Any, samples: Any, *others: Any) -> Any:
        drawn.append(sorted(samples.indices.ravel().tolist()))
        return descend(model, samples, *others)

    monkeypatch.setattr(module, "descend", noted)
    for candidate, index in (("original", 0), ("oracle", 0), ("late_layers", 0), ("original", 1)):
        models.attacked(candidate, "relearn", indices=[index], **SETTINGS["relearn"])
    assert drawn[0] == drawn[1] == drawn[2] != drawn[3]
    assert all(len(own) == 4 and {*own} <= {*models.forget.tolist()} for own in drawn)


def test_costs_are_those_of_the_items(models: KnownThrees) -> None:
    result = models.attacked("original", "relearn", items=4, epochs=3)
    assert result.passes == {3: 12.0} and result.all_passes == 36.0
    assert Attack.of("relearn", {"items": 4, "epochs": 3}).settings.passes(360, 40, 3) == 12


def test_more_items_than_there_are_are_refused(models: KnownThrees) -> None:
    with pytest.raises(TrainingError) as caught:
        models.attacked("original", "relearn", items=200)
    count = len(models.forget)
    assert str(caught.value) == (
        f"relearn asks for 200 items of a forget set of {count}; expected items of at most {count}. Lower `items` of "
        "the attack, or leave this forget set out."
    )


def test_an_attack_that_is_begun_works_as_it_is(models: KnownThrees, tmp_path: Path) -> None:
    user_plug_ins.adopt({"attack": {"shaken": str(new.alone(new_attack.KIND, tmp_path, "shaken", "image"))}})
    try:
        result = models.attacked("original", "shaken", [0], items=4)
    finally:
        user_plug_ins.adopt({})
    assert result.all_passes == 4
    before, after = models.files["original"].state(0), result.states[0, 1]
    assert before.keys() == after.keys() and any(np.any(before[name] != after[name]) for name in before)
