"""A small experiment that has no files, and its graph."""

from __future__ import annotations

from typing import Any

import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.graph import Graph

CONFIGURATION = """
experiment: small
data: {name: digits}
model: {name: mlp}
training: {epochs: 10, batch_size: 64}
num_models: 20
held_out_oracles: 20
shard_size: 10
forget_sets: {nines: {kind: class, label: 9}}
methods:
  nothing: {method: do_nothing}
  floor: {method: load_oracle}
  retrain: {method: early_stopped_retrain, snapshots: [4, 8]}
  scrub: {method: scrub, epochs: 5, snapshots: [3, 5]}
metrics: {klom: {}, mia: {}}
"""


def graph(**changes: Any) -> Graph:
    """Return the graph with some keys changed."""
    return Graph(load_experiment(yaml.safe_load(CONFIGURATION) | changes))
