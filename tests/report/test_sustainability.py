"""The table of requests one after another: values by hand, on the rows that are stated, with their statistic."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from unlearnkit.report.style import svg
from unlearnkit.report.sustainability import Scored, figure, markdown, rows

PER_SAMPLE = SimpleNamespace(
    HEADLINE="klom", STATISTIC="mean", MEASURES={"klom": {"unit": "nats", "direction": "lower"}}
)
PER_MODEL = SimpleNamespace(
    HEADLINE="auc", STATISTIC="p95", MEASURES={"auc": {"unit": "fraction", "direction": "match"}}
)
CHAIN = ["first", "second"]
ASKED = {"first": np.array([4, 7]), "second": np.array([1])}


def klom(forget_set: str, candidate: str, forget: dict[int, float], retain: list[float]) -> Scored:
    """Return values of a sample each: sample -> value on the forget set, and those on others."""
    values = {"retain": np.array(retain), "forget": np.array([*forget.values()])}
    samples = {"retain": np.arange(20, 20 + len(retain)), "forget": np.array([*forget])}
    return Scored("klom", PER_SAMPLE, forget_set, candidate, values, samples)


@pytest.fixture
def scored() -> list[Scored]:
    return [
        klom("first", "scrub", {4: 1.0, 7: 2.0}, [0.5, 0.7]),
        klom("second", "scrub", {1: 9.0, 4: 3.0, 7: np.nan}, [0.5, 0.9]),
        Scored("attack", PER_MODEL, "second", "scrub", {"forget": np.array([0.5, 0.9])}, None),
        klom("elsewhere", "scrub", {3: 8.0}, [8.0]),
    ]


def test_values_are_those_of_all_rows_asked_for_and_of_each_request(scored: list[Scored]) -> None:
    found = {(row["metric"], row["request"], row["rows"]): row for row in rows(scored, [CHAIN], ASKED)}
    values = {key: row["value"] for key, row in found.items() if key[0] == "klom"}
    assert values == {
        ("klom", 1, "forget"): 1.5,
        ("klom", 1, "only first"): 1.5,
        ("klom", 1, "retain"): pytest.approx(0.6),
        ("klom", 2, "forget"): 6.0,  # where it is defined
        ("klom", 2, "only first"): 3.0,
        ("klom", 2, "only second"): 9.0,
        ("klom", 2, "retain"): pytest.approx(0.7),
    }
    assert found["klom", 2, "only first"]["n_values"] == 1
    assert {row["chain"] for row in found.values()} == {"first -> second"}


def test_a_metric_without_values_per_sample_has_those_of_all_rows(scored: list[Scored]) -> None:
    own = [row for row in rows(scored, [CHAIN], ASKED) if row["metric"] == "attack"]
    assert [(row["rows"], row["n_values"], row["statistic"]) for row in own] == [("forget", 2, "p95")]
    assert own[0]["value"] == pytest.approx(0.5 + 0.95 * 0.4)


def test_chains_that_part_share_their_beginning(scored: list[Scored]) -> None:
    asked = ASKED | {"elsewhere": np.array([3])}
    found = rows(scored, [CHAIN, ["first", "elsewhere"]], asked)
    starts = [row for row in found if row["request"] == 1 and row["rows"] == "forget"]
    assert [(row["chain"], row["value"]) for row in starts] == [("first -> second", 1.5), ("first -> elsewhere", 1.5)]


def test_the_table_has_a_line_per_request_and_no_empty_columns(scored: list[Scored]) -> None:
    text = markdown(rows(scored, [CHAIN], ASKED))
    assert "### klom: mean of klom [nats, lower]\n\nRequests first -&gt; second" not in text
    assert "| candidate | request | forget set | forget | only first | only second | retain |" in text
    assert "| scrub | 2 | second | 6.000 | 3.000 | 9.000 | 0.700 |" in text
    assert "| scrub | 1 | first | 1.500 | 1.500 |  | 0.600 |" in text
    assert "### attack: p95 of auc [fraction, match]" in text


def test_the_figure_shows_what_was_forgotten_first(scored: list[Scored]) -> None:
    found = rows(scored, [CHAIN], ASKED)
    drawn = figure(found)
    panel = drawn.axes[0]
    lines = {
        (line.get_label(), line.get_linestyle()): np.asarray(line.get_ydata()).tolist() for line in panel.get_lines()
    }
    assert lines["scrub", "-"] == [1.5, 6.0]
    assert [1.5, 3.0] in [values for (_, style), values in lines.items() if style == ":"]
    assert svg(drawn) == svg(figure(found))
    assert svg(figure([]))
