"""Confuse-Finetune-Weaken: samples weighted by their class, and noise where the architecture says, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor
from torch.nn import functional

from unlearnkit.config.blocks import names_for
from unlearnkit.data.images.batches import Samples
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.methods.challenge.cfw import Settings, unlearn
from unlearnkit.methods.challenge.class_weights import class_weights, weighted_cross_entropy
from unlearnkit.training.sets import Sets

LABELS = torch.tensor([0, 0, 0, 0, 2, 2])
"""Four samples of class 0, none of class 1, two of class 2."""


def first_weight(bench: Bench, **settings: float) -> tuple[Tensor, Tensor]:
    """Return the weights of the first layer, before and after."""
    name = f"{bench.task.architecture.adapter.first_layer}.weight"
    model = bench.model()
    result = bench.call("cfw", model, None, **({"lr": 0.0, "noise": 0.0, "late_noise": 0.0} | settings))
    return model.get_parameter(name).detach(), result.get_parameter(name).detach()


def test_balanced_weights_give_every_class_the_same_part() -> None:
    torch.testing.assert_close(class_weights(LABELS, 1.0), torch.tensor([6 / (2 * 4), 0.0, 6 / (2 * 2)]))


@pytest.mark.parametrize("power", [0.0, 0.1, 1.0])
def test_weights_follow_a_power_of_the_counts_and_average_to_one(power: float) -> None:
    weights = class_weights(LABELS, power)
    assert weights[LABELS].mean().item() == pytest.approx(1)
    assert (weights[2] / weights[0]).item() == pytest.approx(2**power)


def test_every_sample_has_the_weight_of_its_own_class() -> None:
    # the reference multiplies the mean loss by the mean weight, so that only the batch as a whole is weighted
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = class_weights(LABELS, 1.0)
    loss = weighted_cross_entropy(logits, LABELS, weights)
    losses = functional.cross_entropy(logits, LABELS, reduction="none")
    by_class = (losses[:4].mean() + losses[4:].mean()) / 2
    torch.testing.assert_close(loss, by_class)
    (gradient,) = torch.autograd.grad(loss, logits)
    (plain,) = torch.autograd.grad(functional.cross_entropy(logits, LABELS), logits)
    torch.testing.assert_close(gradient[:4], 0.75 * plain[:4])
    torch.testing.assert_close(gradient[4:], 1.5 * plain[4:])
    stack = torch.stack([logits, 2 * logits])
    both = loss + weighted_cross_entropy(2 * logits, LABELS, weights)
    torch.testing.assert_close(weighted_cross_entropy(stack, torch.stack([LABELS, LABELS]), weights), both)


def test_a_step_follows_the_mean_loss_of_the_classes_not_of_the_samples(bench_of: Callable[..., Bench]) -> None:
    # 5 threes beside 150 samples of other classes, in one batch
    bench = bench_of("mlp")
    labels = torch.from_numpy(bench.dataset.labels[:240])
    rows = torch.cat([(labels == 3).nonzero()[:5, 0], (labels != 3).nonzero()[:150, 0]])
    full = bench.samples("retain")
    retain = Samples(full.pixels, rows, full.generators)
    plain = {"noise": 0.0, "momentum": 0.0, "weight_decay": 0.0, "epochs": 1, "lr": 0.5, "batch_size": 155}
    data = Sets(retain, bench.samples("forget"), {})
    result = unlearn(bench.model(), data, Settings.model_validate(plain), bench.context())
    model = bench.model()
    losses = functional.cross_entropy(model(full.pixels.normalised(rows)), retain.labels, reduction="none")
    torch.stack([losses[retain.labels == label].mean() for label in range(10)]).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(result.get_parameter(name), parameter - 0.5 * parameter.grad)


@pytest.mark.parametrize("architecture", names_for("model", "image"))
def test_every_model_gets_noise_on_the_layer_that_sees_the_pixels(
    architecture: str, small_digits: ImageSet, tmp_path: Path
) -> None:
    # the reference adds none unless a part at the top is named after a convolution
    few = small_digits.subset(8, 2)
    larger = replace(few, images=few.images.repeat(2, axis=2).repeat(2, axis=3))
    bench = Bench(larger, architecture, np.array([6, 1]), tmp_path)
    before, after = first_weight(bench, noise=0.6, epochs=1)
    noise = (after - before) / 0.6
    assert noise.std().item() == pytest.approx(1, rel=0.25)
    assert abs(noise.mean().item()) < 0.3


def test_only_the_weights_of_the_first_layer_are_disturbed(bench: Bench) -> None:
    model, adapter = bench.model(), bench.task.architecture.adapter
    result = bench.call("cfw", model, lr=0.0)
    moved = {name for name, tensor in result.named_parameters() if not torch.equal(tensor, model.get_parameter(name))}
    assert moved == {f"{adapter.first_layer}.weight"}


def test_late_noise_comes_before_the_last_of_several_epochs(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    settings = {"lr": 0.0, "noise": 0.0, "late_noise": 0.1, "epochs": 3}
    kept = bench.kept("cfw", snapshots=(1, 2, 3), **settings)
    assert same(kept.states[1][0], kept.states[2][0])
    assert not same(kept.states[2][0], kept.states[3][0])
    before, after = first_weight(bench, late_noise=0.1, epochs=3)
    assert (after - before).std().item() == pytest.approx(0.1, rel=0.1)


def test_a_single_epoch_has_no_late_noise(bench: Bench) -> None:
    before, after = first_weight(bench, late_noise=0.1, epochs=1)
    assert torch.equal(before, after)


def test_noise_comes_from_the_seed(bench_of: Callable[..., Bench]) -> None:
    first, again, other = (first_weight(bench_of("mlp", seed), noise=0.6)[1] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert (first != other).all()


def test_labels_are_read_without_a_pass(bench_of: Callable[..., Bench]) -> None:
    assert bench_of("mlp").kept("cfw", epochs=2).all_passes == 2 * 230
