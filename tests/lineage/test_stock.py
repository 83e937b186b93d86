"""What is there, out of date or missing, as the page with the artifact graph shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import CONFIG, RESULTS, Checkout

from unlearnkit.config.load import load_experiment
from unlearnkit.lineage.records import Results
from unlearnkit.lineage.stock import MISSING, OLD, OTHER, PRESENT, edges, stock
from unlearnkit.workflow.everything import expected
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

pytestmark = pytest.mark.workflow


def counted(copy: Checkout, **changes: Any) -> dict[tuple[str, str], dict[str, int]]:
    """State -> number of artifacts, those in none left out, by stage and state, without the pages."""
    raw = yaml.safe_load((copy.root / CONFIG).read_text()) | changes
    present = Present(Graph(load_experiment(raw)))
    found = stock(Results(copy.root / RESULTS), present, expected(present))
    return {
        (own.stage, own.forget_set): {state: count for state, count in own.counts.items() if count}
        for own in found
        if own.stage not in ("report", "artifact graph")
    }


def test_artifacts_are_present_until_they_are_removed_or_configured_otherwise(finished: Checkout) -> None:
    before = counted(finished)
    assert {state for counts in before.values() for state in counts} == {PRESENT}
    finished.result("tables/klom.md").unlink()
    finished.result("original/0000-0001.safetensors").unlink()  # its record stands for it
    after = counted(finished)
    assert after.pop(("tables", "")) == {PRESENT: before.pop(("tables", ""))[PRESENT] - 1, MISSING: 1}
    assert after == before
    raw = yaml.safe_load((finished.root / CONFIG).read_text())
    methods = raw["methods"] | {"scrub": raw["methods"]["scrub"] | {"lr": 0.5}}
    changed = counted(finished, methods=methods)
    assert changed["unlearned", "nines"] == {PRESENT: 4, OLD: 2} and changed["oracles", "nines"] == {PRESENT: 2}
    fewer = counted(finished, forget_sets={"nines": raw["forget_sets"]["nines"]})
    assert fewer["oracles", "random_10"] == {OTHER: 2}


def test_lines_lead_from_what_a_stage_reads_without_detours(completed: Checkout) -> None:
    made_of = edges(Results(Path(completed.root / RESULTS)))
    assert made_of["summaries"] == {"margins"} and made_of["originals"] == {"data"}
    assert "data" not in made_of["scores"] and "margins" in made_of["scores"]
