"""Tables: joins with floors and costs, failed candidates, CSV and Markdown."""

from __future__ import annotations

import csv
import io

import pytest

from unlearnkit.metrics import klom
from unlearnkit.report.tables import metric_markdown, metric_rows, to_csv


def _one(rows, **wanted):
    (row,) = (row for row in rows if all(row[key] == value for key, value in wanted.items()))
    return row


def test_floor_is_the_oracles_value_of_the_same_forget_set_measure_and_split(summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    row = _one(rows, forget_set="second", candidate="bad", measure="klom_reverse", split="retain")
    assert row["floor_mean"] == pytest.approx(0.25 + 1 + 0.1)
    assert row["floor_p95"] == pytest.approx(2 * (0.25 + 1 + 0.1))


def test_a_metric_without_oracles_has_no_floor(summaries, costs):
    assert all("floor_mean" not in row for row in metric_rows(summaries, costs, has_floor=False))


def test_costs_are_joined_by_epoch_and_only_for_variants(summaries, costs):
    rows = [row for row in metric_rows(summaries, costs, has_floor=True) if row["forget_set"] == "first"]
    cost = {(row["candidate"], row["epoch"]): row["relative_passes"] for row in rows}
    assert cost == {
        ("original", 6): None,
        ("oracle", 6): None,
        ("good", 1): 0.1,
        ("good", 2): 0.2,
        ("bad", 3): 0.0,
        ("broken", 3): 1.5,
    }


def test_csv_keeps_every_row_and_leaves_missing_values_empty(summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    read = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert len(read) == len(rows)
    broken = _one(read, forget_set="first", candidate="broken", measure="klom", split="forget")
    assert (broken["p95"], broken["n_failed"], broken["floor_p95"]) == ("", "2", "0.5")
    assert (
        float(_one(read, forget_set="first", candidate="good", epoch="2", measure="klom", split="forget")["p95"]) == 1.0
    )


def test_markdown_says_how_many_models_failed_instead_of_a_number(summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    text = metric_markdown(rows, klom.MEASURES, klom.HEADLINE, klom.STATISTIC)
    (line,) = (line for line in text.split("### ")[1].splitlines() if line.startswith("| broken"))
    assert line.count("2 of 4 models failed") == 6
    assert "| good | 2 | 4/4 | 0.200 | 1.000 [0.75, 1.25] |" in text
