"""JIT: the loss and its gradient by a loop over samples and perturbations, and outputs that become flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from bench import CPU, Bench
from torch import Tensor, nn

from unlearnkit.methods.images.jit import Settings, lipschitz


def by_hand(model: nn.Module, images: Tensor, settings: Settings, seed: int) -> Tensor:
    """Return the loss from one forward pass per sample and perturbation."""
    generator, total = torch.Generator().manual_seed(seed), torch.zeros(())
    for _ in range(settings.perturbations):
        noise = settings.noise * torch.randn(images.shape, generator=generator)
        for image, own in zip(images, noise, strict=True):
            other = model((image + own)[None])[0]
            difference = model(image[None])[0] - (other if settings.through == "both" else other.detach())
            total = total + difference.square().sum().sqrt() / own.square().sum().sqrt()
    return total / settings.perturbations


def settings_of(**own: Any) -> Settings:
    return Settings.model_validate(own)


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("through", ["both", "clean"])
@pytest.mark.parametrize(("noise", "perturbations"), [(0.5, 3), (0.05, 1)])
def test_loss_and_gradient_are_those_of_single_samples(
    bench: Bench, through: Literal["both", "clean"], noise: float, perturbations: int
) -> None:
    model, images = bench.model().eval(), bench.task.pixels.normalised(bench.split.forget)
    settings = settings_of(noise=noise, perturbations=perturbations, through=through)
    found, expected = lipschitz(model, images, settings, seeded(7)), by_hand(model, images, settings, 7)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)
    weights = list(model.parameters())
    pairs = zip(torch.autograd.grad(found, weights), torch.autograd.grad(expected, weights), strict=True)
    for own, other in pairs:
        torch.testing.assert_close(own, other, rtol=1e-2, atol=1e-4)


def test_of_a_linear_map_it_lies_between_the_singular_values() -> None:
    weight = torch.diag(torch.tensor([0.5, 1.0, 2.0, 4.0]))
    loss = lipschitz(
        lambda pixels: pixels.flatten(1) @ weight, torch.zeros(6, 1, 2, 2), settings_of(noise=0.3), seeded(0)
    )
    assert 6 * 0.5 < loss < 6 * 4


def test_the_published_gradient_is_noise_where_the_outputs_are_linear() -> None:
    """The mean of many draws vanishes beside a single one's; that of the paper's gradient does not."""
    images = torch.rand(1, 1, 2, 2, generator=torch.Generator().manual_seed(1))

    def gradient(through: Literal["both", "clean"], perturbations: int) -> float:
        weight = torch.eye(4, requires_grad=True)
        settings = settings_of(noise=0.1, perturbations=perturbations, through=through)
        loss = lipschitz(lambda pixels: pixels.flatten(1) @ weight, images, settings, seeded(2))
        return torch.autograd.grad(loss, [weight])[0].norm().item()

    assert gradient("clean", 2000) < 0.1 * gradient("clean", 1)
    assert gradient("both", 2000) > 0.4 * gradient("both", 1)


def test_every_model_of_a_stack_has_noise_of_its_own(bench_of: Callable[..., Bench]) -> None:
    bench, settings = bench_of("mlp"), settings_of(noise=0.1, perturbations=2)
    images = bench.task.pixels.normalised(bench.split.forget)
    alone = [lipschitz(bench.model(seed).eval(), images, settings, seeded(seed)) for seed in (0, 1)]
    stack = bench.task.architecture.gather([bench.model(seed) for seed in (0, 1)], CPU).eval()
    together = lipschitz(stack, images.expand(2, *images.shape), settings, seeded(0, 1))
    torch.testing.assert_close(together, alone[0] + alone[1])


def test_outputs_near_the_forget_samples_become_flat(bench: Bench) -> None:
    images, settings = bench.task.pixels.normalised(bench.split.forget), settings_of(noise=0.1)

    def steepness(model: nn.Module) -> float:
        with torch.no_grad():
            return lipschitz(model.eval(), images, settings, seeded(3)).item()

    unlearned = bench.call("jit", bench.model(), noise=0.1, lr=0.1, epochs=5)
    assert steepness(unlearned) < 0.9 * steepness(bench.model())
