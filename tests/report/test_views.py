"""The page's tables: order, headers, best values, failures."""

from __future__ import annotations

from types import ModuleType

import pytest

from unlearnkit.metrics.distribution import klom
from unlearnkit.report.numbers import number
from unlearnkit.report.tables import metric_rows
from unlearnkit.report.views import metric_tables


@pytest.fixture(scope="module")
def rows(summaries, costs):
    return [row for row in metric_rows(summaries, costs, has_floor=True) if row["forget_set"] == "first"]


@pytest.fixture(scope="module")
def matching() -> ModuleType:
    """A metric of one measure that is to match the oracles'."""
    metric = ModuleType("matching")
    declared = {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Match",
        "splits": ("forget",),
    }
    metric.__dict__.update(
        MEASURES={"klom": declared}, HEADLINE="klom", STATISTIC="mean", AXIS="models", NEEDS_ORACLE=False
    )
    return metric


def _best(table):
    return {(line.candidate, line.epoch): [cell.best for cell in line.cells] for line in table.lines}


def test_a_wide_metric_gets_one_table_per_measure_with_the_floor_first(rows, costs):
    first, second = metric_tables(rows, costs, klom, {"good", "bad"})
    assert (first.title, second.title) == ("KLOM", "KLOM, reverse direction")
    assert first.header == ((("forget", 2), ("retain", 2), ("validation", 2)), (("P95", 1), ("mean", 1)) * 3)
    assert [line.candidate for line in first.lines] == ["oracle", "original", "good", "good", "bad", "broken"]


def test_test_samples_get_columns_where_there_are_some(rows, costs):
    tested = [row | {"split": "test"} for row in rows if row["split"] == "validation"]
    first, _ = metric_tables([*rows, *tested], costs, klom, {"good", "bad"})
    assert first.header[0] == (("forget", 2), ("retain", 2), ("validation", 2), ("test", 2))
    assert len(first.lines[0].cells) == 8


def test_cells_hold_value_interval_and_cost(rows, costs):
    good = metric_tables(rows, costs, klom, {"good"})[0].lines[3]
    assert (good.compared, good.passes, good.seconds) == ("4 / 4", "0.200", "0.200")
    assert (good.cells[0].value, good.cells[0].interval) == ("1.00", "0.75–1.25")
    assert (good.cells[1].value, good.cells[1].interval) == ("0.500", "")


def test_the_best_is_the_lowest_among_contenders_only(rows, costs):
    assert _best(metric_tables(rows, costs, klom, {"good", "bad", "broken"})[0])["good", 2] == [True] * 6
    only_bad = _best(metric_tables(rows, costs, klom, {"bad", "broken"})[0])
    assert [key for key, marks in only_bad.items() if any(marks)] == [("bad", 3)]


def test_the_best_of_a_matching_measure_is_closest_to_the_oracles(rows, costs, matching):
    # oracle 0.25; bad lies 0.05 below it, good 0.25 and 0.75 above
    moved = [row | ({"mean": 0.2} if row["candidate"] == "bad" else {}) for row in rows]
    (table,) = metric_tables(moved, costs, matching, {"good", "bad"})
    assert [key for key, marks in _best(table).items() if any(marks)] == [("bad", 3)]


def test_the_best_of_a_measure_to_be_raised_is_the_highest(rows, costs):
    higher = ModuleType("higher")
    declared = klom.MEASURES["klom"] | {"direction": "higher", "splits": ("forget",)}
    higher.__dict__.update(MEASURES={"klom": declared}, HEADLINE="klom", STATISTIC="mean", NEEDS_ORACLE=True)
    (table,) = metric_tables(rows, costs, higher, {"good", "bad"})
    assert [key for key, marks in _best(table).items() if any(marks)] == [("bad", 3)]
    assert "higher is better" in table.notes[0]


def test_nothing_is_best_where_the_first_tie(rows, costs):
    tied = [row | {"mean": 1.0} if row["epoch"] in (1, 2) and row["mean"] is not None else row for row in rows]
    (first, _) = metric_tables(tied, costs, klom, {"good", "bad"})
    assert not any(line.cells[1].best for line in first.lines if line.cells)


def test_a_failed_candidate_has_a_reason_and_no_cells(rows, costs):
    broken = metric_tables(rows, costs, klom, {"broken"})[0].lines[-1]
    assert (broken.failure, broken.cells) == ("2 of 4 models failed", ())


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (10.659, "10.7"), (123.4, "123"), (1234.5, "1,234"), (0.0, "0.00"), (1.0, "1.00")],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text
