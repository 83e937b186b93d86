"""Fisher forgetting: squares of single gradients, noise of the stated scale, the classifier by the adapter."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import CPU, Bench, same
from torch import Tensor, nn

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.facts.search_space import draw
from unlearnkit.methods.images.fisher import Settings, fisher_information, noise_variance
from unlearnkit.models.building import states_of
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task


class NarrowBench(Bench):
    """A bench of perceptrons whose hidden layer has as many units as there are classes."""

    @cached_property
    def task(self) -> Task:
        return task_for(self.dataset, {"name": "mlp", "hidden": [10]}, self.base_seed, CPU)


def squares_one_by_one(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Return the diagonal of the Fisher information by one backward pass per sample and class."""
    total = {name: torch.zeros_like(weight) for name, weight in model.named_parameters()}
    for image in images:
        logs = model.eval()(image[None])[0].log_softmax(-1)
        for number, log in enumerate(logs):
            gradients = torch.autograd.grad(log, list(model.parameters()), retain_graph=number < len(logs) - 1)
            for name, gradient in zip(total, gradients, strict=True):
                total[name] += log.detach().exp() * gradient.square()
    return {name: own / len(images) for name, own in total.items()}


def test_the_information_is_that_of_single_gradients_whatever_the_batches(bench: Bench) -> None:
    # published: the square of a batch's mean gradient, smaller by about the batch size
    model = bench.model().eval()
    expected = squares_one_by_one(model, bench.task.pixels.normalised(bench.split.forget))
    for batch_size in (3, 10):
        found = fisher_information(model, bench.samples("forget"), 10, batch_size, bench.context())
        assert found.keys() == expected.keys()
        for name, own in found.items():
            torch.testing.assert_close(own, expected[name], rtol=1e-3, atol=1e-7)


def test_fewer_classes_are_the_likeliest(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")

    def trace(classes: int) -> float:
        samples, context = bench.samples("forget"), bench.context()
        information = fisher_information(bench.model().eval(), samples, classes, 10, context)
        return sum(own.sum().item() for own in information.values())

    traces = [trace(classes) for classes in (1, 5, 10)]
    assert traces[0] < traces[1] < traces[2]
    assert traces[1] > traces[2] / 2


def test_fewer_classes_than_the_setting_are_all_taken(bench_of: Callable[..., Bench]) -> None:
    """UTKFace has five classes, the default is ten."""
    bench = bench_of("mlp")
    for more in (11, 1000):
        assert same(bench.last("fisher", classes=more), bench.last("fisher", classes=10))
    assert bench.kept("fisher", classes=11).passes == bench.kept("fisher", classes=10).passes


def test_the_variance_of_the_noise() -> None:
    information = torch.tensor([[1.0, 0.25], [0.0, 0.0]])
    torch.testing.assert_close(noise_variance(information, 0.5, False), torch.tensor([[2.5], [1e3]]))
    torch.testing.assert_close(noise_variance(information, 0.5, True), torch.tensor([[25.0], [1e3]]))
    torch.testing.assert_close(noise_variance(information, 0.25, False), torch.tensor([[1.5], [1e3]]))
    torch.testing.assert_close(noise_variance(information[0], 0.5, False), torch.tensor([10.0, 40.0]))


def test_without_alpha_nothing_changes(bench: Bench) -> None:
    assert same(states_of(bench.call("fisher", bench.model(), alpha=0.0))[0], states_of(bench.model())[0])


def test_the_noise_has_the_stated_scale_and_the_classifier_is_the_models(
    small_digits: ImageSet, tmp_path: Path
) -> None:
    # published: every tensor with as many rows as classes is taken for the classifier, here both layers
    bench = NarrowBench(small_digits, "mlp", np.arange(10), tmp_path)
    model, alpha = bench.model(), 1e-3
    information = fisher_information(model.eval(), bench.samples("retain"), 10, 64, bench.context())
    unlearned = dict(bench.call("fisher", bench.model(), alpha=alpha, classes=10).named_parameters())
    head = bench.task.architecture.adapter.classifier
    for name, weight in model.named_parameters():
        variance = alpha * noise_variance(information[name], 0.5, name.startswith(f"{head}."))
        scaled = ((unlearned[name] - weight) / variance.sqrt()).detach()
        deviation = scaled.square().mean().sqrt().item()
        assert abs(deviation - 1) < 4 / (2 * scaled.numel()) ** 0.5, name


def test_a_search_tries_deviations_of_the_noise_from_3e_4_to_1() -> None:
    # where the information is 0; published: alpha from 0 to 1, of which nearly all drowns any weight
    free = noise_variance(torch.zeros(1, 1), 0.5, False).item()
    alphas = [draw(Settings.search(), {"alpha": quantile}, 50)["alpha"] for quantile in (0.0, 0.5, 1.0)]
    assert alphas == pytest.approx([1e-10, 10**-6.5, 1e-3])
    assert [(alpha * free) ** 0.5 for alpha in (*alphas, 0.2)] == pytest.approx([3.2e-4, 0.018, 1.0, 14.1], rel=0.02)
