"""The pretended device computes what the CPU computes, and refuses what a GPU refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pretend_device import pretending
from torch import nn
from torch.func import functional_call, grad, vmap

GENERATOR = torch.Generator()


@pytest.fixture
def device() -> Iterator[torch.device]:
    """The pretended device."""
    with pretending() as found:
        yield found


def trained(device: torch.device) -> tuple[nn.Module, torch.Tensor]:
    """Three steps of a small network on a device, and the gradients of its last layer, sample by sample."""
    drawn = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn) / 10)
    images, labels = torch.randn(5, 1, 8, 8, generator=drawn), torch.randint(10, (5,), generator=drawn)
    model, images, labels = model.to(device), images.to(device), labels.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    def loss(weights: dict[str, torch.Tensor], image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(functional_call(model.eval(), weights, (image[None],)), label[None])

    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    return model, vmap(grad(loss), (None, 0, 0))(weights, images, labels)["4.weight"]


def test_it_comes_after_a_backward_pass() -> None:
    script = (
        "import torch\n"
        "from pretend_device import pretending\n"
        "torch.ones(1, requires_grad=True).sum().backward()\n"
        "with pretending() as device:\n"
        "    (2 * torch.ones(1, device=device, requires_grad=True)).sum().backward()\n"
    )
    folder = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    ended = subprocess.run([sys.executable, "-c", script], env=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_it_computes_what_the_cpu_computes(device: torch.device) -> None:
    expected, gradients = trained(torch.device("cpu"))
    found, own_gradients = trained(device)
    assert {tensor.device for tensor in [*found.state_dict().values(), own_gradients]} == {device}
    for name, tensor in found.state_dict().items():
        np.testing.assert_allclose(tensor.cpu().numpy(), expected.state_dict()[name].numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(own_gradients.cpu().numpy(), gradients.numpy(), rtol=1e-5, atol=1e-6)


MISTAKES = {
    "a sum": lambda x: x + torch.ones(3),
    "a product": lambda x: x.outer(x) @ torch.ones(3, 1),
    "a choice": lambda x: torch.where(torch.ones(3, dtype=torch.bool), x, x),
    "a pile": lambda x: torch.stack([x, torch.ones(3)]),
    "an index there into what is here": lambda x: torch.ones(3)[torch.arange(2, device=x.device)],
    "what is here put there": lambda x: x.index_put_((torch.arange(2),), torch.ones(2)),
    "targets here": lambda x: nn.functional.cross_entropy(x[None], torch.tensor([0])),
    "a step in place": lambda x: torch.ones(3).add_(x),
    "a generator of the CPU": lambda x: torch.randn(3, generator=GENERATOR, device=x.device),
    "a permutation by a generator of the CPU": lambda x: torch.randperm(3, generator=GENERATOR, device=x.device),
    "NumPy": lambda x: x.numpy(),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_refuses_what_a_gpu_refuses(mistake: str, device: torch.device) -> None:
    with pytest.raises((RuntimeError, TypeError)):
        MISTAKES[mistake](torch.zeros(3, device=device))


def test_it_lets_through_what_a_gpu_lets_through(device: torch.device) -> None:
    there = torch.tensor([1.0, 2.0, 3.0], device=device)
    assert (there * torch.tensor(2.0)).tolist() == [2.0, 4.0, 6.0]
    assert there[torch.tensor([2, 0])].tolist() == [3.0, 1.0]
    assert torch.zeros(3).copy_(there).numpy().sum() == 6
    assert (there.sum().item(), float(there[0]), there.cpu().device.type) == (6.0, 1.0, "cpu")
    with torch.inference_mode():
        assert (there[:2] + 1).tolist() == [2.0, 3.0]
    view = there[1:]
    view += 1
    assert there.tolist() == [1.0, 3.0, 4.0]
