"""Variants that were tuned on a forget set are marked there, and nowhere else."""

from __future__ import annotations

import numpy as np

from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.report.tables import metric_markdown, metric_rows
from unlearnkit.report.trials import optimisation_curve, trial_rows
from unlearnkit.report.tuned import marked, note, with_tuning

TUNED_ON = {"good": ["second"]}
TRIAL = {"number": 0, "state": "complete", "reason": "", "norm": 0.5, "passes": 10.0, "seconds": 1.0}


def test_rows_say_whether_they_are_tuned_here(summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    tuned = {(row["forget_set"], row["candidate"]) for row in with_tuning(rows, TUNED_ON) if row["tuned_here"]}
    assert tuned == {("second", "good")}
    assert with_tuning(rows, {}) == rows


def test_tables_mark_them_and_say_what_that_means(summaries, costs):
    rows, metric = metric_rows(summaries, costs, has_floor=True), declarations(locate("metric", "klom"))
    text = metric_markdown(marked(rows, TUNED_ON), metric)
    assert [line.split(" | ")[0] for line in text.splitlines() if "good" in line] == [
        *["| good"] * 2,
        *["| good †"] * 2,
    ]
    assert note(rows, TUNED_ON) == "\n† tuned on this forget set, so that its values are flattered.\n"
    assert marked(rows, {}) == rows
    assert note(rows, {}) == note([row for row in rows if row["forget_set"] == "first"], TUNED_ON) == ""


def test_trials_have_a_column_for_every_setting():
    failed = {**TRIAL, "number": 1, "state": "failed", "reason": "why", "norm": float("nan")}
    studies = [[{**TRIAL, "settings": '{"lr": 0.1}'}], [{**failed, "settings": '{"lr": 0.2, "epochs": 3}'}]]
    first, second = trial_rows(studies)
    assert [*first] == ["study", *TRIAL, "setting.lr", "setting.epochs"]
    assert (first["study"], first["norm"], first["setting.epochs"]) == (0, 0.5, None)
    assert (second["study"], second["norm"], second["setting.epochs"]) == (1, None, 3)


def test_the_curve_falls_to_the_smallest_norm():
    norms = [float("nan"), 0.5, 0.7, 0.2]
    figure = optimisation_curve([[{**TRIAL, "norm": norm} for norm in norms]], "ft", "oracle_free")
    (line,) = figure.axes[0].get_lines()
    assert np.asarray(line.get_ydata())[1:].tolist() == [0.5, 0.5, 0.2]
