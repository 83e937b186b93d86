"""The opening figure and the curves of a method: by which metric, of which snapshots, and what is outside a panel."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from unlearnkit.metrics.distribution import klom
from unlearnkit.report.hero import hero
from unlearnkit.report.overview import drawn_metric
from unlearnkit.report.snapshots import method_curves
from unlearnkit.report.style import svg
from unlearnkit.report.tables import metric_rows
from unlearnkit.report.words import IMAGES

BOARD: dict[str, Any] = {"metrics": {"klom": {}}, "cells": []}


@pytest.fixture
def rows(summaries: Any, costs: Any) -> list[dict[str, Any]]:
    return metric_rows(summaries, costs, has_floor=True)


def test_a_metric_whose_headline_lacks_a_split_is_not_drawn(rows: list[dict[str, Any]]) -> None:
    tables = {"klom": [row for row in rows if (row["measure"], row["split"]) != ("klom", "validation")]}
    assert {row["split"] for row in tables["klom"]} == {"forget", "retain", "validation"}
    assert drawn_metric({"klom": klom}, tables, BOARD) is None
    assert drawn_metric({"klom": klom}, {"klom": rows}, BOARD) == "klom"


def test_a_panel_that_an_early_snapshot_would_stretch_is_cut_and_says_so(rows: list[dict[str, Any]]) -> None:
    methods = {"good": "scrub", "bad": "scrub", "broken": "scrub"}
    assert "outside the frame" not in svg(hero(klom, rows, methods))
    stretched = [
        row | {"p95": 1e4} if (row["candidate"], row["epoch"], row["forget_set"]) == ("good", 1, "first") else row
        for row in rows
    ]
    assert svg(hero(klom, stretched, methods)).count(">1 earlier snapshot outside the frame<") == 1


def test_a_method_has_curves_if_a_variant_has_two_snapshots(rows: list[dict[str, Any]]) -> None:
    results: Any = SimpleNamespace(tables={"klom": rows}, board=BOARD)
    curves = method_curves(["good", "bad"], {"klom": klom}, results, IMAGES)
    assert curves is not None and ">validation samples<" in curves.svg and ">second<" in curves.svg
    assert method_curves(["bad"], {"klom": klom}, results, IMAGES) is None
