"""Curves are drawn of models that are trained here, and nothing is trained again only to draw them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.curve_graph import CurveGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.report_graph import ReportGraph


def test_weights_of_versions_without_curves_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    raw = yaml.safe_load((repository / "tests/runs/tiny.yaml").read_text())
    graph = Graph(load_experiment(raw))
    monkeypatch.chdir(tmp_path)
    curves = CurveGraph(graph)
    assert curves.figure() == "curves" and ReportGraph(graph).figures()["curves"] == ("", "curves")
    assert curves.files("nines")["oracle"] == [
        f"results/tiny/oracle/nines/{shard}.curves.parquet" for shard in ("0000-0001", "0002-0003")
    ]
    # weights may be deleted, their record stays
    record = tmp_path / "results/tiny/oracle/nines/0002-0003.safetensors.json"
    record.parent.mkdir(parents=True)
    record.touch()
    assert curves.figure() is None and curves.files("nines") == {}
    assert "curves" not in ReportGraph(graph).figures()
    record.with_name("0002-0003.curves.parquet").touch()
    assert curves.figure() == "curves"
