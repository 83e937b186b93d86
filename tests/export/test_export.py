"""`unlearnkit export`: what TensorBoard's own reader finds is what curves and tables hold."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pytest
from checkout import RESULTS, Checkout
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from unlearnkit.artifacts.tables import read_table
from unlearnkit.export.scalars import Scalar, of_curves, of_table


def values(folder: Path, tag: str) -> dict[int, float]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {event.step: event.value for event in events.Scalars(tag)}


def test_images_are_by_epoch_and_text_by_step_without_what_is_not_finite() -> None:
    images = pa.table({"model": [3, 3], "epoch": [1, 2], "samples": [10, 20], "loss": [2.5, math.inf]})
    assert list(of_curves("original", images)) == [Scalar("original/3", "training/loss", 1, 2.5)]
    text = pa.table({"model": [0], "step": [7], "tokens": [90], "loss": [1.5], "lr": [0.1]})
    assert list(of_curves("oracle/a", text)) == [
        Scalar("oracle/a/0", "training/loss", 7, 1.5),
        Scalar("oracle/a/0", "training/lr", 7, 0.1),
    ]


def test_a_row_without_a_value_is_left_out() -> None:
    row = {"metric": "klom", "forget_set": "a", "candidate": "ga", "epoch": 2, "measure": "klom", "split": "forget"}
    found = list(of_table([{**row, "mean": 1.0, "p95": None}, {**row, "epoch": 3, "mean": math.nan, "p95": 4.0}]))
    assert found == [Scalar("a/ga", "klom/klom/forget/mean", 2, 1.0), Scalar("a/ga", "klom/klom/forget/p95", 3, 4.0)]


@pytest.mark.workflow
def test_a_finished_experiment_is_read_back_and_a_used_folder_refused(completed: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    made = completed.unlearnkit("export", RESULTS, "--out", str(folder))
    assert made.status == 0, made.output
    results = completed.root / RESULTS
    (curve,) = (results / "original").glob("0000-*.curves.parquet")
    rows = [row for row in read_table(curve)[0].to_pylist() if row["model"] == 0]
    found = values(folder / "training" / "original" / "0", "training/accuracy")
    assert found == pytest.approx({row["epoch"]: row["accuracy"] for row in rows})
    cell = [
        row
        for row in read_table(results / "tables" / "klom.parquet")[0].to_pylist()
        if (row["forget_set"], row["candidate"], row["measure"], row["split"]) == ("nines", "oracle", "klom", "forget")
    ]
    found = values(folder / "nines" / "oracle", "klom/klom/forget/p95")
    assert found == pytest.approx({row["epoch"]: row["p95"] for row in cell})
    again = completed.unlearnkit("export", RESULTS, "--out", str(folder))
    assert again.status == 1 and f"{folder} is not empty" in again.output
