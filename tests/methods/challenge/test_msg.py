"""Masked Small Gradients: which weights are drawn anew, how slow the others are, and that nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from bench import Bench
from torch import Tensor, nn

from unlearnkit.methods.challenge.msg import triangle
from unlearnkit.models.adapter import convolution_weights
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import SGD


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    """A bench with convolutions and batch norm."""
    return bench_of("small_cnn")


def kernels_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: dict(model.named_parameters())[name].detach() for name in convolution_weights(model)}


def gradients(bench: Bench, model: nn.Module) -> dict[str, Tensor]:
    """Return |gradient| of CE(retain) - CE(forget) for the kernels, in eval mode and in one batch."""
    pixels = bench.task.pixels
    chosen = bench.samples("retain").part(10, bench.context().generators).indices[0]
    losses = []
    for rows in (chosen, bench.split.forget):
        losses.append(cross_entropy(model.eval()(pixels.normalised(rows)), pixels.labels[rows]))
    (losses[0] - losses[1]).backward()
    found = dict(model.named_parameters())
    return {name: found[name].grad.abs() for name in convolution_weights(model)}  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.parametrize("batch_size", [4, 64])
def test_the_weights_of_smallest_gradient_are_drawn_anew_however_the_batches_fall(
    bench: Bench, batch_size: int
) -> None:
    # the reference weights a set by its number of batches and ranks in train mode: other weights, by far
    result = kernels_of(bench.call("msg", bench.model(), lr=0.0, redrawn=0.3, batch_size=batch_size))
    for name, gradient in gradients(bench, bench.model()).items():
        changed = result[name] != kernels_of(bench.model())[name]
        assert changed.sum() == round(0.3 * changed.numel())
        assert gradient[changed].max() <= gradient[~changed].min() + 1e-6


def test_nothing_drawn_anew_is_slowed_fine_tuning(bench: Bench) -> None:
    # also of the statistics of batch norm, which no forget batch may reach, and of weight decay
    settings = {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1, "batch_size": 32, "epochs": 3}
    result = bench.call("msg", bench.model(), redrawn=0.0, slow=0.1, **settings)
    model, retain, kernels = bench.model(), bench.samples("retain"), convolution_weights(bench.model())
    list(retain.part(10, bench.context().generators).epoch(32))
    named = dict(model.named_parameters())
    slow, fast = [named[name] for name in kernels], [named[name] for name in named if name not in kernels]
    optimizers = [SGD(slow, 0.0, 0.9, 0.1), SGD(fast, 0.0, 0.9, 0.1)]
    for factor in (1 / 2, 1, 1 / 2):
        optimizers[0].lr, optimizers[1].lr = 0.1 * factor * 0.02, factor * 0.02
        for images, labels in retain.epoch(32):
            model.train().zero_grad()
            cross_entropy(model(images), labels).backward()
            for optimizer in optimizers:
                optimizer.step()
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(result.state_dict()[name], tensor, rtol=1e-4, atol=1e-6, msg=name)


def test_everything_drawn_anew_is_every_kernel_and_no_other_parameter(bench: Bench) -> None:
    before, after = bench.model(), bench.call("msg", bench.model(), lr=0.0, redrawn=1.0)
    kernels = kernels_of(after)
    for name, tensor in before.named_parameters():
        if name in kernels:
            assert (kernels[name] != tensor).all()
            fan_out = tensor.shape[0] * tensor[0, 0].numel()
            assert kernels[name].std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.2)
        else:
            assert torch.equal(after.get_parameter(name), tensor)


def test_fresh_weights_come_from_the_seed(bench_of: Callable[..., Bench]) -> None:
    benches = [bench_of("small_cnn", seed) for seed in (0, 0, 1)]
    first, again, other = (kernels_of(bench.call("msg", bench.model(), lr=0.0, redrawn=1.0)) for bench in benches)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert all((first[name] != other[name]).all() for name in first)


def test_fresh_weights_learn_at_the_full_rate_and_others_not_at_all_where_slow_is_zero(bench: Bench) -> None:
    settings = {"epochs": 1, "redrawn": 0.3, "batch_size": 32, "weight_decay": 0.1}
    drawn_only = kernels_of(bench.call("msg", bench.model(), lr=0.0, **settings))
    trained = kernels_of(bench.call("msg", bench.model(), lr=0.1, slow=0.0, **settings))
    for name, original in kernels_of(bench.model()).items():
        fresh = drawn_only[name] != original
        assert torch.equal(trained[name][~fresh], original[~fresh])
        assert (trained[name][fresh] != drawn_only[name][fresh]).float().mean() > 0.9


def test_biases_of_convolutions_stay(bench: Bench) -> None:
    # the reference replaces the layer and loses them
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    result = bench.call("msg", model, lr=0.0, redrawn=1.0)
    assert (result.get_parameter("0.weight") != model.get_parameter("0.weight")).all()
    assert torch.equal(result.get_parameter("0.bias"), model.get_parameter("0.bias"))


def test_the_returned_model_is_made_of_plain_layers_with_plain_gradients(bench: Bench) -> None:
    original = bench.model()
    result = bench.call("msg", original)
    assert [type(part) for part in result.modules()] == [type(part) for part in original.modules()]
    copy = bench.model().eval()
    copy.load_state_dict(result.state_dict())
    images, labels = next(bench.samples("retain").epoch(32))
    for model in (copy, result):
        model.zero_grad()
        cross_entropy(model(images), labels).backward()
    for name, parameter in result.named_parameters():
        np.testing.assert_array_equal(parameter.grad, copy.get_parameter(name).grad, err_msg=name)


@pytest.mark.parametrize(
    ("epochs", "factors"),
    [(1, [1]), (2, [1, 1 / 2]), (4, [1 / 2, 1, 2 / 3, 1 / 3]), (5, [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3])],
)
def test_the_rate_rises_to_the_middle_and_never_reaches_zero(epochs: int, factors: list[float]) -> None:
    assert [triangle(epoch, epochs) for epoch in range(1, epochs + 1)] == pytest.approx(factors)
