"""`vision_all`: from a finished experiment only the leaderboard is missing, and its files are what a run records."""

from __future__ import annotations

import json

import pytest
from checkout import RESULTS, Checkout

pytestmark = pytest.mark.workflow


@pytest.mark.slow
def test_vision_all_adds_the_leaderboard_and_says_what_one_variant_cannot_show(finished: Checkout) -> None:
    assert finished.make("vision_all").counts == {"leaderboard": 1, "vision_all": 1}
    document = json.loads(finished.result("leaderboard/leaderboard.json").read_text())
    assert document["outside"] == {"do_nothing": "a baseline", "load_oracle": "reads oracles"}
    overall = document["rankings"][0]
    assert [entry["method"] for entry in overall["entries"]] == ["scrub"] and overall["cells"] == 4
    assert "need three variants, and there is 1." in finished.result("leaderboard/leaderboard.md").read_text()
    assert "<h1>tiny: leaderboard</h1>" in finished.result("leaderboard/leaderboard.html").read_text()
    assert finished.plan("vision_all").nothing_to_do
    verified = finished.unlearnkit("verify", RESULTS)
    assert verified.status == 0, verified.output
    traced = finished.unlearnkit("trace", f"{RESULTS}/leaderboard/critical_difference.svg")
    assert traced.status == 0 and "bootstrap" in traced.output, traced.output
