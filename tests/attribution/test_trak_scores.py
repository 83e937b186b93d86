"""Scores of the TRAK kind against what they stand for, written out densely on small models."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from unlearnkit.artifacts.attribution import GradientFile, write_gradients
from unlearnkit.artifacts.weights import State
from unlearnkit.attribution import influence
from unlearnkit.attribution.gradients import margin_weights, parameter_count, projected_gradients
from unlearnkit.attribution.influence import mean_scores, scores
from unlearnkit.attribution.projection import matrix_projector
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import TrainingError
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task


def by_hand(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Projected gradients [classes + 1, samples, dimension], one backward pass for each."""
    parameters, found = list(model.parameters()), []
    for image, label in zip(images, labels, strict=True):
        logits = model(image[None])[0]
        margin = logits[label] - logits[torch.arange(len(logits)) != label].logsumexp(0)
        whole = [torch.autograd.grad(value, parameters, retain_graph=True) for value in [*logits, margin]]
        found.append(torch.stack([torch.cat([part.flatten() for part in parts]) for parts in whole]))
    return torch.stack(found, dim=1) @ matrix.float() / matrix.shape[1] ** 0.5


@pytest.mark.parametrize("model", ["mlp", "small_cnn"])
def test_gradients_are_those_of_every_sample(digits: ImageSet, model: str) -> None:
    task = task_for(digits, {"name": model}, 0, torch.device("cpu"))
    net = task.architecture.build(0).eval()
    pixels = task.pixels
    pixels.images, pixels.labels = pixels.images[:12], pixels.labels[:12]
    count = parameter_count(net)
    projector = matrix_projector(count, 20, 0, torch.device("cpu"))
    zero_or_one = torch.empty(count, 20, dtype=torch.int8).random_(0, 2, generator=torch.Generator().manual_seed(0))
    matrix = 2 * zero_or_one - 1
    found = projected_gradients(net, 10, pixels, projector, lambda _: None)
    expected = by_hand(net, pixels.normalised(torch.arange(12)), pixels.labels, matrix)
    got = torch.from_numpy(found.projected).float() * torch.from_numpy(found.scale)[..., None]
    torch.testing.assert_close(got, expected.detach(), rtol=0, atol=1e-3 * float(expected.abs().max()))
    logits = net(pixels.normalised(torch.arange(12))).detach()
    np.testing.assert_allclose(found.probability, logits.softmax(1)[torch.arange(12), pixels.labels], rtol=1e-5)


def test_the_projection_keeps_inner_products_on_average() -> None:
    projected = matrix_projector(31, 50_000, 1, torch.device("cpu"))(torch.eye(31))
    torch.testing.assert_close(projected @ projected.T, torch.eye(31), atol=0.03, rtol=0)


def test_the_margin_is_a_combination_of_logits() -> None:
    logits = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    margins = logits[range(6), labels] - logits.masked_fill(nn.functional.one_hot(labels).bool(), -torch.inf).logsumexp(
        1
    )
    np.testing.assert_allclose(margins.detach(), margins_from_logits(logits.detach().numpy(), labels.numpy()))
    (slope,) = torch.autograd.grad(margins.sum(), logits)
    torch.testing.assert_close(margin_weights(logits.detach(), labels), slope)


@pytest.mark.parametrize("curvature", [False, True])
def test_scores_are_the_written_out_kernel(curvature: bool) -> None:
    rng = np.random.default_rng(0)
    phi, targets, p = rng.normal(size=(9, 4)), rng.normal(size=(13, 4)), rng.uniform(0.1, 0.9, 9)
    kernel = sum((p[i] * (1 - p[i]) if curvature else 1) * np.outer(phi[i], phi[i]) for i in range(9)) / 9
    inverse = np.linalg.inv(kernel + 0.01 * np.eye(4))
    expected = [[targets[x] @ inverse @ phi[i] * (1 - p[i]) / 9 for x in range(13)] for i in range(9)]
    given = (torch.from_numpy(array).float() for array in (phi, p, targets))
    found = scores(*given, curvature=curvature, ridge=0.01)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_scores_are_what_a_sample_adds_in_logistic_regression() -> None:
    """Where the model is linear in its features, leaving a sample out moves margins as its score says."""
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(200, 3, generator=rng, dtype=torch.float64)
    signs = torch.where(
        torch.rand(200, generator=rng) < torch.sigmoid(features @ torch.tensor([1.0, -2, 0.5]).double()), 1, -1
    )

    def trained(kept: torch.Tensor) -> torch.Tensor:
        weights = torch.zeros(3, dtype=torch.float64)
        for _ in range(20):
            rows = features[kept] * signs[kept, None]
            p = torch.sigmoid(rows @ weights)
            hessian = (rows.T * (p * (1 - p))) @ rows
            weights = weights + torch.linalg.solve(hessian, rows.T @ (1 - p))
        return weights

    full, own = trained(torch.arange(200)), features * signs[:, None]
    beta = scores(own.float(), torch.sigmoid(own @ full).float(), own.float(), curvature=True, ridge=1e-12)
    for left_out in (0, 17, 101):
        kept = torch.arange(200)[torch.arange(200) != left_out]
        moved = own @ (full - trained(kept))
        torch.testing.assert_close(beta[left_out].double(), moved, rtol=0.1, atol=1e-3)


def test_a_kernel_of_nan_is_refused() -> None:
    phi = torch.full((5, 2), torch.nan)
    with pytest.raises(TrainingError, match=r"not positive definite with a ridge of 0\.1"):
        scores(phi, torch.full((5,), 0.5), phi, curvature=True, ridge=0.1)


def test_scores_are_averaged_over_checkpoints(tmp_path, task: Task, originals: list[State]) -> None:
    files = []
    for number in range(2):
        net = task.architecture.load(originals[number])
        projector = matrix_projector(parameter_count(net), 30, number, torch.device("cpu"))
        found = projected_gradients(net, 10, task.pixels, projector, lambda _: None)
        names = [*(f"logit_{c}" for c in range(10)), "margin"]
        named = dict(zip(names, zip(found.projected, found.scale, strict=True), strict=True))
        write_gradients(tmp_path / f"{number}.safetensors", named, found.probability, {})
        files.append(GradientFile(tmp_path / f"{number}.safetensors"))

    def mean(chosen: list[GradientFile]) -> torch.Tensor:
        how = {"curvature": True, "ridge": 0.01, "device": torch.device("cpu"), "report": lambda _: None}
        return mean_scores(chosen, "logit_3", 150, **how)

    both = mean(files)
    assert both.shape == (150, 250)
    torch.testing.assert_close(both, (mean(files[:1]) + mean(files[1:])) / 2)


def test_a_checkpoint_begins_with_no_matrix_but_the_sum(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {name: (np.ones((6, 2), np.float16), np.ones(6, np.float32)) for name in ("logit_0", "margin")}
    write_gradients(tmp_path / "0.safetensors", named, np.full(6, 0.5), {})
    made: list[weakref.ref[torch.Tensor]] = []
    held: list[int] = []

    def watched(*given: torch.Tensor, **how: float) -> torch.Tensor:
        held.append(sum(one() is not None for one in made))
        found = scores(*given, **how)  # pyright: ignore[reportArgumentType]
        made.append(weakref.ref(found))
        return found

    monkeypatch.setattr(influence, "scores", watched)
    files = [GradientFile(tmp_path / "0.safetensors")] * 4
    how = {"curvature": True, "ridge": 0.1, "device": torch.device("cpu"), "report": lambda _: None}
    mean_scores(files, "logit_0", 5, **how)
    assert held == [0, 1, 1, 1]
