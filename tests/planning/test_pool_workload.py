"""What jobs of pools have to do: sample passes of their parts, and the bytes of a membership."""

from __future__ import annotations

import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.planning.disk import Disk
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.workload import Workload
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.pool_graph import PoolGraph

IMAGES = """
experiment: pools
data: {name: digits, train_size: 200, validation_size: 60}
model: {name: mlp, hidden: [8]}
training: {epochs: 3, batch_size: 20, warmup_epochs: 1}
num_models: 4
held_out_oracles: 4
shard_size: 4
attributions: {subsets: {kind: datamodels, models: 12, fraction: 0.4}}
pools: {parts: {kind: random, models: 8, fraction: 0.25, forget: 5}, mine: {kind: file, models: 8, file: mine.npy}}
forget_sets: {some: {kind: random, size: 20}}
methods: {tuned: {method: fine_tune, epochs: 2}}
metrics: {klom: {}}
"""
EXPERIMENT = load_experiment(yaml.safe_load(IMAGES))
WORKLOAD = Workload(EXPERIMENT, ())


def job(rule: str, **wildcards: str) -> MissingJob:
    settings = PoolGraph(Graph(EXPERIMENT)).training_slice("parts")
    outputs = {"weights": "w"} if rule == "pool" else {rule: "o"}
    return MissingJob(0, rule, {"shard": "0000-0003", **wildcards}, settings, outputs, 1, 0, True, frozenset())


def test_models_make_the_passes_of_their_own_parts() -> None:
    assert WORKLOAD.units(job("pool", pool="parts")) == {"training": 4 * 3 * 50}
    # what a file states is not known before it is read
    assert WORKLOAD.units(job("pool", pool="mine")) == {"training": 4 * 3 * 100}
    assert WORKLOAD.units(job("datamodel", attribution="subsets"))["training"] == 4 * 3 * 80
    assert WORKLOAD.units(job("margins", population="pool/parts")) == {"margins": 4 * 260}


def test_unlearning_depends_on_what_a_model_of_the_pool_keeps_and_forgets() -> None:
    unlearning = MissingJob(
        *(0, "unlearn", {"shard": "0000-0003", "forget_set": "parts", "variant": "tuned"}),
        *(Graph(EXPERIMENT).unlearning_slice("tuned"), {"weights": "w"}, 1, 0, True, frozenset()),
    )
    assert WORKLOAD.units(unlearning) == {"training": 4 * 2 * (50 - 5), "margins": 4 * 260}


def test_a_membership_takes_two_bits_per_model_and_sample() -> None:
    assert Disk(WORKLOAD, ()).bytes_of(job("membership", pool="parts"))["other"] == 2 * 4 * 25
    assert Disk(WORKLOAD, ()).bytes_of(job("pool", pool="parts"))["weights"] > 0
