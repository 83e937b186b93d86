"""Influence unlearning solves with the Fisher matrix; the published recursion follows one gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor, nn

from unlearnkit.errors import TrainingError
from unlearnkit.facts.search_space import draw
from unlearnkit.methods.images import influence
from unlearnkit.methods.images.influence import Settings, inverse_fisher_product, published_product
from unlearnkit.methods.images.per_sample import per_sample_gradients
from unlearnkit.models.building import states_of


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def flat(model: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def gradients_one_by_one(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the gradients [n, p] of single samples by as many backward passes."""
    rows = []
    for image, label in zip(images, labels, strict=True):
        loss = nn.functional.cross_entropy(model.eval()(image[None]), label[None])
        rows.append(torch.cat([own.flatten() for own in torch.autograd.grad(loss, list(model.parameters()))]))
    return torch.stack(rows)


def samples_of(bench: Bench, part: str) -> tuple[Tensor, Tensor]:
    rows = getattr(bench.split, part)
    return bench.task.pixels.normalised(rows), bench.task.pixels.labels[rows]


@pytest.mark.parametrize(("count", "size"), [(3, 8), (50, 8)])
@pytest.mark.parametrize("damping", [1.0, 0.1])
def test_the_product_is_that_of_the_inverse_and_of_woodfishers_recursion(count: int, size: int, damping: float) -> None:
    gradients, vector = normal(count, size), normal(size, seed=1)
    matrix = damping * torch.eye(size, dtype=torch.float64) + gradients.T @ gradients / count
    product = inverse_fisher_product(gradients, vector, damping)
    torch.testing.assert_close(product, torch.linalg.solve(matrix, vector))
    inverse = torch.eye(size, dtype=torch.float64) / damping
    for row in gradients:
        image = inverse @ row
        inverse -= torch.outer(image, image) / (count + row @ image)
    torch.testing.assert_close(product, inverse @ vector)
    torch.testing.assert_close(inverse_fisher_product(gradients, 3 * vector, damping), 3 * product)


def test_a_damping_that_vanishes_beside_equal_gradients_is_explained() -> None:
    with pytest.raises(TrainingError, match=r"2 samples has no inverse .* damping of 1e-30. Raise damping"):
        inverse_fisher_product(torch.ones(2, 3), torch.ones(3), 1e-30)


def test_on_linear_regression_the_fisher_matrix_is_the_hessian() -> None:
    # squared loss, unit noise: gradients are residual * x, the Hessian is the mean of x x^T
    count, size = 2_000, 5
    inputs = normal(count, size) * torch.tensor([0.5, 1.0, 1.0, 2.0, 3.0])
    gradients, vector = inputs * normal(count, 1, seed=1), normal(size, seed=2)
    exact = torch.linalg.solve(inputs.T @ inputs / count, vector)

    def error(product: Tensor) -> float:
        return ((product - exact).norm() / exact.norm()).item()

    assert error(inverse_fisher_product(gradients, vector, 1e-4)) < 5 / count**0.5
    assert error(published_product([gradients], vector, count)) > 0.5


def test_the_published_recursion_follows_the_first_gradient_only() -> None:
    gradients, vector = normal(30, 8), normal(8, seed=1)
    moved = published_product([gradients[:7], gradients[7:]], vector, 30) - vector
    along = torch.dot(moved, gradients[0]) / gradients[0].square().sum() * gradients[0]
    torch.testing.assert_close(moved, along)
    first, second = gradients[0], gradients[1]
    overlap = first @ second
    expected = vector - (vector @ second) / (2 + overlap) * first
    torch.testing.assert_close(published_product([gradients[:2]], vector, 2), expected)


def test_the_published_recursion_divides_by_its_constant_where_fewer_samples_are_retained(bench: Bench) -> None:
    """The published code has N = 1000 whatever it finds."""
    model, context = bench.model().eval(), bench.context()
    retain, forget = bench.samples("retain"), bench.samples("forget")
    assert len(retain) < 1000
    total = len(retain) + len(forget)
    of_retain = influence.summed_gradient(model, retain, 64, context) / len(retain)
    difference = (influence.summed_gradient(model, forget, 64, context) - len(forget) * of_retain) / total
    chosen = retain.part(len(retain), bench.context().generators)
    (rows,) = influence.gradient_rows(model, chosen, len(retain), context)
    influence.add(model, 1000.0 * published_product([rows], difference, 1000))
    found = bench.call("influence", bench.model(), inverse="published", alpha=1000.0)
    torch.testing.assert_close(flat(found), flat(model), rtol=1e-4, atol=1e-5)


