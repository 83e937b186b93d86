"""Numbers for readers: digits, signs, and words for the values of measures that have few."""

from __future__ import annotations

import re
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from unlearnkit.metrics.distribution import relative
from unlearnkit.report import arena_table, sizes_table
from unlearnkit.report.numbers import between, duration, named_values, number, shown
from unlearnkit.report.tables import metric_markdown, metric_rows, to_csv
from unlearnkit.report.views import metric_tables

SETTINGS = relative.Settings.model_validate({})
NEGATIVE_ZERO = re.compile(r"-0\.?0*(?![.\d])")


@pytest.mark.parametrize("value", [-0.0, -1e-9, -0.0004])
def test_what_rounds_to_zero_has_no_sign(value: float) -> None:
    assert (shown(value), shown(value, ".0f"), between(value, value)) == ("0.000", "0", "[0.00, 0.00]")
    assert number(-0.0) == "0.00" and number(-0.5) == "-0.500" and shown(None) == ""
    assert shown(3, "d") == "3"
    assert [duration(seconds) for seconds in (None, 0.0, 6.76e-05, 0.00123)] == ["", "0.00", "< 0.001", "0.00123"]


def test_units_that_list_their_values_name_them() -> None:
    assert named_values(relative.MEASURES["verdict"]["unit"]) == {-1: "oracles", 0: "undecided", 1: "originals"}
    assert [named_values(unit) for unit in ("nats", "1", "standard errors", "fraction, of all")] == [{}] * 4


def certificate(value: float) -> list[dict]:
    """The rows of a certificate's table in which all measures of all candidates have one value."""
    row = {"epoch": 1, "n_models": 8, "n_oracles": 8, "n_failed": 0, "n_samples": 5, "p95": value, "mean": value}
    ends = {f"mean_models_{end}": value for end in ("low", "high")}
    return [
        {**row, **ends, "forget_set": "nines", "candidate": name, "measure": measure, "split": "forget"}
        for name in ("oracle", "good")
        for measure in relative.MEASURES
    ]


def test_verdicts_are_words_in_tables_and_on_the_page() -> None:
    for value, word in ((-1.0, "oracles"), (0.0, "undecided"), (1.0, "originals")):
        rows = metric_rows(certificate(value), [], has_floor=True)
        text = metric_markdown(relative.conclude(rows, settings=SETTINGS), relative)
        assert text.count(f"| {word} |") >= 2
        concluded = relative.conclude(rows, settings=SETTINGS)
        verdict, *tables = metric_tables(concluded, [], relative, {"good"})
        assert verdict.header == ((("nearer to", 1), ("p (Holm)", 1)),)
        assert [cell.value for cell in verdict.lines[1].cells] == [
            concluded[0]["nearer_to"],
            shown(concluded[0]["p_holm"]),
        ]
        assert [cell.value for table in tables for cell in table.lines[1].cells].count(word) == 1


def test_a_forget_set_without_verdicts_has_no_table_of_them() -> None:
    rows = [{**row, "nearer_to": None, "p_holm": None} for row in metric_rows(certificate(0.5), [], has_floor=True)]
    assert "Verdict" not in [table.title for table in metric_tables(rows, [], relative, {"good"})]


def test_intervals_of_measures_with_an_upper_end_have_the_digits_of_the_value() -> None:
    rows = [{**row, "mean": 0.325, "mean_models_low": 0.3214, "mean_models_high": 0.3281} for row in certificate(0.325)]
    one = relative.MEASURES["p_same"]
    fractions = SimpleNamespace(STATISTIC="mean", HEADLINE="p_same", MEASURES={"p_same": one})
    own = [row for row in metric_rows(rows, [], has_floor=True) if row["measure"] == "p_same"]
    assert "| 0.325 [0.321, 0.328] |" in metric_markdown(own, cast("ModuleType", fractions))


def test_no_table_shows_a_zero_with_a_sign() -> None:
    rows = metric_rows(certificate(-1e-9), [], has_floor=True)
    texts = [metric_markdown(relative.conclude(rows, settings=SETTINGS), relative)]
    trials = [
        {
            "models": n,
            "trial": t,
            "kind": kind,
            "share": share,
            "planted": share,
            "measure": "gap",
            "distance": False,
            "value": -1e-9 * t,
        }
        for n in (5, 10, 20)
        for kind, share in (("none", 0.0), ("models", 1.0))
        for t in range(20)
    ]
    for table in (arena_table, sizes_table):
        made = table.rows(
            [("mine", "nines", trials, 0.0, {"gap": {"unit": "nats", "direction": "lower"}})], {"difference": 0.1}
        )
        texts.append(table.markdown(made, {}, {"difference": 0.1}))
    texts.append(to_csv([{"value": -0.0, "other": -0.5}]))
    assert [NEGATIVE_ZERO.findall(text) for text in texts] == [[]] * 4
