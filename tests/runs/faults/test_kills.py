"""Killed runs end in the tables of an undisturbed one, and jobs that outlive their Snakemake do no harm."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from checkout import Checkout
from kills import CONFIGURATION, SHORT, STAGES, Campaign, assert_whole, shares, table, undisturbed, until
from processes import Run, scripts_of, wait_for_orphans

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

KILLS = int(os.environ.get("UNLEARNKIT_KILLS", "7"))
SEED = int(os.environ.get("UNLEARNKIT_SEED", "0"))
WEIGHTS = "original/0000-0001.safetensors"
TARGET = f"results/tiny/{WEIGHTS}"


def test_a_run_killed_again_and_again_ends_in_the_same_tables(pristine: Checkout, tmp_path: Path) -> None:
    reference = pristine.copy(tmp_path / "undisturbed")
    reference.configure(CONFIGURATION if len(STAGES) < KILLS else SHORT)
    killed = reference.copy(tmp_path / "killed")
    campaign = Campaign(killed, shares(KILLS), undisturbed(reference), SEED)
    campaign.run()
    print(table(campaign.kills))
    assert len(campaign.kills) == KILLS
    assert {kill.stage for kill in campaign.kills} <= set(STAGES)
    assert_whole(killed, reference)


def orphan(copy: Checkout) -> int:
    """Train in `copy`, kill Snakemake alone in the middle of it, and return the process of its job, stopped."""
    with Run(copy, TARGET) as run:
        log = copy.root / f"logs/tiny/{WEIGHTS}.log"
        assert until(run, lambda: log.exists() and ": epoch 3/" in log.read_text())
        (job,) = (pid for pid in run.scripts() if is_python(pid))
        os.kill(job, signal.SIGSTOP)
        run.kill("snakemake alone")
    return job


def is_python(pid: int) -> bool:
    return b"python" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]


@pytest.fixture
def training(fresh: Checkout) -> Checkout:
    """A copy in which training takes some seconds."""
    fresh.configure({"training.epochs": 400, "execution": {"checkpoint_seconds": 0}})
    return fresh


def test_a_job_that_outlived_its_settings_replaces_nothing(training: Checkout) -> None:
    job = orphan(training)
    training.configure({"training.lr": 0.2})
    assert "has left its lock, which is released now" in training.make(TARGET).output
    made = training.result(WEIGHTS).read_bytes()
    record = training.result(f"{WEIGHTS}.json").read_bytes()
    log = training.root / f"logs/tiny/{WEIGHTS}.log"
    os.kill(job, signal.SIGCONT)
    wait_for_orphans(training)
    assert training.result(WEIGHTS).read_bytes() == made
    assert training.result(f"{WEIGHTS}.json").read_bytes() == record
    assert "is left alone: a later job makes it with other settings" in log.read_text()
    assert training.plan(TARGET).nothing_to_do


def test_a_job_and_its_orphan_write_the_same(training: Checkout) -> None:
    job = orphan(training)
    with Run(training, TARGET) as run:
        assert until(run, run.scripts)
        os.kill(job, signal.SIGCONT)
        run.process.wait()
        assert run.ended() == 0, run.output
    wait_for_orphans(training)
    made = training.result(WEIGHTS).read_bytes()
    assert list(training.leftovers()) == []
    assert not training.result(f"{WEIGHTS}.resume").exists()
    training.result(WEIGHTS).unlink()
    training.make(TARGET)
    assert training.result(WEIGHTS).read_bytes() == made
    assert scripts_of(training) == []
