"""Parts of a model and of a stack: found by name, reset, frozen, and filled with each model's own draws."""

from __future__ import annotations

import pytest
import torch
from image_models import is_constant
from torch import nn

from unlearnkit.models.adapter import convolution_weights, normalisation_parts
from unlearnkit.models.building import Architecture
from unlearnkit.models.parts import buffers_of, drawn, freeze, parameters_of, reset, train_except
from unlearnkit.training.optimisation import sgd, step

CPU = torch.device("cpu")


@pytest.fixture(params=[1, 2])
def models(request: pytest.FixtureRequest) -> int:
    """One model, or a stack of two."""
    return request.param


def gathered(architecture: Architecture, models: int, first_seed: int = 0) -> nn.Module:
    return architecture.gather([architecture.build(first_seed + k) for k in range(models)], CPU)


def images_for(architecture: Architecture, models: int) -> torch.Tensor:
    shape = (3, *architecture.sample_shape) if models == 1 else (models, 3, *architecture.sample_shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in {**parameters_of(model), **buffers_of(model)}.items()}


def test_names_are_those_of_one_model(architecture: Architecture, models: int) -> None:
    single, model = architecture.build(seed=0), gathered(architecture, models)
    assert tensors(model).keys() == single.state_dict().keys()
    for name, parameter in parameters_of(model).items():
        own = parameter if models == 1 else parameter[0]
        assert torch.equal(own, single.get_parameter(name))
    assert convolution_weights(model) == convolution_weights(single)
    assert normalisation_parts(model) == normalisation_parts(single)


def test_every_parameter_has_one_kind_of_part(architecture: Architecture) -> None:
    model = architecture.build(seed=0)
    normalised = parameters_of(model, normalisation_parts(model))
    assert not set(normalised) & set(convolution_weights(model))
    # vectors outside normalisation are biases; D12: nothing is told by its name
    others = {name for name, tensor in parameters_of(model).items() if tensor.dim() == 1} - set(normalised)
    biased = (nn.Linear, nn.Conv2d, nn.MultiheadAttention)
    assert all(isinstance(model.get_submodule(name.rpartition(".")[0]), biased) for name in others)


def test_a_part_is_not_one_whose_name_it_begins() -> None:
    model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(11)])
    assert set(parameters_of(model, ["1"])) == {"1.weight", "1.bias"}
    assert set(parameters_of(model, [])) == set()
    assert len(parameters_of(model)) == 22


@pytest.mark.parametrize("units", ["blocks", "stages"])
def test_reset_blocks_are_fresh_in_all_their_state_and_others_keep_theirs(
    architecture: Architecture, models: int, units: str
) -> None:
    model, fresh = gathered(architecture, models), gathered(architecture, models, first_seed=7)
    with torch.no_grad():
        for tensor in (*parameters_of(model).values(), *buffers_of(model).values()):
            tensor.add_(1)
    before, new, rng = tensors(model), tensors(fresh), torch.get_rng_state()
    chosen = [part for block in getattr(architecture.adapter, units)[-2:] for part in block]
    reset(model, fresh, chosen)
    assert torch.equal(torch.get_rng_state(), rng)
    inside = {name for part in chosen for name in new if name.startswith(f"{part}.")}
    assert inside
    for name, tensor in tensors(model).items():
        assert torch.equal(tensor, (new if name in inside else before)[name]), name
    assert all(torch.equal(tensor, new[name]) for name, tensor in tensors(fresh).items())


def test_frozen_blocks_keep_weights_and_buffers_while_the_others_learn(architecture: Architecture, models: int) -> None:
    model = gathered(architecture, models)
    *first, last = architecture.adapter.stages
    frozen = [part for block in first for part in block]
    freeze(model, frozen)
    optimizer = sgd(model, 0.1, momentum=0.9, weight_decay=0.1)
    before = tensors(model)
    for _ in range(2):
        train_except(model, frozen)
        step(optimizer, model(images_for(architecture, models)).square().sum())
    moving = {name for part in last for name in parameters_of(model, [part])}
    for name, tensor in tensors(model).items():
        assert torch.equal(tensor, before[name]) == (name not in moving), name


def test_train_mode_after_freezing_is_train_mode_of_all(architecture: Architecture, models: int) -> None:
    model = gathered(architecture, models)
    frozen = [part for block in architecture.adapter.blocks[:-1] for part in block]
    train_except(model, frozen)
    model.train()
    before = {name: buffer.clone() for name, buffer in buffers_of(model).items() if not is_constant(name)}
    model(images_for(architecture, models))
    assert all(not torch.equal(buffers_of(model)[name], buffer) for name, buffer in before.items())


def test_gradients_in_eval_mode_can_be_taken_twice(architecture: Architecture, models: int) -> None:
    model = gathered(architecture, models).eval()
    for _ in range(2):
        model(images_for(architecture, models)).sum().backward()


def normal(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return tensor.normal_(generator=generator)


def test_every_model_has_draws_of_its_own_generator() -> None:
    before = torch.get_rng_state()
    parameter, stacked = torch.empty(2, 3), torch.empty(4, 2, 3)
    together = drawn(stacked, [torch.Generator().manual_seed(seed) for seed in range(4)], normal)
    alone = [drawn(parameter, [torch.Generator().manual_seed(seed)], normal) for seed in range(4)]
    assert torch.equal(together, torch.stack(alone))
    assert torch.equal(torch.get_rng_state(), before)
