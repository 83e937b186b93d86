"""A tiny experiment with language models, for copies of the repository in which tests run Snakemake."""

from __future__ import annotations

import shutil

import yaml
from checkout import CONFIG, Checkout

STEPS_PER_EPOCH = 38
"""Steps of the training of an original: 152 sequences in batches of 4."""


def text_experiment(copy: Checkout, **execution: object) -> None:
    """Make the tiny experiment one with language models, on this repository's own documentation."""
    shutil.rmtree(copy.root / "text", ignore_errors=True)
    for split, names in {"train": ("architecture", "methods"), "validation": ("methods",)}.items():
        folder = copy.root / "text" / split
        folder.mkdir(parents=True)
        for name in names:
            shutil.copy(copy.root / f"docs/{name}.md", folder / f"{name}.txt")
    experiment = {
        "experiment": "tiny",
        "data": {
            "name": "text_files",
            "root": str(copy.root / "text"),
            "tokenizer": {"kind": "characters"},
            "sequence_length": 16,
            "forget_unit": "sequence",
            "train_size": 152,
            "validation_size": 8,
        },
        "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
        "training": {"epochs": 4, "batch_size": 4, "order": "shuffled", "optimizer": "muon"},
        "num_models": 2,
        "held_out_oracles": 2,
        "shard_size": 1,
        "forget_sets": {"some": {"kind": "random_units", "size": 8}},
        "methods": {"do_nothing": {"method": "do_nothing"}},
        "metrics": {"klom": {}},
        "execution": execution,
    }
    (copy.root / CONFIG).write_text(yaml.safe_dump(experiment, sort_keys=False))
