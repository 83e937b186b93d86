"""Tables: joins with floors and costs, failed candidates, CSV and Markdown."""

from __future__ import annotations

import csv
import io

import pytest

from unlearnkit.metrics.distribution import klom, relative
from unlearnkit.report.tables import floor_lines, metric_markdown, metric_rows, to_csv
from unlearnkit.report.words import words_of


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
    text = metric_markdown(rows, klom)
    (line,) = (line for line in text.split("### ")[1].splitlines() if line.startswith("| broken"))
    assert line.count("2 of 4 models failed") == 6
    assert "| good | 2 | 4/4 | 0.200 | 1.000 [0.75, 1.25] |" in text


def test_the_floor_and_the_originals_have_a_line_per_forget_set(summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    assert floor_lines(rows, klom) == [
        "first: klom of 2 forget samples [nats]: floor (oracles against other oracles) mean 0.250, p95 0.500; "
        "originals mean 4.000, p95 8.000",
        "second: klom of 2 forget samples [nats]: floor (oracles against other oracles) mean 1.250, p95 2.500; "
        "originals mean 5.000, p95 10.000",
    ]
    words = words_of({"task": "text"})
    assert "klom of 2 forget sequences [nats]" in floor_lines(rows, klom, words)[0]


def test_failed_models_have_no_figure_in_the_lines_of_the_floor(summaries, costs):
    failed = {"mean": None, "p95": None, "n_failed": 3}
    broken = [{**row, **failed} if row["candidate"] == "original" else row for row in summaries]
    line = floor_lines(metric_rows(broken, costs, has_floor=True), klom)[0]
    assert line.endswith("mean 0.250, p95 0.500; originals 3 of 4 models failed")
    broken = [{**row, **failed} if row["candidate"] == "oracle" else row for row in summaries]
    line = floor_lines(metric_rows(broken, costs, has_floor=True), klom)[0]
    assert "other oracles) mean undefined, p95 undefined; originals mean 4.000" in line


def test_a_metric_without_a_floor_has_no_lines(summaries, costs):
    assert floor_lines(metric_rows(summaries, costs, has_floor=False), klom) == []


def test_the_note_states_the_options_of_the_metric(summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    options = klom.Settings.model_validate({"bins": 4}).model_dump(mode="json")
    note = metric_markdown(rows, klom, options=options).splitlines()[0]
    # a bar that is no column
    assert note.endswith(
        'Options: direction="unlearned\\|\\|oracle", bins=4, clip=100.0, floor=1e-05, compat=null, num_models=null.'
    )
    assert "Options" not in metric_markdown(rows, klom)


def test_markdown_shows_verdicts_in_words():
    row = {"forget_set": "nines", "candidate": "scrub", "epoch": 5, "split": "forget", "relative_passes": None}
    row |= {"n_models": 20, "n_oracles": 20, "n_failed": 0}
    values = {"p_oracle": 0.004, "p_original": 0.997}
    rows = [{**row, "measure": measure, "mean": value} for measure, value in values.items()]
    text = metric_markdown(relative.conclude(rows, settings=relative.Settings.model_validate({})), relative)
    assert "| candidate | epoch | N | relative passes | nearer to | p (Holm) | p_oracle forget |" in text
    assert "| scrub | 5 | 20/20 |  | oracles | 0.008 | 0.004 |" in text
