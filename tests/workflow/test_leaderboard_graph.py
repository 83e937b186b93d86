"""Who is ranked, and what two leaderboards must have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.places import owner_of, place_of
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.leaderboard_graph import LeaderboardGraph
from unlearnkit.workflow.report_graph import ReportGraph


@pytest.fixture
def tiny(repository: Path) -> dict[str, Any]:
    return yaml.safe_load((repository / "tests/runs/tiny.yaml").read_text())


def graph_of(raw: dict[str, Any]) -> LeaderboardGraph:
    return LeaderboardGraph(ReportGraph(Graph(load_experiment(raw))))


def test_baselines_readers_of_oracles_and_single_models_stand_outside(tiny: dict[str, Any]) -> None:
    assert graph_of(tiny).outside() == {"do_nothing": "a baseline", "load_oracle": "reads oracles"}
    single = {**tiny, "num_models": 1, "held_out_oracles": 1, "shard_size": 1, "metrics": {"margin": {}}}
    assert graph_of(single).outside()["scrub"].startswith("single models")


def test_the_protocol_is_the_same_for_another_seed_and_other_methods_and_no_other_for_another_n(
    tiny: dict[str, Any],
) -> None:
    own = graph_of(tiny).settings()
    other = graph_of({**tiny, "seed": 7, "experiment": "other", "methods": {"ft": {"method": "fine_tune"}}}).settings()
    assert own["protocol"] == other["protocol"] and own["seed"] != other["seed"]
    more = graph_of({**tiny, "num_models": 6, "held_out_oracles": 6}).settings()
    assert own["protocol"] != more["protocol"]


def test_all_files_share_the_record_of_the_first(tiny: dict[str, Any]) -> None:
    for path in graph_of(tiny).files().values():
        name = path.removeprefix("results/tiny/")
        place = place_of(name)
        assert place is not None and place.stage == "leaderboard"
        assert owner_of(name) == "leaderboard/leaderboard.json"
    assert place_of("leaderboard/other.json") is None
