"""Fixtures shared by all tests: real data, and copies of the repository without and with a finished experiment."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from checkout import Checkout, MadeOnce

if TYPE_CHECKING:
    import torch

REPOSITORY = Path(__file__).resolve().parent.parent

# how long an example takes depends on what else the machine does
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the clone under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the clone; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("UNLEARNKIT_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data sets at {folder} (set UNLEARNKIT_SHARED to the folder that holds data/)")
    return folder


@pytest.fixture
def elsewhere() -> Iterator[torch.device]:
    """A device that is not the CPU: the GPU, or where there is none a pretended one."""
    import torch
    from pretend_device import pretending

    if torch.cuda.is_available():
        yield torch.device("cuda")
    else:
        with pretending() as device:
            yield device


@pytest.fixture(scope="session")
def pristine(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the repository without results; not to be changed."""
    return Checkout.of(repository, tmp_path_factory.mktemp("pristine") / "copy")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """A function that returns the copy of a name, made of another by the first process that asks.

    That is the first process of pytest-xdist, or of all calls of pytest that have one folder in UNLEARNKIT_MADE: these
    must be of the same code.
    """
    shared = tmp_path_factory.getbasetemp()
    if "UNLEARNKIT_MADE" in os.environ:
        shared = Path(os.environ["UNLEARNKIT_MADE"])
    elif "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def made(name: str, source: Checkout, make: Callable[[Checkout], object]) -> Checkout:
        folder, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(source.copy(folder))
                done.touch()
        return Checkout(folder)

    return made


@pytest.fixture(scope="session")
def completed(pristine: Checkout, made_once: MadeOnce) -> Checkout:
    """A copy in which the tiny experiment is finished; not to be changed."""
    return made_once("completed", pristine, Checkout.make)


@pytest.fixture
def fresh(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the repository without results, to be changed."""
    return pristine.copy(tmp_path / "copy")


@pytest.fixture
def finished(completed: Checkout, tmp_path: Path) -> Checkout:
    """A copy with the finished tiny experiment, to be changed."""
    return completed.copy(tmp_path / "copy")
