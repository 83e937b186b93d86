"""Fixtures of the cluster tests. They need root and SLURM's packages, so they run by `make test-slurm` only."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkout import Checkout
from slurm_cluster import EXPERIMENT, Cluster, Run, tables

FAULTS = Path(__file__).with_name(EXPERIMENT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder unless `make test-slurm` asks for them."""
    asked = os.environ.get("UNLEARNKIT_SLURM") == "1"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("slurm")
            if not asked:
                item.add_marker(pytest.mark.skip(reason="needs a cluster: make test-slurm"))


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A fresh cluster for the tests of a module, with accounting if its ACCOUNTING says so."""
    folder = Path(tempfile.mkdtemp(prefix="unlearnkit-slurm-"))  # a short path: there are sockets in it
    started = Cluster(folder, accounting=request.module.ACCOUNTING)
    try:
        started.up()
        yield started
    finally:
        started.down()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pristine(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the repository with faults.yaml beside the Snakefile; not to be changed."""
    copy = Checkout.of(repository, tmp_path_factory.mktemp("pristine") / "copy")
    shutil.copy(FAULTS, copy.root)
    return copy


@pytest.fixture(scope="session")
def undisturbed(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of the faults experiment as a local run makes them, without any cluster."""
    local = pristine.copy(tmp_path_factory.mktemp("undisturbed") / "copy")
    outcome = local.run(sys.executable, "-m", "snakemake", "klom_all", "--configfile", EXPERIMENT)
    assert outcome.status == 0, outcome.output
    return tables(local, "faults")


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str, Run], None]:
    """Print what a user saw of a fault, also where the test passes: docs/faults.md cites it."""

    def print_it(what: str, run: Run) -> None:
        with capsys.disabled():
            print(f"\n  {what}:\n{run.told()}")

    return print_it
