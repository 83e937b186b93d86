"""Projections by the package traker, and the package as an independent reference of gradients and scores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from trak import TRAKer
from trak.gradient_computers import FunctionalGradientComputer
from trak.modelout_functions import ImageClassificationModelOutput
from trak.projectors import BasicProjector, ProjectionType
from trak.score_computers import BasicScoreComputer
from trak.utils import vectorize

from unlearnkit.artifacts.weights import State
from unlearnkit.attribution import projection
from unlearnkit.attribution.gradients import Gradients, parameter_count, projected_gradients
from unlearnkit.attribution.influence import scores
from unlearnkit.attribution.projection import Projector, in_units, projector_for
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import ConfigError, TrainingError
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task

CPU = torch.device("cpu")
SEED = 2**40 + 17
"""A seed beyond the 31 bits that the package gets."""


def traker(parameters: int, dimension: int, seed: int = SEED, device: torch.device = CPU) -> Projector:
    return projector_for("traker", parameters, dimension, seed=seed, device=device, attribution="slopes")


def reference(parameters: int, dimension: int, block_size: int) -> BasicProjector:
    """The package's own projector with the seed that is made of SEED."""
    return BasicProjector(parameters, dimension, 17, ProjectionType("rademacher"), CPU, block_size=block_size)


def projected(model: nn.Module, task: Task, dimension: int) -> tuple[Gradients, Tensor]:
    found = projected_gradients(model, 10, task.pixels, traker(parameter_count(model), dimension), lambda _: None)
    return found, torch.from_numpy(found.projected).float() * torch.from_numpy(found.scale)[..., None]


def part_of(task: Task, samples: int) -> Task:
    task.pixels.images, task.pixels.labels = task.pixels.images[:samples], task.pixels.labels[:samples]
    return task


# projections


def test_inner_products_are_kept_on_average() -> None:
    project = traker(31, 50_000)
    assert project.name.startswith("BasicProjector of traker 0.")
    found = project(torch.eye(31))
    assert set((found * 50_000**0.5).round(decimals=3).flatten().tolist()) == {-1, 1}
    torch.testing.assert_close(found @ found.T, torch.eye(31), atol=0.03, rtol=0)


@pytest.mark.parametrize("block", [2**26, 31 * 8, 31 * 5, 1])
def test_a_seed_is_a_projection_whatever_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(projection, "BLOCK", block)
    gradients = torch.randn(3, 10, 31, generator=torch.Generator().manual_seed(0))
    project = traker(31, 24)
    found = project(gradients)
    assert found.shape == (3, 10, 24)
    assert torch.equal(found, project(gradients))
    assert torch.equal(found, traker(31, 24)(gradients))
    torch.testing.assert_close(found[1, 4:6], project(gradients[1, 4:6]))
    assert not torch.allclose(found, traker(31, 24, SEED + 1)(gradients), atol=0.1)
    # more than a block holds is drawn anew for every call, which then gets more
    assert project.numbers_at_once == (2**26 if block >= 31 * 24 else 2**28)


def test_half_precision_gets_gradients_of_any_size() -> None:
    signs = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)).sign()
    rows = torch.randn(40, 50, generator=torch.Generator().manual_seed(1)) * torch.logspace(-12, 12, 40)[:, None]
    rows[7] = 0
    taken: list[int] = []

    def kernel(part: Tensor) -> Tensor:
        taken.append(len(part))
        return part.half().float() @ signs

    found, expected = in_units(kernel, rows), rows @ signs
    unit = rows.norm(dim=1, keepdim=True).clamp_min(1e-30)
    torch.testing.assert_close(found / unit, expected / unit, atol=2e-3, rtol=0)
    assert taken == [16, 16, 8]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_projections_on_a_gpu() -> None:
    device = torch.device("cuda")
    project = traker(3001, 16_384, device=device)
    gradients = torch.randn(40, 3001, device=device)
    found = project(gradients)
    assert torch.equal(found, traker(3001, 16_384, device=device)(gradients))
    torch.testing.assert_close(found.norm(dim=1), gradients.norm(dim=1), rtol=0.05, atol=0)
    if project.name.startswith("CudaProjector"):
        with pytest.raises(ConfigError, match=r"slopes\.dimension is 500.*multiple of 512.*[Ss]et it to 512"):
            traker(3001, 500, device=device)
        with pytest.raises(TrainingError, match="too many for fast_jl"):
            traker(2**28, 512, device=device)


