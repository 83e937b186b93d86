"""A language model whose job is killed in training ends in the same file, with the whole of its learning curve."""

from __future__ import annotations

import json

import pytest
from checkout import Checkout
from kills import until
from processes import Run
from tiny_text import STEPS_PER_EPOCH, text_experiment

from unlearnkit.artifacts.curves import COLUMNS
from unlearnkit.artifacts.provenance import verified_sha256
from unlearnkit.artifacts.tables import read_table

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

WEIGHTS, CURVES = "original/0000-0000.safetensors", "original/0000-0000.curves.parquet"
EPOCHS = 8
STEPS = EPOCHS * STEPS_PER_EPOCH
TARGETS = [f"results/tiny/{name}" for name in (WEIGHTS, CURVES)]


def test_a_killed_training_ends_in_the_same_file(fresh: Checkout) -> None:
    text_experiment(fresh, checkpoint_seconds=0, micro_batch_size=3)
    fresh.configure({"training.epochs": EPOCHS})
    log = fresh.root / f"logs/tiny/{WEIGHTS}.log"
    with Run(fresh, "--cores", "1", *TARGETS) as run:
        assert until(run, lambda: log.exists() and f": step 100/{STEPS}" in log.read_text()), run.output
        run.kill("all processes")
    assert fresh.result(f"{WEIGHTS}.resume").is_dir()
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
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(fresh.root)
        assert [verified_sha256(name) for name in TARGETS]


UNLEARNED = "unlearned/some/npo/0000-0000"


def test_a_killed_unlearning_goes_on_within_the_model(fresh: Checkout) -> None:
    text_experiment(fresh, checkpoint_seconds=0)
    npo = {"method": "npo", "steps": 160, "batch_size": 4, "lr": 1e-3, "snapshots": [20, 160]}
    fresh.configure({"training.epochs": 1, "methods.npo": npo})
    targets = [f"results/tiny/{UNLEARNED}{end}" for end in (".safetensors", ".margins.parquet")]
    log = fresh.root / f"logs/tiny/{UNLEARNED}.safetensors.log"
    with Run(fresh, "--cores", "1", *targets) as run:
        assert until(run, lambda: log.exists() and "step 100/160" in log.read_text()), run.output
        run.kill("all processes")
    left = fresh.result(f"{UNLEARNED}.safetensors.resume")
    assert sorted(path.stem for path in left.iterdir() if path.suffix == ".safetensors") == [
        "models_0000-0000.snapshot_20",
        "models_0000-0000.state",
    ]
    fresh.make("--cores", "1", *targets)
    assert "step 50/160" not in log.read_text() and "step 150/160" in log.read_text()
    made = [(fresh.root / name).read_bytes() for name in targets]
    for name in targets:
        (fresh.root / name).unlink()
    fresh.make("--cores", "1", *targets)
    assert "step 50/160" in log.read_text()
    assert [(fresh.root / name).read_bytes() for name in targets] == made
    assert list(fresh.leftovers()) == [] and not left.exists()
