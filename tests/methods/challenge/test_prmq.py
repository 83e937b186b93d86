"""PRMQ: what is pruned and what comes in its place, how many batches are taken, and what is rounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from bench import CPU, Bench, same
from torch import nn
from torch.nn import functional

from unlearnkit.methods.challenge.class_weights import class_weights
from unlearnkit.methods.challenge.prmq import Settings, entropy, entropy_difference, prunable, prune_and_redraw
from unlearnkit.models.building import states_of

UNTRAINED = {"epochs": 1, "last_fraction": 0.0}
"""Not a single step."""


def settings_of(**settings: Any) -> Settings:
    return Settings.model_validate(settings)


def redrawn(bench: Bench, fraction: float, model: nn.Module | None = None) -> nn.Module:
    """Return a model after pruning and redrawing alone."""
    model = model or bench.model()
    prune_and_redraw(model, fraction, bench.context())
    return model


def values(model: nn.Module) -> torch.Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in prunable(model).values()])


def test_nothing_pruned_and_no_step_is_rounding_to_half_precision(bench: Bench) -> None:
    original = bench.model()
    result = bench.call("prmq", bench.model(), pruned=0.0, **UNTRAINED)
    for name, tensor in original.named_parameters():
        assert torch.equal(result.get_parameter(name), tensor.half().float())
    assert all(torch.equal(result.get_buffer(name), tensor) for name, tensor in original.named_buffers())


def test_statistics_of_batch_norm_keep_their_precision(bench_of: Callable[..., Bench]) -> None:
    # in half precision a variance below 6e-8 is zero
    model = bench_of("small_cnn").model()
    for name, buffer in model.named_buffers():
        if name.endswith("running_var"):
            buffer.fill_(2e-8)
    result = bench_of("small_cnn").call("prmq", model, **UNTRAINED)
    assert all(torch.equal(result.get_buffer(name), tensor) for name, tensor in model.named_buffers())


@pytest.mark.parametrize("architecture", ["mlp", "small_cnn", "resnet9"])
def test_the_smallest_of_all_weights_and_biases_are_pruned_as_one_set(
    bench_of: Callable[..., Bench], architecture: str
) -> None:
    bench = bench_of(architecture)
    original = bench.task.architecture.build(0)
    before, after = values(original), values(redrawn(bench, 0.6, bench.task.architecture.build(0)))
    changed = before != after
    assert changed.sum() == round(0.6 * len(before))
    assert before[changed].abs().max() <= before[~changed].abs().min()


def test_normalisation_and_attention_biases_are_not_pruned(bench_of: Callable[..., Bench]) -> None:
    original = bench_of("tiny_vit").task.architecture.build(0)
    for parameter in original.parameters():
        parameter.data.add_(1e-6)
    model = bench_of("tiny_vit").task.architecture.build(0)
    model.load_state_dict(original.state_dict())
    names = set(prunable(redrawn(bench_of("tiny_vit"), 1.0, model)))
    moved = {name for name, tensor in model.named_parameters() if not torch.equal(tensor, original.get_parameter(name))}
    assert moved == names
    rest = dict(model.named_parameters()).keys() - names
    assert len(rest) > 0 and all("norm" in name or "bn" in name or "attention_biases" in name for name in rest)


def test_pruned_weights_are_uniform_within_one_over_root_fan_in_and_biases_zero(bench: Bench) -> None:
    model = redrawn(bench, 1.0)
    for name, tensor in prunable(model).items():
        if name.endswith(".bias"):
            assert (tensor == 0).all()
        else:
            bound = tensor[0].numel() ** -0.5
            assert 0.9 * bound < tensor.abs().max() <= bound
            assert tensor.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.15)


def test_weights_that_were_zero_but_not_pruned_stay_zero(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    model = bench.model()
    model.get_parameter("1.weight").data[:40] = 0.0
    zeros = int((values(model) == 0).sum())
    fraction = 0.5 * zeros / len(values(model))
    left = redrawn(bench, fraction, model)
    assert (values(left) == 0).sum() == zeros - round(fraction * len(values(left)))


def test_every_model_of_a_stack_is_pruned_by_its_own_magnitudes(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    models = [bench.task.architecture.build(seed) for seed in (0, 1)]
    models[1].load_state_dict({name: 3 * tensor for name, tensor in models[1].state_dict().items()})
    stack = bench.task.architecture.gather(models, CPU)
    context = bench.context()
    context.generators = bench.task.generators("unlearned", [0, 1], "method")
    prune_and_redraw(stack, 0.6, context)
    for index, (model, state) in enumerate(zip(models, states_of(stack), strict=True)):
        context.generators = bench.task.generators("unlearned", [index], "method")
        prune_and_redraw(model, 0.6, context)
        assert same(states_of(model)[0], state)


def test_fresh_weights_come_from_the_seed(bench_of: Callable[..., Bench]) -> None:
    first, again, other = (values(redrawn(bench_of("mlp", seed), 1.0)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert ((first != other) | (first == 0)).all()


@pytest.mark.parametrize(
    ("epochs", "fraction", "samples"), [(4, 0.2, 3 * 230 + 46), (2, 1.0, 460), (2, 0.0, 230), (1, 0.5, 115)]
)
def test_a_fraction_of_an_epoch_is_exact_in_batches(
    bench_of: Callable[..., Bench], epochs: int, fraction: float, samples: int
) -> None:
    # ten batches per epoch; the reference takes one more
    settings = settings_of(epochs=epochs, last_fraction=fraction, batch_size=23)
    kept = bench_of("mlp").kept("prmq", tuple(range(1, epochs + 1)), **settings.model_dump())
    assert kept.all_passes == pytest.approx(4 / 3 * samples)
    for epoch, passes in kept.passes.items():
        assert passes == pytest.approx(settings.passes(230, 10, epoch))


def test_the_steps_taken_are_those_of_the_batches(bench_of: Callable[..., Bench]) -> None:
    # weight decay alone moves what no gradient reaches
    bench = bench_of("mlp")
    settings: dict[str, Any] = {"pruned": 0.0, "epochs": 2, "last_fraction": 0.3, "batch_size": 23, "momentum": 0.0}
    state = bench.last("prmq", lr=0.1, weight_decay=0.1, **settings)
    blank = (bench.task.pixels.images[bench.split.retain] == 0).all(0).flatten()
    # empty pixels are equal and not zero after normalisation: no gradient reaches the difference of two weights
    first, second = blank.nonzero()[:2, 0].tolist()
    before, after = bench.model().get_parameter("1.weight").detach(), torch.from_numpy(state["1.weight"])
    expected = 0.99 ** (10 + 3) * (before[:, first] - before[:, second])
    torch.testing.assert_close(after[:, first] - after[:, second], expected, rtol=1e-3, atol=2e-4)


def test_a_snapshot_is_rounded_and_the_training_goes_on_without_it(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    settings: dict[str, Any] = {"lr": 0.05, "last_fraction": 1.0}
    kept = bench.kept("prmq", snapshots=(1, 2), epochs=2, **settings)
    alone = bench.kept("prmq", epochs=2, **settings)
    assert same(kept.states[1][0], bench.last("prmq", epochs=1, **settings))
    assert same(kept.states[2][0], alone.states[2][0])
    for (state,) in kept.states.values():
        assert all(np.array_equal(array, array.astype(np.float16)) for array in state.values())


def test_the_entropy_of_equal_classes_is_log_c_and_differences_are_squared() -> None:
    even, sharp = torch.zeros(1, 10), torch.tensor([[100.0] + [0.0] * 9])
    assert entropy(even).item() == pytest.approx(math.log(10))
    assert entropy(sharp).item() == pytest.approx(0, abs=1e-6)
    both = entropy_difference(torch.cat([even, even]), torch.cat([sharp, even]))
    assert both.item() == pytest.approx(math.log(10) ** 2 / 2)
    stack = entropy_difference(torch.stack([even, even]), torch.stack([sharp, sharp]))
    assert stack.item() == pytest.approx(2 * math.log(10) ** 2)


def test_a_step_follows_weighted_cross_entropy_and_the_original_s_entropy(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    settings = {"pruned": 0.9, "momentum": 0.0, "weight_decay": 0.0, "epochs": 1, "last_fraction": 1.0}
    result = bench.call("prmq", bench.model(), batch_size=230, lr=0.5, **settings)
    pixels, rows = bench.task.pixels, bench.split.retain
    images, labels, student = pixels.normalised(rows), pixels.labels[rows], redrawn(bench, 0.9)
    logits = student(images)
    losses = functional.cross_entropy(logits, labels, reduction="none")
    matching = (entropy(logits) - entropy(bench.model()(images)).detach()).square()
    (class_weights(labels, 0.1)[labels] * losses + matching).mean().backward()
    for name, parameter in student.named_parameters():
        assert parameter.grad is not None
        expected = (parameter - 0.5 * parameter.grad).half().float()
        torch.testing.assert_close(result.get_parameter(name), expected, rtol=1e-3, atol=1e-6)
