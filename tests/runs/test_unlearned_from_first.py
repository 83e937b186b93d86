"""`unlearned_from: first` through the workflow: every unlearned model starts from original 0, whatever its shard."""

from __future__ import annotations

import json

import numpy as np
import pytest
from checkout import RESULTS, Checkout

from unlearnkit.artifacts.weights import WeightFile

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

LATER = "0002-0003.safetensors"


def test_models_of_every_shard_start_from_original_0(finished: Checkout) -> None:
    folder = f"{RESULTS}/unlearned/nines"
    before = {
        name: finished.result(f"unlearned/nines/{name}/{LATER}").read_bytes() for name in ("load_oracle", "scrub")
    }
    finished.configure({"unlearned_from": "first"})
    made = finished.make(*(f"{folder}/{variant}/{LATER}" for variant in ("do_nothing", "load_oracle", "scrub")))
    assert made.counts == {"unlearn": 3}

    original = WeightFile(finished.result("original/0000-0001.safetensors")).state(0)
    kept = WeightFile(finished.result(f"unlearned/nines/do_nothing/{LATER}"))
    for index in (2, 3):
        assert all(np.array_equal(array, original[name]) for name, array in kept.state(index).items())
    # oracle k is read as before; scrub begins elsewhere, and its models see their own batches
    assert finished.result(f"unlearned/nines/load_oracle/{LATER}").read_bytes() == before["load_oracle"]
    scrubbed = finished.result(f"unlearned/nines/scrub/{LATER}")
    assert scrubbed.read_bytes() != before["scrub"]
    states = [WeightFile(scrubbed).state(index) for index in (2, 3)]
    assert not all(np.array_equal(array, states[1][name]) for name, array in states[0].items())

    record = json.loads(scrubbed.with_name(f"{LATER}.json").read_text())
    assert record["settings"]["unlearned_from"] == "first"
    read = {name for name in record["inputs"] if "/original/" in name}
    assert read == {f"{RESULTS}/original/0000-0001.safetensors"}

    finished.configure({"unlearned_from": "each"})
    again = finished.plan("unlearned")
    assert again.counts == {"unlearn": 3, "unlearned": 1}
