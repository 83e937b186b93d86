"""What samples and snapshots are called: images keep their words, sequences have their own."""

from __future__ import annotations

from typing import Any

from unlearnkit.metrics.distribution import klom
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.style import svg
from unlearnkit.report.tables import cost_markdown, metric_markdown, metric_rows
from unlearnkit.report.words import IMAGES, shown_epoch, words_of

TEXT = {"task": "text", "value": "margin_mean"}
Row = dict[str, Any]


def test_words_follow_the_task_and_the_value() -> None:
    assert words_of({}) == words_of({"task": "image"}) == IMAGES
    assert (IMAGES.samples, IMAGES.epoch, IMAGES.margin) == ("samples", "epoch", "margin")
    assert [words_of(TEXT | {"value": value}).margin for value in ("margin_mean", "margin_min", "loss_mean")] == [
        "mean margin",
        "smallest margin",
        "negative mean loss",
    ]


def test_originals_and_oracles_are_not_counted_in_steps() -> None:
    words = words_of(TEXT)
    assert [shown_epoch(name, 4, words) for name in ("original", "oracle", "ga")] == ["", "", "4"]
    assert [shown_epoch(name, 4, IMAGES) for name in ("original", "oracle", "ga")] == ["4", "4", "4"]


def test_tables_and_figures_use_them(summaries: list[Row], costs: list[Row]) -> None:
    rows, words = metric_rows(summaries, costs, has_floor=True), words_of(TEXT)
    table = metric_markdown(rows, klom, words)
    assert "| candidate | step | N |" in table and "| original |  | 4/4 |" in table and "| good | 2 |" in table
    assert "| forget set | candidate | step | sequence passes |" in cost_markdown(costs, words)
    first = [row for row in rows if row["forget_set"] == "first"]
    methods = {"good": "scrub", "bad": "ga", "broken": "ga"}
    figure = svg(metric_figure("trade_off", klom, first, {}, methods, words))
    for text in ("P95 on forget sequences", "P95 on validation sequences", "sequence passes relative", "good, step 2"):
        assert text in figure
    assert "samples" not in figure and "epoch" not in figure
