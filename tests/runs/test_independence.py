"""A model depends on its index and on no circumstance: number of models, shard size, run, or interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from checkout import Checkout

from unlearnkit.artifacts.weights import WeightFile

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

UNLEARNED = "unlearned/nines/scrub/{}.safetensors"
SCORE = "scores/klom/nines/scrub.parquet"


def test_more_models_are_new_shards_and_new_scores(finished: Checkout) -> None:
    finished.configure({"num_models": 6, "held_out_oracles": 6})
    planned = finished.plan()
    trained = {job for job in planned.jobs if " of " not in job or job.startswith(("Oracles", "Margins"))}
    assert all(job.endswith(("0004-0005", "(oracle)", "(held_out_oracle)")) for job in trained)
    assert all(" 0004-0005" in job for job in trained)
    assert planned.counts["original"] == 1
    assert planned.counts["oracle"] == 4
    assert planned.counts["margins"] == 5
    assert planned.counts["unlearn"] == 6
    assert planned.counts["score"] == 20

    before = finished.artifacts("original/*.safetensors", "oracle/**/*.safetensors", "unlearned/**/*.safetensors")
    finished.make(str(finished.result(SCORE).relative_to(finished.root)))
    after = finished.artifacts("original/*.safetensors", "oracle/**/*.safetensors", "unlearned/**/*.safetensors")
    assert {name: after[name] for name in before} == before
    assert UNLEARNED.format("0004-0005") in after


def test_neither_a_second_run_nor_the_shard_size_changes_a_model_or_a_score(
    completed: Checkout, fresh: Checkout
) -> None:
    # shards of whole stacks: completed has two models to a shard, hence to a stack
    fresh.configure({"shard_size": 4, "execution.stack_size": 2})
    fresh.make(f"results/tiny/{SCORE}")
    assert fresh.result(SCORE).read_bytes() == completed.result(SCORE).read_bytes()
    for population in ("original", "oracle/nines", "unlearned/nines/scrub"):
        whole = WeightFile(fresh.result(f"{population}/0000-0003.safetensors"))
        for shard in ("0000-0001", "0002-0003"):
            half = WeightFile(completed.result(f"{population}/{shard}.safetensors"))
            assert half.epochs == whole.epochs
            for model in half.model_indices:
                for epoch in half.epochs:
                    ours, theirs = whole.state(model, epoch), half.state(model, epoch)
                    assert ours.keys() == theirs.keys()
                    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


# interruption

ORIGINAL = "original/0000-0001.safetensors"
LOG = f"logs/tiny/{ORIGINAL}.log"


def interrupted(copy: Checkout, after_epoch: int) -> None:
    """Start training and kill Snakemake and its jobs, with no chance to clean up, once an epoch is in the log."""
    command = copy.command(f"results/tiny/{ORIGINAL}")
    running = subprocess.Popen(
        command,
        cwd=copy.root,
        env=copy.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    log, line = copy.root / LOG, f": epoch {after_epoch}/"
    while running.poll() is None and not (log.exists() and line in log.read_text()):
        time.sleep(0.02)
    assert running.poll() is None, "training was over before it could be interrupted"
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def first_epoch(log: Path) -> int:
    return int(
        next(line for line in log.read_text().splitlines() if ": epoch " in line).split("epoch ")[1].split("/")[0]
    )


def test_killed_training_resumes_to_the_same_bytes(fresh: Checkout, pristine: Checkout, tmp_path: Path) -> None:
    undisturbed = pristine.copy(tmp_path / "undisturbed")
    for copy in (fresh, undisturbed):
        copy.configure({"training.epochs": 400, "execution": {"checkpoint_seconds": 0}})
    interrupted(fresh, after_epoch=5)
    sidecar = fresh.result(f"{ORIGINAL}.resume")
    assert list(sidecar.iterdir())
    assert not fresh.result(ORIGINAL).exists()
    assert not fresh.result(f"{ORIGINAL}.json").exists()

    fresh.make(f"results/tiny/{ORIGINAL}")
    assert first_epoch(fresh.root / LOG) >= 5
    assert not sidecar.exists()

    undisturbed.make(f"results/tiny/{ORIGINAL}")
    assert first_epoch(undisturbed.root / LOG) == 1
    assert fresh.result(ORIGINAL).read_bytes() == undisturbed.result(ORIGINAL).read_bytes()
