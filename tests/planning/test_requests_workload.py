"""What jobs have to do for requests one after another: all rows asked for so far are forgotten, new ones unlearned."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.workload import Workload
from unlearnkit.workflow.graph import Graph

IMAGES = yaml.safe_load("""
experiment: requests
data: {name: digits, train_size: 640, validation_size: 32}
model: {name: mlp, hidden: [8]}
training: {epochs: 3, batch_size: 16, lr: 0.1, warmup_epochs: 1}
num_models: 4
held_out_oracles: 4
shard_size: 4
forget_sets:
  first: {kind: random, size: 20}
  more: {kind: random, size: 50, after: first}                # the same seed draws the first 20 again
  other: {kind: random, size: 10, seed: 1, after: more}
continual: {reference: original}
methods: {ssd: {method: ssd}}
metrics: {klom: {}}
""")
TEXT = yaml.safe_load("""
experiment: lists
data: {name: tofu, tokenizer: {kind: bpe, vocabulary_size: 600}, sequence_length: 96, train_size: 4000,
       validation_size: 48, retain_evaluated: 50}
model: {name: nanogpt, layers: 1, width: 16, heads: 2}
training: {epochs: 3, batch_size: 16}
num_models: 4
held_out_oracles: 4
shard_size: 4
forget_sets:
  few: {kind: pair_list, name: forget01}
  some: {kind: pair_list, name: forget05, after: few}
  many: {kind: pair_list, name: forget10, after: some}
continual: {reference: original}
methods: {npo: {method: npo, steps: 5}}
metrics: {klom: {}}
""")


def job(rule: str, settings: dict[str, Any], **wildcards: str) -> MissingJob:
    own = {"shard": "0000-0003", **wildcards}
    return MissingJob(0, rule, own, settings, {rule: "o"}, 1, 0, True, frozenset())


def test_oracles_are_trained_without_all_rows_so_far_and_methods_forget_new_ones() -> None:
    experiment = load_experiment(copy.deepcopy(IMAGES))
    workload, graph = Workload(experiment, []), Graph(experiment)
    for name, forgotten, new in (("first", 20, 20), ("more", 50, 30), ("other", 60, 10)):
        oracle = job("oracle", graph.training_slice("oracle"), forget_set=name)
        assert workload.units(oracle) == {"training": 4 * 3 * (640 - forgotten)}
        # dampening passes over both sets once
        unlearn = job("unlearn", graph.unlearning_slice("ssd"), forget_set=name)
        assert workload.units(unlearn)["training"] == 4 * (640 - forgotten + new)


@pytest.mark.parametrize(("population", "forgotten"), [("oracle/few", 40), ("oracle/many", 400), ("original", 400)])
def test_of_nested_lists_the_larger_is_evaluated(population: str, forgotten: int) -> None:
    workload = Workload(load_experiment(copy.deepcopy(TEXT)), [])
    evaluated = job("margins", {}, population=population)
    assert workload.units(evaluated) == {"margins": 4 * (50 + forgotten + 48 + 100 + 117)}
    observed = job("answers", {"items": ["forget"]}, population=population)
    assert workload.units(observed) == {"answers": 4 * forgotten}


def test_a_request_adds_a_row_at_least_where_sizes_are_guessed() -> None:
    raw = copy.deepcopy(TEXT)
    raw["data"]["train_size"] = 3900  # the lists may lack pairs
    workload = Workload(load_experiment(raw), [])
    assert [workload.new_size(name) for name in ("few", "some")] == [39, 1]
