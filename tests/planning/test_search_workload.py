"""What searches have to do: the mean passes of their space, within the budget."""

from __future__ import annotations

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.searches import mean_passes
from unlearnkit.planning.workload import Workload
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.search_graph import SearchGraph

EXPERIMENT = load_experiment(
    yaml.safe_load("""
experiment: searches
data: {name: digits, train_size: 200, validation_size: 60}
model: {name: mlp, hidden: [8]}
training: {epochs: 10, batch_size: 20, warmup_epochs: 1}
num_models: 12
held_out_oracles: 12
shard_size: 4
forget_sets: {some: {kind: random, size: 20}, more: {kind: random, size: 40}}
searches:
  fixed: {method: fine_tune, forget_sets: [some, more], trials: 5, models: 2, fixed: {epochs: 3}, budget: 1.0}
  cut: {method: fine_tune, forget_sets: [some], trials: 5, seeds: 1, fixed: {epochs: 9}, budget: 0.25}
  drawn: {method: fine_tune, forget_sets: [some], trials: 8, space: {epochs: {low: 1, high: 4}}, choose: best_trial}
methods: {plain: {method: fine_tune, epochs: 2}}
metrics: {klom: {}}
""")
)
WORKLOAD = Workload(EXPERIMENT, ())


def units(rule: str, search: str, kept: int = 0) -> dict[str, float]:
    stage = "studies" if rule == "search" else "chosen settings"
    settings = SearchGraph(Graph(EXPERIMENT)).slice_of(stage, search, "0")
    job = MissingJob(0, rule, {"search": search}, settings, {"table": "t"}, 1, 0, True, frozenset(), kept)
    return WORKLOAD.units(job)


def test_trials_cost_what_their_settings_do_and_what_they_are_evaluated_on() -> None:
    assert units("search", "fixed") == {"training": 5 * 2 * 3 * (180 + 160), "margins": 5 * 2 * 2 * 260}
    assert units("choose", "fixed") == {"training": 6 * 2 * 3 * (180 + 160), "margins": 6 * 2 * 2 * 260}


def test_trials_that_a_study_keeps_cost_nothing() -> None:
    assert units("search", "fixed", kept=3) == {"training": 2 * 2 * 3 * (180 + 160), "margins": 2 * 2 * 2 * 260}
    assert units("search", "fixed", kept=9) == {"training": 0, "margins": 0}


def test_the_budget_cuts_epochs_and_what_is_too_dear_costs_nothing() -> None:
    assert units("search", "cut")["training"] == 5 * 2 * 180
    dear = EXPERIMENT.searches["cut"].model_copy(update={"budget": 0.05})
    assert mean_passes(dear, [(180, 20)], 10) == 0


def test_drawn_settings_cost_their_mean_and_the_published_choice_nothing() -> None:
    # one to four epochs, all equally likely, of which the budget of two leaves 1, 2, 2, 2
    assert units("search", "drawn")["training"] == pytest.approx(8 * 1.75 * 180, rel=0.1)
    assert units("choose", "drawn") == {"training": 0.0, "margins": 0.0}
