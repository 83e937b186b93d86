"""A stack is its models: outputs, gradients and batch-norm statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from image_models import is_constant
from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.models.building import Architecture
from unlearnkit.models.parts import parameters_of
from unlearnkit.models.stack import Stack

CPU = torch.device("cpu")
BATCH = 3


def trio(architecture: Architecture, dtype: torch.dtype = torch.float32) -> tuple[list[nn.Module], Stack, Tensor]:
    """Return three models, their stack, and a batch for each."""
    models = [architecture.build(seed).to(dtype) for seed in (1, 2, 3)]
    stack = architecture.gather([copy.deepcopy(model) for model in models], CPU)
    assert isinstance(stack, Stack)
    images = torch.randn(3, BATCH, *architecture.sample_shape, generator=torch.Generator().manual_seed(0))
    return models, stack, images.to(dtype)


def precise_trio(architecture: Architecture) -> tuple[list[nn.Module], Stack, Tensor]:
    """Return a trio in double precision: batch norm over three pixels, as in ResNet-18, magnifies rounding."""
    return trio(architecture, torch.float64)


def assert_same(actual: Tensor, expected: Tensor) -> None:
    """Assert equality up to rounding in double precision."""
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("training", [False, True])
def test_outputs_are_those_of_the_single_models(architecture: Architecture, training: bool) -> None:
    models, stack, images = precise_trio(architecture)
    stacked = stack.train(training)(images)
    assert stacked.shape == (3, BATCH, 7)
    for position, model in enumerate(models):
        assert_same(stacked[position], model.train(training)(images[position]))


def test_batch_norm_statistics_are_those_of_the_single_models(architecture: Architecture) -> None:
    models, stack, images = precise_trio(architecture)
    before = {name: buffer.clone() for name, buffer in stack.buffers_by_name().items() if not is_constant(name)}
    stack.train()(images)
    for position, model in enumerate(models):
        model.train()(images[position])
        state = stack.state_of(position)
        assert state.keys() == model.state_dict().keys()
        for name, tensor in model.state_dict().items():
            assert_same(state[name], tensor)
    assert all(not torch.equal(stack.buffers_by_name()[name], buffer) for name, buffer in before.items())


def test_evaluation_moves_no_statistics(architecture: Architecture) -> None:
    _, stack, images = trio(architecture)
    before = {name: tensor.clone() for name, tensor in stack.state_dict().items()}
    stack.eval()(images)
    assert all(torch.equal(tensor, before[name]) for name, tensor in stack.state_dict().items())


def test_gradients_are_those_of_the_single_models(architecture: Architecture) -> None:
    models, stack, images = precise_trio(architecture)
    stack.train()(images).square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in parameters_of(stack).items()}
    for position, model in enumerate(models):
        model.train()(images[position]).square().sum().backward()
        singles = {name: parameter.grad for name, parameter in model.named_parameters()}
        largest = max(float(single.abs().max()) for single in singles.values() if single is not None)
        for name, single in singles.items():
            gradient = gradients[name]
            assert gradient is not None and single is not None
            torch.testing.assert_close(gradient[position], single, rtol=1e-6, atol=1e-9 * largest)


def test_a_copy_is_independent(architecture: Architecture) -> None:
    _, stack, images = trio(architecture)
    expected = stack.eval()(images)
    twin = copy.deepcopy(stack)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.mul_(2)
    twin.train()(images)
    assert torch.equal(stack.eval()(images), expected)


def test_the_own_forward_of_an_architecture_is_vmaps() -> None:
    architecture = Architecture("mlp", registry.load("model", "mlp").Settings(hidden=(12, 9)), 7, (2, 5, 5))
    models, stack, images = trio(architecture)
    torch.testing.assert_close(stack(images), Stack(models)(images))
