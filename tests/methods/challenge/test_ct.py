"""Convolution transpose: twice is the identity, in place, on square kernels only."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from bench import Bench
from torch import nn

from unlearnkit.errors import TrainingError
from unlearnkit.methods.challenge.ct import transpose
from unlearnkit.models.adapter import convolution_weights
from unlearnkit.models.building import states_of
from unlearnkit.models.parts import parameters_of
from unlearnkit.models.stack import Stack


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    return bench_of("small_cnn")


def test_twice_without_training_is_the_identity(bench: Bench) -> None:
    original = bench.model()
    once = bench.call("ct", original, lr=0.0)
    twice = bench.call("ct", once, lr=0.0)
    kernels = set(convolution_weights(original))
    for name, weight in parameters_of(original).items():
        assert torch.equal(parameters_of(twice)[name], weight)
        if name in kernels:
            assert torch.equal(parameters_of(once)[name], weight.mT)
            assert not torch.equal(parameters_of(once)[name], weight)
        else:
            assert torch.equal(parameters_of(once)[name], weight)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_kernels_stay_the_same_tensors_with_the_same_layout(bench: Bench, layout: torch.memory_format) -> None:
    model = bench.model().to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    before = {name: (id(tensor), tensor.data_ptr(), tensor.stride()) for name, tensor in model.named_parameters()}
    transpose(model)
    assert before == {
        name: (id(tensor), tensor.data_ptr(), tensor.stride()) for name, tensor in model.named_parameters()
    }


def test_a_stack_is_transposed_as_its_models(bench: Bench) -> None:
    models = [bench.task.architecture.build(seed) for seed in (0, 1)]
    stack = Stack([copy.deepcopy(model) for model in models])
    transpose(stack)
    for model, state in zip(models, states_of(stack), strict=True):
        transpose(model)
        assert all(np.array_equal(state[name], tensor.detach()) for name, tensor in model.state_dict().items())


def test_kernels_that_are_not_square_are_left_and_named() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, (1, 3)), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 1), nn.Conv1d(4, 4, 4))
    before = copy.deepcopy(model.state_dict())
    with pytest.warns(UserWarning, match=r"not transposed: 0\.weight, 3\.weight$"):
        transpose(model)
    assert torch.equal(model.state_dict()["1.weight"], before["1.weight"].mT)
    for name in before.keys() - {"1.weight"}:
        assert torch.equal(model.state_dict()[name], before[name])


@pytest.mark.parametrize("kernel", [1, (1, 3)])
def test_a_model_with_nothing_to_transpose_is_refused(kernel: int | tuple[int, int]) -> None:
    with pytest.raises(TrainingError, match=r"no kernel .* changes.*fine_tune"):
        transpose(nn.Sequential(nn.Conv2d(1, 4, kernel)))


def test_the_rate_falls_along_a_cosine(bench: Bench) -> None:
    short, long = (bench.kept("ct", (1,), epochs=epochs, lr=0.05) for epochs in (1, 3))
    kept = bench.kept("ct", (1, 2, 3), epochs=3, lr=0.05)
    # the first epoch is at the full rate, however many follow; the later ones take smaller steps
    assert all(np.array_equal(short.states[1][0][name], long.states[1][0][name]) for name in short.states[1][0])
    moved = [
        sum(
            float(np.abs(kept.states[e + 1][0][n] - kept.states[e][0][n]).sum())
            for n in convolution_weights(bench.model())
        )
        for e in (1, 2)
    ]
    assert moved[1] < moved[0]
