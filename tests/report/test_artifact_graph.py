"""The page with the artifact graph: a box per stage below what it is made of, and a table that says the same."""

from __future__ import annotations

import datetime

import pytest

from unlearnkit.lineage.stock import Stock
from unlearnkit.report.artifact_graph import graph_page
from unlearnkit.report.stage_layout import levels_of, placed

MADE_OF = {"forget sets": {"data"}, "oracles": {"data", "forget sets"}, "scores": {"oracles"}}


@pytest.fixture
def page() -> str:
    states = ("present", "out of date", "missing", "not configured")
    found = [
        Stock("data", "", dict(zip(states, (1, 0, 0, 0), strict=True))),
        Stock("oracles", "nines", dict(zip(states, (2, 1, 0, 0), strict=True)), {"out of date": {"<b>": None}}),
        Stock("oracles", "eights", dict(zip(states, (0, 0, 1400, 0), strict=True))),
    ]
    return graph_page(
        "tiny",
        found,
        MADE_OF,
        "0.1.0",
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
        " --configfile own.yaml",
    )


def test_a_box_has_the_counts_of_all_forget_sets_and_the_page_its_time(page: str) -> None:
    assert ">2 present, 1 old, 1,400 missing<" in page and ">1 present<" in page
    assert "Drawn on 2026-01-02 03:04:05 UTC" in page
    assert "results/tiny/report/graph.html --configfile own.yaml<" in page
    assert "3 present, 1 out of date, 1,400 missing." in page


def test_the_table_names_who_is_not_present_as_text(page: str) -> None:
    assert "out of date: &lt;b&gt;" in page and "<b>" not in page


def test_a_stage_is_below_all_that_it_is_made_of_even_if_records_form_a_circle() -> None:
    stages = ["data", "forget sets", "oracles", "scores"]
    assert levels_of(stages, MADE_OF) == {"data": 0, "forget sets": 1, "oracles": 2, "scores": 3}
    circle = {**MADE_OF, "data": {"scores"}}
    assert max(levels_of(stages, circle).values()) <= len(stages)
    assert {*stages} <= {*placed(stages, circle)[0]}


def test_a_line_that_skips_a_level_passes_beside_its_boxes() -> None:
    places, lines = placed(["data", "forget sets", "oracles", "scores"], MADE_OF)
    assert {("data", ("data", 1)), (("data", 1), "oracles")} <= {*lines}
    assert places["forget sets"][1] == places["data", 1][1] == 1
    assert abs(places["forget sets"][0] - places["data", 1][0]) >= 0.6
