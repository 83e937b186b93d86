"""Methods, architectures and benches to try them on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import BRIEFLY, Bench
from made_pairs import made_pairs
from made_text import made_text

from unlearnkit import registry
from unlearnkit.config.blocks import declared
from unlearnkit.config.rules import refusal
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.data.text.text_set import TextSet

FORGET = np.array([17, 3, 150, 88, 231, 64, 199, 5, 120, 42])


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_digits() -> ImageSet:
    """The first 240 training and 20 validation digits."""
    return load_image_set("digits", None, train_size=240, validation_size=20)


@pytest.fixture(scope="session")
def small_text() -> TextSet:
    """As many made sequences as there are digits, of 2 to 9 tokens, four to a forget unit."""
    return made_text(240, 20, vocabulary=40, shortest=2, longest=9)


@pytest.fixture(scope="session")
def small_pairs() -> TextSet:
    """As many made pairs of a prompt and an answer, for methods that read other answers."""
    return made_pairs(240, 20)


@pytest.fixture
def bench_of(small_digits: ImageSet, small_text: TextSet, small_pairs: TextSet, tmp_path: Path) -> Callable[..., Bench]:
    """A function (model name, base seed, method) that returns a bench with a forget set of ten samples.

    They are digits, sequences, or pairs if the method reads other answers than the true ones.
    """

    def bench(model: str, base_seed: int = 0, method: str | None = None) -> Bench:
        samples = small_digits
        if registry.task_of(declared("model", model)) == "text":
            views = registry.views_of(declared("method", method)) if method else ()
            samples = small_pairs if set(views) & small_pairs.views.keys() else small_text
        return Bench(samples, model, FORGET, tmp_path, base_seed)

    return bench


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out pairs of method and model that the configuration refuses or that are for other tasks."""
    left_out = [item for item in items if isinstance(item, pytest.Function) and _refused(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _refused(item: pytest.Function) -> bool:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    model = parameters.get("bench", parameters.get("architecture"))
    if "method" not in parameters or model is None:
        return False
    method = str(parameters["method"])
    if method in BRIEFLY and model == "nanogpt" and item.path.name == "test_conformance.py":
        return True
    task = registry.task_of(declared("model", str(model)))
    return task not in registry.tasks_of(declared("method", method)) or bool(refusal(method, str(model)))


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.slow) if name in BRIEFLY else name for name in registry.METHODS]
)
def method(request: pytest.FixtureRequest) -> str:
    """The name of a registered method."""
    return request.param


@pytest.fixture(params=["mlp", "small_cnn"])
def bench(request: pytest.FixtureRequest, bench_of: Callable[..., Bench]) -> Bench:
    """A bench of images without and one with batch norm."""
    return bench_of(request.param)
