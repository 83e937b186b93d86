"""Models from seeds, to states and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from unlearnkit import registry
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


def test_a_loaded_model_is_the_built_one_to_the_bit(architecture: Architecture) -> None:
    built = architecture.build(seed=5)
    loaded = architecture.load(states_of(built)[0])
    images = torch.randn(4, *architecture.sample_shape, generator=torch.Generator().manual_seed(0))
    for mode in (False, True, True):  # in train mode twice: draws of stochastic depth and statistics go on alike
        assert torch.equal(loaded.train(mode)(images), built.train(mode)(images))
    assert same(states_of(loaded)[0], states_of(built)[0])
    pairs = zip(loaded.parameters(), built.parameters(), strict=True)
    assert all(own.requires_grad and own.stride() == other.stride() for own, other in pairs)


def test_loading_leaves_the_global_generator_alone(architecture: Architecture) -> None:
    (state,) = states_of(architecture.build(seed=5))
    before = torch.get_rng_state()
    architecture.load(state)
    assert torch.equal(torch.get_rng_state(), before)


def test_loaded_tensors_keep_their_type(architecture: Architecture) -> None:
    (state,) = states_of(architecture.build(seed=5).bfloat16())
    loaded = architecture.load(state)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.bfloat16}
    assert same(states_of(loaded)[0], state)


def test_tied_parameters_stay_tied(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(num_classes: int, image_shape: tuple[int, ...], settings: object) -> torch.nn.Module:
        model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
        model[1].weight = model[0].weight
        return model

    mlp = registry.load("model", "mlp")
    monkeypatch.setattr(mlp, "build", build)
    architecture = Architecture("mlp", mlp.Settings(), 3, (3,))
    loaded = architecture.load(states_of(architecture.build(seed=5))[0])
    assert isinstance(loaded, torch.nn.Sequential) and loaded[1].weight is loaded[0].weight
