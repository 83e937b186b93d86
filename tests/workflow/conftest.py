"""Fixtures of the workflow tests: a fresh copy of the repository, and one with the finished tiny experiment."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import Checkout


@pytest.fixture(scope="session")
def pristine(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the repository without results; not to be changed."""
    return Checkout.of(repository, tmp_path_factory.mktemp("pristine") / "copy")


@pytest.fixture(scope="session")
def completed(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy in which the tiny experiment is finished; not to be changed."""
    copy = pristine.copy(tmp_path_factory.mktemp("completed") / "copy")
    copy.make()
    return copy


@pytest.fixture
def fresh(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the repository without results, to be changed."""
    return pristine.copy(tmp_path / "copy")


@pytest.fixture
def finished(completed: Checkout, tmp_path: Path) -> Checkout:
    """A copy with the finished tiny experiment, to be changed."""
    return completed.copy(tmp_path / "copy")
