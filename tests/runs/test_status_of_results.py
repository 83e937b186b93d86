"""How far a run is: `unlearnkit status` on results that are partly there, and a run on a terminal."""

from __future__ import annotations

import json
import re
import sys

import pytest
from checkout import CONFIG, Checkout
from pseudo_terminal import on_a_terminal

pytestmark = pytest.mark.workflow


def test_what_failed_is_shown_with_its_error_and_what_needs_it_is_left(finished: Checkout) -> None:
    finished.result("oracle/nines/0002-0003.margins.parquet").unlink()
    log = finished.root / "logs/tiny/oracle/nines/0002-0003.margins.parquet.log"
    log.write_text("margins      1.0 s  Error: the disk is full. Free it.\n")
    ended = finished.unlearnkit("status", "results/tiny", "--json")
    assert ended.status == 0, ended.output
    found = json.loads(ended.output)
    assert (found["experiment"], found["run"], found["failed"]) == ("tiny", None, 1)
    assert found["jobs"][0]["error"] == "Error: the disk is full. Free it."
    assert found["left"] == sum(stage.get("left", 0) for stage in found["stages"].values()) > 0
    assert found["done"] > found["left"]


@pytest.mark.slow
def test_a_finished_experiment_has_nothing_left(completed: Checkout) -> None:
    first, second = completed.unlearnkit("status", "tiny.yaml").output.splitlines()
    assert first == "tiny: 61 of 61 jobs done."
    assert second == "No run is going on in this folder."


@pytest.mark.slow
def test_a_run_on_a_terminal_says_what_runs_and_leaves_its_log_to_snakemake(fresh: Checkout) -> None:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "originals", "--configfile", CONFIG]
    status, written = on_a_terminal(fresh.root, *command, environment=fresh.environment)
    assert status == 0, written
    assert re.search(r"Originals 000\d-000\d .*(starts|epoch [12]/2|models \d-\d done)", written)
    assert re.search(r"tiny: 3 of 3 jobs done\. .*, predicted .*\.\n", written)
    assert "Job 1: " not in written
    (log,) = (fresh.root / ".snakemake/log").glob("*.snakemake.log")
    assert "Originals 0000-0001" in log.read_text()
