"""Searches in the artifact graph: what a change of the configuration makes again, and what stays."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.places import Place, place_of_path
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

CONFIG = """
experiment: small
data: {name: digits}
model: {name: mlp, hidden: [32]}
training: {epochs: 10, batch_size: 64, lr: 0.2, warmup_epochs: 2}
num_models: 20
held_out_oracles: 20
shard_size: 2
forget_sets:
  random_50: {kind: random, size: 50}
  tuning: {kind: random, size: 50, seed: 1}
searches:
  ft: {method: fine_tune, forget_sets: [tuning], trials: 5, models: 3, objective: deep_unlearn}
  scrub: {method: scrub, forget_sets: [tuning, random_50], trials: 5, seeds: 1}
methods:
  plain: {method: fine_tune}
  tuned: {method: fine_tune, tuned_by: ft}
metrics: {klom: {}}
"""


def present(**changes: Any) -> Present:
    """Return the graph with some keys of the search `ft` changed; null removes one."""
    raw = yaml.safe_load(CONFIG)
    own = {**raw["searches"]["ft"], **changes}
    raw["searches"]["ft"] = {key: value for key, value in own.items() if value is not None}
    return Present(Graph(load_experiment(raw)))


def slices(graphs: Present) -> dict[str, Any]:
    """Return every file of the searches, and the weights of a variant without one, with their slices."""
    paths = [*graphs.searches.results(), "results/small/unlearned/random_50/plain/0000-0001.safetensors"]
    places: dict[str, Place] = {path: place for path in paths if (place := place_of_path(path))}
    assert len(places) == len(paths)
    return {path.removeprefix("results/small/"): graphs.settings(place) for path, place in places.items()}


@pytest.mark.parametrize(
    ("changes", "made_again"),
    [
        ({"trials": 6}, {"studies"}),
        ({"space": {"lr": {"low": 0.1, "high": 0.2}}}, {"studies"}),
        ({"fixed": {"lr": 0.1}}, {"studies", "chosen"}),
        ({"population": 10}, {"studies"}),
        ({"budget": 0.1}, {"studies", "chosen"}),
        ({"choose": "best_trial"}, {"chosen"}),
        ({"objective": None}, {"studies", "chosen", "reports"}),
        ({"workers": 2}, set()),
    ],
)
def test_a_change_of_a_search_makes_its_own_files_again_and_no_other(
    changes: dict[str, Any], made_again: set[str]
) -> None:
    before, after = slices(present()), slices(present(**changes))
    kinds = {
        "studies": {f"studies/ft/{seed}.parquet" for seed in range(3)},
        "chosen": {"studies/ft/chosen.yaml"},
        "reports": {"studies/ft/trials.csv", "studies/ft/curve.svg"},
    }
    assert {path for path in before if before[path] != after[path]} == {
        path for kind in made_again for path in kinds[kind]
    }


def test_a_space_of_the_methods_own_is_part_of_the_slice() -> None:
    found = slices(present())
    space = found["studies/scrub/0.parquet"]["space"]
    assert space["epochs"] == {"kind": "Integers", "low": 1, "high": [2, 2]}
    assert space["ascent_epochs"]["high"] == [1, 2]
    assert found["studies/ft/0.parquet"]["costs"] == [1000.0, 2000.0]


def test_a_study_reads_its_own_originals_and_what_its_objective_compares_with() -> None:
    searches = present().searches
    assert [list(searches.models("ft", seed)) for seed in "012"] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    shards = ["0002-0003", "0004-0005"]
    assert searches.originals("ft", "1") == [f"results/small/original/{shard}.safetensors" for shard in shards]
    assert searches.margins("ft", "1") == [
        f"results/small/{population}/{shard}.margins.parquet"
        for population in ("original", "oracle/tuning")
        for shard in shards
    ]
    assert searches.margins("scrub", "0") == ["results/small/original/0000-0001.margins.parquet"]
    assert searches.forget_sets("scrub") == [
        f"results/small/forget_sets/{name}.npy" for name in ("tuning", "random_50")
    ]


def test_files_of_no_search_are_unknown() -> None:
    graphs = present()
    unknown = [place_of_path(f"results/small/studies/{name}") for name in ("other/0.parquet", "ft/3.parquet")]
    assert [graphs.unknown(place)[:2] for place in unknown if place] == [("search", "other"), ("seed", "3")]  # pyright: ignore
    assert place_of_path("results/small/studies/ft/0.parquet.study/ab.journal") is None


def test_tables_and_page_say_what_was_tuned_where() -> None:
    graphs = present()
    assert graphs.page.table_slice("klom")["tuned_on"] == {"tuned": ["tuning"]}
    assert graphs.page.report_slice()["tuned_on"] == {"tuned": ["tuning"]}
    raw = yaml.safe_load(CONFIG)
    del raw["searches"], raw["methods"]["tuned"]
    plain = Present(Graph(load_experiment(raw)))
    assert not {"tuned_on", "searches"} & {*plain.page.report_slice(), *plain.page.table_slice("klom")}
