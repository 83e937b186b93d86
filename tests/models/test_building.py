"""Models from seeds, to states and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from unlearnkit.errors import ArtifactError
from unlearnkit.models.building import Architecture, states_of

CPU = torch.device("cpu")


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_weights_come_from_the_seed_alone(architecture: Architecture) -> None:
    torch.manual_seed(1)
    (first,) = states_of(architecture.build(seed=5))
    torch.manual_seed(2)
    (again,), (other,) = states_of(architecture.build(seed=5)), states_of(architecture.build(seed=6))
    assert same(first, again)
    assert not same(first, other)


def test_the_global_generator_is_left_alone(architecture: Architecture) -> None:
    before = torch.get_rng_state()
    architecture.build(seed=5)
    assert torch.equal(torch.get_rng_state(), before)


def test_generators_of_gpus_are_left_alone(architecture: Architecture, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    architecture.build(seed=5)
    assert not seeded


def test_states_go_round(architecture: Architecture) -> None:
    (state,) = states_of(architecture.build(seed=5))
    model = architecture.load(state)
    assert same(states_of(model)[0], state)
    assert states_of(model)[0].keys() == model.state_dict().keys()


def test_states_are_copies(architecture: Architecture) -> None:
    model = architecture.build(seed=5)
    (state,) = states_of(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    assert same(state, states_of(architecture.build(seed=5))[0])


def test_loaded_models_share_nothing_with_the_state(architecture: Architecture) -> None:
    (state,) = states_of(architecture.build(seed=5))
    before = {name: array.copy() for name, array in state.items()}
    with torch.no_grad():
        for parameter in architecture.load(state).parameters():
            parameter.add_(1)
    assert same(state, before)


def test_states_of_a_stack_are_those_of_its_models(architecture: Architecture) -> None:
    models = [architecture.build(seed) for seed in (1, 2, 3)]
    stacked = states_of(architecture.gather(models, CPU))
    for own, model in zip(stacked, models, strict=True):
        assert same(own, states_of(model)[0])


def test_a_single_model_is_no_stack(architecture: Architecture) -> None:
    model = architecture.build(seed=1)
    assert architecture.gather([model], CPU) is model


def test_weights_of_another_architecture_are_refused(architecture: Architecture) -> None:
    (state,) = states_of(architecture.build(seed=5))
    wider = replace(architecture, num_classes=8)
    with pytest.raises(ArtifactError, match=f"do not fit model '{architecture.name}'; expected weights of the same"):
        wider.load(state)
    name = next(iter(state))
    with pytest.raises(ArtifactError, match="do not fit"):
        architecture.load({key: array for key, array in state.items() if key != name})
    with pytest.raises(ArtifactError, match="do not fit"):
        architecture.load({**state, "another.weight": state[name]})
