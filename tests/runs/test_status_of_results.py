"""`unlearnkit status` on results that are partly there."""

from __future__ import annotations

import json

import pytest
from checkout import Checkout

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
