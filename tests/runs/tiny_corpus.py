"""A tiny experiment with language models on generated text, for copies of the repository that run Snakemake."""

from __future__ import annotations

import numpy as np
import yaml
from checkout import CONFIG, Checkout

TRAIN, VALIDATION, RETAIN = 48, 8, 12
EXPERIMENT = {
    "experiment": "tiny",
    "data": {
        "name": "text_files",
        "root": "corpus",
        "tokenizer": {"kind": "characters"},
        "sequence_length": 16,
        "train_size": TRAIN,
        "validation_size": VALIDATION,
        "retain_evaluated": RETAIN,
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
    "training": {"epochs": 2, "batch_size": 8, "order": "shuffled", "lr": 0.01},
    "num_models": 2,
    "held_out_oracles": 2,
    "shard_size": 2,
    "forget_sets": {"some": {"kind": "random_units", "size": 6}},
    "methods": {"ga": {"method": "ga", "steps": 2, "lr": 1.0e-3, "batch_size": 4, "snapshots": [1, 2]}},
    "metrics": {"klom": {}, "margin_distance": {}, "mia": {}},
}


def finish(copy: Checkout) -> None:
    """Make the tiny experiment this one, on words drawn at random, and finish it with its report."""
    (copy.root / CONFIG).write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    words = np.random.RandomState(0).choice(["ba", "do", "fi", "gu", "ne", "so"], 800)
    for split, chosen in (("train", words[:700]), ("validation", words[700:])):
        folder = copy.root / "corpus" / split
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text(" ".join(chosen))
    copy.make("klom_all", "margin_distance_all", "mia_all", "report", "units")
