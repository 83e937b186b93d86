"""Attacks through the workflow: attacked as by hand, compared under the same attack, stale by their own edits alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from checkout import CONFIG, RESULTS, Checkout

from unlearnkit.artifacts.tables import read_table
from unlearnkit.artifacts.weights import WeightFile

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

BLOCKS = {
    "attacks": {"int4": {"attack": "quantise"}, "again": {"attack": "relearn", "items": 3, "epochs": 1}},
    "durability": {"metrics": ["mia"], "variants": ["scrub"]},
}
SHARD = "0000-0001.safetensors"
FOLDER = f"{RESULTS}/attacked/int4/random_10"


def test_attacked_models_are_made_compared_and_verified(finished: Checkout) -> None:
    finished.configure(BLOCKS)
    score = f"{RESULTS}/attacked_scores/int4/klom/random_10/scrub.parquet"
    made = finished.make(score)
    # two shards of the variant and of the oracles
    assert made.counts == {"attack": 4, "attacked_score": 1}
    assert finished.plan(score).nothing_to_do

    before = WeightFile(finished.result(f"unlearned/random_10/scrub/{SHARD}"))
    after = WeightFile(finished.result(f"attacked/int4/random_10/scrub/{SHARD}"))
    assert after.model_indices == [0, 1] and after.epochs == [0]
    for name, array in before.state(0).items():  # at its last snapshot
        found = after.state(0)[name]
        if array.ndim < 2:
            np.testing.assert_array_equal(found, array)
        else:
            scale = np.abs(array).max(axis=1, keepdims=True) / 7
            assert (np.abs(found - array) <= scale / 2 * 1.001).all()
    settings = json.loads(finished.result("attacked_scores/int4/klom/random_10/scrub.parquet.json").read_text())[
        "settings"
    ]
    assert settings["oracle"] == [["attacked/int4/random_10/oracle", 0, 4]]
    rows = read_table(finished.result("attacked_summaries/int4/klom/random_10/scrub.parquet"))[0].to_pylist()
    assert {row["n_oracles"] for row in rows} == {4}

    traced = finished.unlearnkit("trace", f"{FOLDER}/scrub/{SHARD}")
    assert traced.status == 0 and "role attacked" in traced.output
    assert f"unlearned/random_10/scrub/{SHARD}" in traced.output
    verified = finished.unlearnkit("verify", RESULTS, "--quick")
    assert verified.status == 0, verified.output
    planned = finished.unlearnkit("plan", "durability_all", "--configfile", CONFIG)
    assert planned.status == 0 and "attacked_score" in planned.output

    # another attack does not concern these models, and its own settings concern them alone
    finished.configure({"attacks.again.items": 4})
    assert finished.plan(score).nothing_to_do
    finished.configure({"attacks.int4.bits": 8})
    assert finished.plan(score).counts == {"attack": 4, "attacked_score": 1}
