"""What a plan says of published models: bytes of files by their shapes, each once, beside what training would take."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.prediction import Predictor
from unlearnkit.planning.presentation import published_words
from unlearnkit.planning.published import Published, published
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

SOURCE = {"source": "published", "repository": "owner/pool", "revision": "0" * 40, "layout": "easydub_1"}
RAW: dict[str, Any] = {
    "experiment": "tiny",
    "data": {"name": "cifar10"},
    "model": {"name": "resnet9"},
    "training": {"epochs": 24, "batch_size": 256, "lr": 0.4, "warmup_epochs": 5},
    "num_models": 200,
    "shard_size": 50,
    "forget_sets": {"set_2": {"kind": "easydub", "name": "cifar10/2"}},
    "methods": {"do_nothing": {"method": "do_nothing"}},
    "metrics": {"klom": {"num_models": 100}},
}
FILE = 4 * 200 * (50_000 + 10_000)
"""Bytes of the margins of 200 models on all samples of CIFAR-10."""


def plan(source: dict[str, Any], *stages: tuple[str, dict[str, str]]) -> Published | None:
    experiment = load_experiment({**RAW, "originals": source, "oracles": source})
    present = Present(Graph(experiment))
    outputs = {"originals": {"weights": "w"}, "margins": {"margins": "m"}}
    jobs = [
        MissingJob(number, stage, own, present.slice_of(stage, own), outputs[stage], 1, 0, True, frozenset())
        for number, (stage, own) in enumerate(stages)
    ]
    return published(experiment, jobs, Predictor(experiment, [], remote=False))


def margins(population: str, shard: str = "0000-0049") -> tuple[str, dict[str, str]]:
    forget_set = population.partition("/")[2]
    own = {"population": population.partition("/")[0], "shard": shard}
    return "margins", {**own, "forget_set": forget_set} if forget_set else own


def test_a_file_of_all_models_counts_once() -> None:
    found = plan(SOURCE, margins("original"), margins("original", "0050-0099"), margins("oracle/set_2"))
    assert found is not None and (found.models, found.bytes) == (150, 2 * FILE)


def test_single_files_count_for_the_models_that_are_asked_for() -> None:
    second = {**SOURCE, "layout": "easydub_2"}
    found = plan(second, margins("oracle/set_2"))
    assert found is not None and found.bytes == FILE / 4
    logits = plan({**second, "evaluated": "logits"}, margins("oracle/set_2"))
    assert logits is not None and logits.bytes == 10 * FILE / 4


def test_weights_and_margins_of_one_shard_are_the_same_models() -> None:
    weights = ("originals", {"shard": "0000-0049"})
    both, alone = plan(SOURCE, weights, margins("original")), plan(SOURCE, margins("original"))
    assert both is not None and alone is not None
    assert both.models == alone.models == 50 and both.training_seconds == pytest.approx(alone.training_seconds)
    # 2,274,880 parameters in four bytes, and the statistics of batch norm
    assert 50 * 4 * 2_274_880 < both.bytes - alone.bytes < 50 * 4.1 * 2_274_880


def test_a_plan_without_published_models_says_nothing_of_them() -> None:
    assert plan(SOURCE, ("originals", {"shard": "0000-0049"})) is not None
    experiment = load_experiment(RAW)
    assert published(experiment, [], Predictor(experiment, [], remote=False)) is None


def test_the_cheaper_way_depends_on_the_rate_of_download() -> None:
    assert published_words(Published(models=400, bytes=96_000_000, training_seconds=9600.0)) == (
        "96 MB for 400 models, 9.6 s at 10 MB per second; training them here would take 2.7 h: fetching is cheaper "
        "(equal at 10 kB per second)"
    )
    assert "2.0 s: training is cheaper" in published_words(Published(models=4, bytes=96_000_000, training_seconds=2.0))