# the package as a reference


@pytest.mark.parametrize("model", ["mlp", "small_cnn"])
def test_gradients_of_margins_are_the_packages(digits: ImageSet, model: str) -> None:
    task = part_of(task_for(digits, {"name": model}, 0, CPU), 12)
    net = task.architecture.build(0).eval()
    _, found = projected(net, task, 64)
    count = parameter_count(net)
    computer = FunctionalGradientComputer(net, ImageClassificationModelOutput(), count, torch.float32, CPU)
    gradients = computer.compute_per_sample_grad((task.pixels.normalised(torch.arange(12)), task.pixels.labels))
    expected = reference(count, 64, 64).project(vectorize(gradients, device="cpu"), 0) / 8
    torch.testing.assert_close(found[10], expected, rtol=0, atol=1e-3 * float(expected.abs().max()))


def test_scores_are_the_packages_times_a_constant() -> None:
    """Its kernel is a sum where ours is a mean, so lambda = n ridge; it divides by the mean size of the inverse."""
    generator = torch.Generator().manual_seed(0)
    phi, targets = torch.randn(80, 12, generator=generator), torch.randn(30, 12, generator=generator)
    p, ridge = torch.rand(80, generator=generator), 0.05
    ours = scores(phi, p, targets, curvature=False, ridge=ridge)
    computer = BasicScoreComputer(torch.float32, CPU, lambda_reg=80 * ridge)
    xtx = computer.get_xtx(phi)
    theirs = torch.zeros(80, 30)
    computer.get_scores(computer.get_x_xtx_inv(phi, xtx), targets, theirs)
    constant = torch.linalg.inv(xtx + 80 * ridge * torch.eye(12)).abs().mean()
    torch.testing.assert_close(ours, theirs * constant * (1 - p)[:, None], rtol=1e-4, atol=1e-7)


def test_the_whole_package_gives_these_scores(
    digits: ImageSet, tmp_path: Path, originals: list[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the model on; the package divides projections by the root of the number of parameters, not of dimensions."""
    task, dimension, ridge = task_for(digits, {"name": "mlp", "hidden": [64]}, 0, CPU), 40, 0.01
    net = task.architecture.load(originals[0]).eval()
    count = parameter_count(net)
    # in blocks, since the package cannot go on with a single one that it has freed
    monkeypatch.setattr(projection, "BLOCK", 16 * count)
    found, gradients = projected(net, task, dimension)
    margins, p = gradients[10], torch.from_numpy(found.probability[:150])
    ours = scores(margins[:150], p, margins, curvature=False, ridge=ridge)
    unit = dimension / count  # of an inner product
    whole: Any = TRAKer(
        net,
        "image_classification",
        train_set_size=150,
        save_dir=str(tmp_path / "trak"),
        device="cpu",
        projector=reference(count, dimension, 16),
        lambda_reg=150 * ridge * unit,
        use_half_precision=False,
        logging_level=50,
    )
    images, labels = task.pixels.normalised(torch.arange(250)), task.pixels.labels
    whole.load_checkpoint(net.state_dict(), model_id=0)
    whole.featurize((images[:150], labels[:150]), num_samples=150)
    whole.finalize_features()
    whole.start_scoring_checkpoint("all", net.state_dict(), model_id=0, num_targets=250)
    whole.score((images, labels), num_samples=250)
    theirs = torch.from_numpy(np.array(whole.finalize_scores("all")))
    inverse = torch.linalg.inv(margins[:150].T @ margins[:150] + 150 * ridge * torch.eye(dimension))
    expected = theirs * float(inverse.abs().mean()) / unit
    torch.testing.assert_close(ours, expected, rtol=0, atol=3e-3 * float(expected.abs().max()))


# the package is not there

BLOCKED = """
import sys
sys.modules["trak"] = None
import torch
from unlearnkit.attribution.projection import projector_for
from unlearnkit.errors import ConfigError
wanted = {"seed": 0, "device": torch.device("cpu"), "attribution": "slopes"}
projector_for("matrix", 5, 3, **wanted)
try:
    projector_for("traker", 5, 3, **wanted)
except ConfigError as error:
    print(error)
"""


def test_a_missing_package_is_told_with_the_key_and_the_remedy() -> None:
    ended = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("attributions.slopes.projector is 'traker', but that package cannot be imported (")
    assert "Run `pip install traker`, or set attributions.slopes.projector to matrix." in ended.stdout
