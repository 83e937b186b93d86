"""The embedded experiment and its jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.config.experiment import Experiment
from unlearnkit.config.load import load_experiment
from unlearnkit.planning.missing import MissingJob
from unlearnkit.workflow.graph import Graph


@pytest.fixture(scope="session")
def experiment(repository: Path) -> Experiment:
    """The embedded experiment."""
    return load_experiment(yaml.safe_load((repository / "config.yaml").read_text()))


@pytest.fixture(scope="session")
def job_of(experiment: Experiment) -> Callable[..., MissingJob]:
    """A function that returns a job of the embedded experiment: of rule oracle, or unlearn for a variant."""
    graph = Graph(experiment)

    def make(variant: str | None = None, forget_set: str = "random_50", number: int = 0, **changes: Any) -> MissingJob:
        slices = graph.unlearning_slice(variant) if variant else graph.training_slice("oracle")
        job = MissingJob(
            number=number,
            rule="unlearn" if variant else "oracle",
            wildcards={"forget_set": forget_set, "shard": "0000-0099"},
            settings=slices,
            outputs={"weights": "w", "margins": "m"} if variant else {"weights": "w"},
            threads=1,
            gpus=0,
            local=True,
            needs=frozenset(),
        )
        return dataclasses.replace(job, **changes)

    return make
