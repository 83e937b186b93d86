"""Trials in the graph: which metrics can be tried and why others cannot, on which models, and what makes them stale."""

from __future__ import annotations

from typing import Any

import pytest
from small_graph import graph

from unlearnkit.errors import ConfigError
from unlearnkit.places import place_of
from unlearnkit.workflow.arena_graph import ArenaGraph
from unlearnkit.workflow.present import Present

CHANGES = {
    "forget_sets": {
        "nines": {"kind": "class", "label": 9},
        "some": {"kind": "subpopulation", "label": 9, "clusters": 2},
    },
    "methods": {"nothing": {"method": "do_nothing"}},
    "metrics": {"klom": {}},
}
"""What makes of the small experiment one with a forget set that is part of another."""


def arena(**changes: Any) -> ArenaGraph:
    return ArenaGraph(graph(**{**CHANGES, **changes}))


def test_registered_metrics_are_tried_except_those_that_need_what_is_not_there() -> None:
    own = arena()
    assert {"klom", "relative", "mia", "margin"} <= {*own.metrics()}
    assert own.skipped()["representation"] == "reads hidden, which the configuration does not ask for"
    assert "representation" in arena(metrics={"klom": {}, "representation": {}}).metrics()
    assert "representation" in arena(observations={"hidden": {}}).metrics()
    few = arena(num_models=4, held_out_oracles=4, shard_size=4)
    assert few.skipped()["relative"] == "is defined for 6 models or more, and the oracles suffice for 4 of each side"


def test_without_oracles_nothing_is_tried_and_the_table_says_why() -> None:
    own = arena(oracles="none", held_out_oracles=0, metrics={"margin": {}})
    assert own.metrics() == own.trials() == []
    assert {*own.skipped().values()} >= {"trials compare oracles, and there are none (oracles: none)"}
    assert own.results("arena")[0].endswith("tables/arena.parquet")


def test_models_are_tried_up_to_half_of_the_oracles() -> None:
    assert arena().sizes("klom") == [2, 5, 10, 20]
    assert arena(held_out_oracles=0, metrics={"margin": {}}).sizes("klom") == [2, 5, 10]
    assert arena().sizes("relative") == [10, 20]
    assert arena(arena={"sizes": [4, 12]}).sizes("relative") == [12]


def test_all_oracles_and_originals_are_read_and_those_of_a_part() -> None:
    own = arena(arena={"kept": {"nines": "some"}})
    assert own.selections("nines") == {
        "oracle": [("oracle/nines", range(20)), ("held_out_oracle/nines", range(20))],
        "original": [("original", range(20))],
        "kept": [("oracle/some", range(20))],
    }
    assert len(own.margins("nines")) == 8
    assert own.part_file("nines") == ["results/small/forget_sets/some.npy"]
    assert "kept" not in own.selections("some") and own.part_file("some") == []


@pytest.mark.parametrize(
    ("changes", "stale"),
    [
        ({"arena": {"trials": 50}}, True),
        ({"arena": {"shares": [0.2]}}, True),
        ({"arena": {"difference": 0.5}}, False),
        ({"metrics": {"klom": {}, "mia": {}}}, False),
        ({"metrics": {"klom": {"bins": 10}}}, True),
        ({"methods": {"scrub": {"method": "scrub"}}}, False),
    ],
)
def test_trials_depend_on_what_they_consume_alone(changes: dict[str, Any], stale: bool) -> None:
    before, after = (own.trials_slice("klom", "nines") for own in (arena(), arena(**changes)))
    assert (before != after) == stale


def test_the_page_and_other_stages_do_not_depend_on_the_arena() -> None:
    one, other = (Present(arena(**changes).graph) for changes in ({}, {"arena": {"trials": 50}}))
    assert one.page.report_slice() == other.page.report_slice()
    assert one.slice_of("tables", {"table": "klom.csv"}) == other.slice_of("tables", {"table": "klom.csv"})


@pytest.mark.parametrize(
    "name", ["trials/klom/nines.parquet", "tables/arena.svg", "tables/sizes.md", "tables/sizes.parquet"]
)
def test_files_of_the_arena_are_artifacts_with_settings_and_code(name: str) -> None:
    place = place_of(name)
    assert place is not None
    present = Present(arena().graph)
    assert present.settings(place) and present.code(place)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kept": {"nines": "som"}}, "arena.kept names 'som', which is no forget set. Did you mean 'some'?"),
        ({"kept": {"nines": "nines"}}, "arena.kept: 'nines' is not a part of itself; expected another forget set"),
        ({"sizes": [10, 5]}, r"arena.sizes is \[10, 5\]; expected rising numbers of models"),
        ({"sizes": [10, 30]}, "arena.sizes asks for 30 models, but trials have two disjoint sets of oracles beside as"),
        ({"trials": 5}, "arena.trials"),
        ({"shares": [0.0]}, "arena.shares"),
    ],
)
def test_what_cannot_be_tried_is_refused(block: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        arena(arena=block)
