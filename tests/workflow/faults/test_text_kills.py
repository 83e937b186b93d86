"""A language model whose job is killed in training ends in the same file, with the whole of its learning curve."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from checkout import CONFIG, Checkout
from kills import until
from processes import Run

from unlearnkit.artifacts.curves import COLUMNS
from unlearnkit.artifacts.provenance import verified_sha256
from unlearnkit.artifacts.tables import read_table

pytestmark = pytest.mark.workflow

WEIGHTS, CURVES = "original/0000-0000.safetensors", "original/0000-0000.curves.parquet"
TARGETS = [f"results/tiny/{name}" for name in (WEIGHTS, CURVES)]
STEPS = 152


def text_experiment(copy: Checkout) -> None:
    """Make the tiny experiment one with language models, on this repository's own documentation."""
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
        "execution": {"checkpoint_seconds": 0, "micro_batch_size": 3},
    }
    (copy.root / CONFIG).write_text(yaml.safe_dump(experiment, sort_keys=False))


def test_a_killed_training_ends_in_the_same_file(fresh: Checkout) -> None:
    text_experiment(fresh)
    log = fresh.root / f"logs/tiny/{WEIGHTS}.log"
    with Run(fresh, "--cores", "1", *TARGETS) as run:
        assert until(run, lambda: log.exists() and f": step 100/{STEPS}" in log.read_text()), run.output
        run.kill("all processes")
    assert fresh.result(f"{WEIGHTS}.resume").is_dir()
    assert fresh.snakemake("--unlock").status == 0
    fresh.make("--cores", "1", *TARGETS)
    assert f"step 50/{STEPS}" not in log.read_text()
    assert json.loads((fresh.root / f"{log}.timing.json").read_text())["resumed"]
    made, (curve, _) = fresh.result(WEIGHTS).read_bytes(), read_table(fresh.result(CURVES))
    for name in TARGETS:
        (fresh.root / name).unlink()
    fresh.make("--cores", "1", *TARGETS)
    assert f"step 50/{STEPS}" in log.read_text()
    assert fresh.result(WEIGHTS).read_bytes() == made
    again, _ = read_table(fresh.result(CURVES))
    assert curve["step"].to_pylist() == list(range(1, STEPS + 1))
    assert all(curve[name].equals(again[name]) for name in ("model", *COLUMNS[:-1]))
    assert min(curve["tokens_per_second"].to_pylist()) > 0
    assert list(fresh.leftovers()) == [] and not fresh.result(f"{WEIGHTS}.resume").exists()
    assert fresh.plan(*TARGETS).nothing_to_do
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(fresh.root)
        assert [verified_sha256(name) for name in TARGETS]
