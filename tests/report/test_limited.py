"""Tables, figures and page of one model, and where no oracle was trained."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.metrics.utility import margin
from unlearnkit.report.cost import cost_rows
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.sample_margins import sample_margins
from unlearnkit.report.style import svg
from unlearnkit.report.tables import cost_markdown, metric_markdown, metric_rows
from unlearnkit.report.views import metric_tables
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.report_graph import ReportGraph

SINGLE = {"num_models": 1, "held_out_oracles": 0, "shard_size": 1, "methods": {"scrub": {"method": "scrub"}}}


def graph_of(repository, **changes) -> ReportGraph:
    raw = yaml.safe_load((repository / "experiments/smoke.yaml").read_text())
    return ReportGraph(Graph(load_experiment({**raw, **SINGLE, "metrics": {"mia": {}, "margin": {}}, **changes})))


@pytest.fixture
def rows(summaries):
    """The margins of one original and of variants, without oracles."""
    shape = {"measure": "margin", "n_models": 1, "n_oracles": None, "mean_low": 0.1, "mean_high": 9.0}
    own = [row for row in summaries if row["measure"] == "klom" and row["candidate"] not in ("oracle", "broken")]
    return metric_rows([{**row, **shape} for row in own], [], has_floor=False)


def test_without_oracles_nothing_reads_one(repository):
    page = graph_of(repository, oracles="none")
    read = [*page.graph.results("mia", "margin"), *page.provenance_records(), *page.cost_records()]
    assert not [path for path in read if "oracle" in path]
    assert "oracle" not in page.drawn_margins("random_20") and not page.graph.oracles()


def test_what_is_not_available_is_stated_with_the_reason(repository):
    without = graph_of(repository, oracles="none").limits_slice()["limits"]
    assert not without["oracles"] and without["models"] == 1
    assert "oracles: none" in without["without"]["klom"] and "mia" not in without["without"]
    single = graph_of(repository).limits_slice()["limits"]
    assert single["oracles"] and "2 models or more" in single["without"]["margin_distance"]


def test_no_single_model_is_called_the_best(repository):
    assert graph_of(repository).contenders() == []
    assert graph_of(repository, num_models=2).contenders() == ["scrub"]


def test_an_experiment_with_oracles_and_two_models_states_no_limits(repository):
    page = graph_of(repository, num_models=2)
    assert page.limits_slice() == {} and "oracles" not in page.report_slice()
    assert "margins_over" not in page.figure_slice("random_20")


def test_costs_without_retraining_are_absolute():
    usual = {"machine": {"processor": "some"}, "threads": 1, "stack_size": 1, "peak_memory_mb": 5.0, "device": "CPU"}
    rows = cost_rows({("few", "scrub"): [{"passes": {"2": 240.0}, "seconds": {"2": 1.0}, **usual}]})
    assert rows[0]["passes"] == 240 and rows[0]["relative_passes"] is None and rows[0]["relative_seconds"] is None
    assert "| 240 |  |" in cost_markdown(rows) and "nothing was retrained" in cost_markdown(rows)


def test_intervals_of_one_model_are_over_samples(rows):
    text = metric_markdown(rows, margin)
    assert "interval over samples" in text and "[0.10, 9.00]" in text


def test_without_a_target_no_value_is_the_best(rows):
    tables = metric_tables([row for row in rows if row["forget_set"] == "first"], [], margin, ["good"])
    assert not any(cell.best for table in tables for line in table.lines for cell in line.cells)
    assert "no target without oracles" in tables[0].notes[0]


def test_the_trade_off_without_costs_has_no_scale_of_costs(rows):
    first = [row for row in rows if row["forget_set"] == "first"]
    drawn = svg(metric_figure("trade_off", margin, first, {}, {"good": "scrub", "bad": "scrub"}))
    assert "relative to retraining" not in drawn and "originals" in drawn


@pytest.mark.parametrize("names", [("original", "scrub"), ("original", "oracle", "scrub"), ("original",)])
def test_margins_over_samples_are_drawn_of_single_models(names):
    drawn = np.random.default_rng(0).normal(size=(len(names), 1, 30))
    text = svg(sample_margins({split: dict(zip(names, drawn, strict=True)) for split in ("forget", "validation")}))
    assert "forget samples" in text and "validation samples" in text
    assert ("oracles" in text) == ("oracle" in names)


def test_a_failed_model_is_labelled():
    margins = {"original": np.zeros((1, 3)), "scrub": np.full((1, 3), np.nan)}
    assert "models failed" in svg(sample_margins({"forget": margins}))
