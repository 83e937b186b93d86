"""Searches as Snakemake runs them: extended, changed, and what the variant that is tuned is made of."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
import yaml
from checkout import RESULTS, Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

STUDIES = f"{RESULTS}/studies"
WEIGHTS = f"{RESULTS}/unlearned/nines/tuned/0000-0001.safetensors"
SEARCH = {"method": "fine_tune", "forget_sets": ["random_10"], "trials": 2, "seeds": 2, "models": 2, "budget": 1.0}
TUNED = {"method": "fine_tune", "tuned_by": "ft"}


def trials(run: Checkout, study: str) -> list[dict[str, object]]:
    return pq.read_table(run.root / STUDIES / study).to_pylist()


def test_trials_are_added_a_changed_space_reruns_its_search_only_and_the_variant_follows(finished: Checkout) -> None:
    other = {**SEARCH, "seeds": 1}
    finished.configure({"searches.ft": SEARCH, "searches.other": other, "methods.tuned": TUNED})
    made = finished.make("-c2", WEIGHTS, "search_all")
    assert made.counts == {"search": 3, "choose": 2, "search_report": 2, "unlearn": 1, "search_all": 1}
    first = {study: trials(finished, f"{study}.parquet") for study in ("ft/0", "ft/1", "other/0")}

    chosen = yaml.safe_load((finished.root / STUDIES / "ft/chosen.yaml").read_text())
    record = json.loads((finished.root / f"{WEIGHTS}.json").read_text())
    assert chosen.items() <= record["settings"]["settings"].items()
    assert record["settings"]["snapshots"] == [chosen["epochs"]]

    finished.configure({"searches.ft.trials": 3})
    extended = finished.make("-c2", "search_all")
    assert extended.counts["search"] == 2
    assert "Finished trials stay, and only missing ones are run: " in extended.output
    assert "This run replaces" not in extended.output
    for study in ("ft/0", "ft/1"):
        longer = trials(finished, f"{study}.parquet")
        assert (len(longer), longer[:2]) == (3, first[study])

    finished.configure({"searches.ft.space": {"lr": {"low": 0.1, "high": 0.2}}})
    again = finished.make("-c2", WEIGHTS, "search_all")
    assert again.counts == {"search": 2, "choose": 1, "search_report": 1, "unlearn": 1, "search_all": 1}
    assert trials(finished, "other/0.parquet") == first["other/0"]
    chosen = yaml.safe_load((finished.root / STUDIES / "ft/chosen.yaml").read_text())
    assert 0.1 <= chosen["lr"] <= 0.2
    record = json.loads((finished.root / f"{WEIGHTS}.json").read_text())
    assert record["settings"]["settings"]["lr"] == chosen["lr"]
    assert finished.plan(WEIGHTS, "search_all").nothing_to_do
