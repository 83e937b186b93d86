"""The certificate and the arena through the workflow: originals as a third side, trials, their tables and records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkout import RESULTS, Checkout, MadeOnce

from unlearnkit.artifacts.tables import read_table

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CONFIGURATION = {
    "num_models": 6,
    "held_out_oracles": 6,
    "shard_size": 6,
    "forget_sets": {
        "all_nines": {"kind": "class", "label": 9},
        "nines": {"kind": "subpopulation", "label": 9, "clusters": 2},
    },
    "methods": {"do_nothing": {"method": "do_nothing"}},
    "metrics": {"relative": {"permutations": 99}},
    "arena": {"trials": 19, "shares": [0.5], "sizes": [6], "kept": {"all_nines": "nines"}},
}
TRIALS = f"{RESULTS}/trials/relative/all_nines.parquet"


@pytest.fixture(scope="module")
def tried(pristine: Checkout, made_once: MadeOnce) -> Checkout:
    def make(copy: Checkout) -> None:
        copy.configure(CONFIGURATION)
        copy.make("relative_all", TRIALS)

    return made_once("tried", pristine, make)


def test_originals_are_the_third_side_and_the_table_has_words(tried: Checkout) -> None:
    record = json.loads(tried.result("scores/relative/nines/do_nothing.parquet.json").read_text())
    assert record["settings"]["original"] == [["original", 0, 6]]
    table, _ = read_table(tried.result("tables/relative.parquet"))
    rows = [row for row in table.to_pylist() if row["candidate"] == "do_nothing"]
    assert {row["nearer_to"] for row in rows} == {"too few models"}  # six, for two forget sets
    (same,) = (
        row["mean"]
        for row in rows
        if (row["measure"], row["split"], row["forget_set"]) == ("to_originals", "forget", "nines")
    )
    assert same == pytest.approx(0, abs=1e-6)  # every model and the original that it is are one pair, which is left out


def test_trials_hold_every_plant_and_are_an_artifact_like_others(tried: Checkout, tmp_path: Path) -> None:
    table, facts = read_table(tried.root / TRIALS)
    assert facts["skipped"] == ""
    rows = table.to_pylist()
    assert {row["kind"] for row in rows} == {"none", "models", "samples", "leak", "kept"}
    assert {row["trial"] for row in rows} == {*range(19)}
    assert tried.plan("relative_all", TRIALS).nothing_to_do
    traced = tried.unlearnkit("trace", TRIALS)
    assert "role relative all_nines" in traced.output, traced.output
    copy = tried.copy(tmp_path / "copy")
    copy.configure({"arena.kept": {"nines": "all_nines"}})
    refused = copy.snakemake(f"{RESULTS}/trials/relative/nines.parquet")
    assert refused.status != 0
    assert "all_nines.npy is no part of" in refused.output
