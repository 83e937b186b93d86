"""A tiny experiment on question-answer pairs, a TOFU in small, for copies of the repository that run Snakemake."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from checkout import CONFIG, Checkout

EXPERIMENT: dict[str, Any] = {
    "experiment": "tiny",
    "data": {
        "name": "village_pairs",
        "tokenizer": {"kind": "bpe", "vocabulary_size": 400},
        "sequence_length": 96,
        "train_size": 48,
        "validation_size": 12,
        "pairs": {"first": 192},
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 32, "heads": 2, "logit_cap": None},
    "training": {"epochs": 30, "batch_size": 8, "order": "shuffled", "lr": 0.02, "weight_decay": 0.0, "clip": None},
    "num_models": 3,
    "held_out_oracles": 3,
    "shard_size": 3,
    "forget_sets": {"last": {"kind": "pair_list", "name": "forget05"}},
    "methods": {
        "npo": {"method": "npo", "steps": 30, "batch_size": 8, "lr": 1.0e-3, "snapshots": [15, 30]},
        "graddiff": {"method": "graddiff", "steps": 20, "batch_size": 8, "lr": 3.0e-4},
    },
    "metrics": {"margin_distance": {}},
}


TOFU = {
    "name": "tofu",
    "tokenizer": {"kind": "bpe", "vocabulary_size": 800},
    "sequence_length": 208,
    "pairs": {"first": 3924},
}
"""What differs with 48 pairs of TOFU itself, whose shortest forget list is longer than a quarter of them."""


def finish(copy: Checkout) -> None:
    """Make the tiny experiment this one, on TOFU's own pairs where they are beside the clone; finish it, and report."""
    folder = Path(os.environ.get("UNLEARNKIT_SHARED", Path(__file__).parents[3] / "shared")) / "data"
    experiment = EXPERIMENT
    if (folder / "tofu").is_dir():
        forgotten = {"last": {"kind": "random_units", "size": 12}}
        experiment = EXPERIMENT | {"data": EXPERIMENT["data"] | TOFU | {"root": str(folder)}, "forget_sets": forgotten}
    (copy.root / CONFIG).write_text(yaml.safe_dump(experiment, sort_keys=False))
    copy.make("margin_distance_all", "report_all")
