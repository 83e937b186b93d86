"""Score files: one row per epoch, split and sample or model; undefined values are nulls."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unlearnkit.artifacts.scores import write_scores
from unlearnkit.artifacts.tables import read_table


def test_scores_of_samples(tmp_path: Path) -> None:
    values = {
        epoch: {"klom": {"forget": np.array([1.0, np.nan]) + epoch, "retain": np.array([3.0])}} for epoch in (1, 5)
    }
    indices = {"forget": np.array([4, 9]), "retain": np.array([0])}
    write_scores(tmp_path / "a.parquet", values, indices, {"metric": "klom"})
    table, facts = read_table(tmp_path / "a.parquet")
    assert table.to_pydict() == {
        "epoch": [1, 1, 1, 5, 5, 5],
        "split": ["forget", "forget", "retain"] * 2,
        "sample_index": [4, 9, 0, 4, 9, 0],
        "klom": [2.0, None, 3.0, 6.0, None, 3.0],
    }
    assert facts == {"metric": "klom"}


def test_scores_of_models_with_a_measure_that_a_split_lacks(tmp_path: Path) -> None:
    values = {0: {"accuracy": {"forget": np.array([0.5, 1.0])}, "attack": {"retain": np.array([0.6, 0.7])}}}
    write_scores(tmp_path / "a.parquet", values, np.array([3, 4]), {})
    assert read_table(tmp_path / "a.parquet")[0].to_pydict() == {
        "epoch": [0] * 4,
        "split": ["forget", "forget", "retain", "retain"],
        "model_index": [3, 4, 3, 4],
        "accuracy": [0.5, 1.0, None, None],
        "attack": [None, None, 0.6, 0.7],
    }


def test_scores_of_a_whole_population(tmp_path: Path) -> None:
    write_scores(tmp_path / "a.parquet", {3: {"distance": {"forget": np.array([0.5])}}}, None, {})
    assert read_table(tmp_path / "a.parquet")[0].to_pydict() == {"epoch": [3], "split": ["forget"], "distance": [0.5]}
