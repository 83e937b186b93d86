"""Methods, architectures and benches to try them on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import Bench

from unlearnkit import registry
from unlearnkit.config.rules import refusal
from unlearnkit.data.image_set import ImageSet
from unlearnkit.data.loading import load_image_set

FORGET = np.array([17, 3, 150, 88, 231, 64, 199, 5, 120, 42])


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_digits() -> ImageSet:
    """The first 240 training and 20 validation digits."""
    return load_image_set("digits", None, train_size=240, validation_size=20)


@pytest.fixture
def bench_of(small_digits: ImageSet, tmp_path: Path) -> Callable[..., Bench]:
    """A function (model name, base seed) that returns a bench with a forget set of ten digits."""
    return lambda model, base_seed=0: Bench(small_digits, model, FORGET, tmp_path, base_seed)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the pairs of method and model that the configuration refuses; test_conformance has a test of those."""
    left_out = [item for item in items if isinstance(item, pytest.Function) and _refused(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _refused(item: pytest.Function) -> bool:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    model = parameters.get("bench", parameters.get("architecture"))
    return "method" in parameters and model is not None and bool(refusal(str(parameters["method"]), str(model)))


@pytest.fixture(params=registry.METHODS)
def method(request: pytest.FixtureRequest) -> str:
    """The name of a registered method."""
    return request.param


@pytest.fixture(params=["mlp", "small_cnn"])
def bench(request: pytest.FixtureRequest, bench_of: Callable[..., Bench]) -> Bench:
    """A bench without and one with batch norm."""
    return bench_of(request.param)