def test_single_gradients_are_those_of_single_passes(bench: Bench) -> None:
    model, (images, labels) = bench.model().eval(), samples_of(bench, "forget")
    own = torch.cat([part.flatten(1) for part in per_sample_gradients(model, images, labels).values()], dim=1)
    torch.testing.assert_close(own, gradients_one_by_one(model, images, labels), rtol=1e-4, atol=1e-6)


def test_the_step_solves_for_what_the_forget_set_adds(bench: Bench) -> None:
    model = bench.model()
    settings = {"alpha": 2.0, "damping": 0.5, "samples": 10_000, "batch_size": 64}
    step = (flat(bench.call("influence", bench.model(), **settings)) - flat(model)) / 2
    retain, forget = (gradients_one_by_one(model, *samples_of(bench, part)) for part in ("retain", "forget"))
    total = len(retain) + len(forget)
    wanted = forget.sum(0) / total - len(forget) / (total * len(retain)) * retain.sum(0)
    found = 0.5 * step + retain.T @ (retain @ step) / len(retain)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=2e-6)


@pytest.mark.parametrize("inverse", ["woodfisher", "published"])
def test_the_step_is_linear_in_alpha_and_none_at_zero(bench: Bench, inverse: str) -> None:
    model = bench.model()
    states = {alpha: bench.call("influence", bench.model(), alpha=alpha, inverse=inverse) for alpha in (0, 1, 10)}
    assert same(states_of(states[0])[0], states_of(model)[0])
    once, ten = (flat(states[alpha]) - flat(model) for alpha in (1, 10))
    assert once.abs().max() > 1e-4
    torch.testing.assert_close(ten, 10 * once, rtol=1e-3, atol=1e-5)


def test_batches_change_rounding_only(bench_of: Callable[..., Bench]) -> None:
    first, second = (bench_of("small_cnn").last("influence", batch_size=size) for size in (7, 230))
    for name, array in first.items():
        np.testing.assert_allclose(array, second[name], rtol=1e-4, atol=1e-5)


def test_samples_of_the_fisher_matrix_are_drawn(bench_of: Callable[..., Bench]) -> None:
    # published: the first ones, of whatever class they are
    bench, other = bench_of("mlp"), bench_of("mlp", 1)
    states = [own.last("influence", samples=20, damping=0.1, alpha=10.0) for own in (bench, other)]
    assert max(np.abs(states[0][name] - states[1][name]).max() for name in states[0]) > 1e-3


def test_a_search_has_newtons_step_well_inside() -> None:
    # squared loss: from the least squares of all samples, a step of 1 without damping leads to those of the retain set
    inputs, targets, forgotten = normal(60, 4), normal(60, seed=1), 12
    original, oracle = (torch.linalg.lstsq(inputs[kept:], targets[kept:, None]).solution for kept in (0, forgotten))
    gradients = inputs * (inputs @ original - targets[:, None])
    forget, retain = gradients[:forgotten].sum(0), gradients[forgotten:].sum(0)
    difference = (forget - forgotten / (60 - forgotten) * retain) / 60
    newton = inverse_fisher_product(inputs[forgotten:], difference, 1e-9)
    torch.testing.assert_close(original[:, 0] + newton, oracle[:, 0], rtol=1e-6, atol=1e-8)
    # where the curvature is 1, the default damping halves that step; where it is 1/49, it takes alpha = 50 to make it
    damped = [inverse_fisher_product(torch.tensor([[c**0.5]]), torch.ones(1), 1.0) * c for c in (1.0, 1 / 49)]
    assert [1 / step.item() for step in damped] == pytest.approx([2.0, 50.0])
    # published: from 0 to 1, Newton's step at the most
    alphas = [draw(Settings.search(), {"alpha": quantile}, 50)["alpha"] for quantile in (0.0, 0.5, 1.0)]
    assert alphas == pytest.approx([0.1, 5**0.5, 50.0])
