"""The table and the figure of stops: means over sequences, a row per model and epoch, nothing for what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.stops import read_stops, write_stops
from unlearnkit.errors import ArtifactError
from unlearnkit.report.stops import COLUMNS, figure, markdown, rows


def curve(active: list[list[float]], **more: list[list[float]]) -> dict[str, np.ndarray]:
    """What is recorded of a run: a list per epoch, of a value per sequence."""
    epochs = np.repeat(np.arange(len(active)), len(active[0]))
    columns = {name: np.concatenate(own).astype(np.float32) for name, own in {"active": active, **more}.items()}
    return {"epoch": epochs, "row": np.tile([4, 9], len(active)), **columns}


@pytest.fixture
def seen(tmp_path: Path) -> dict[str, np.ndarray]:
    """Two models in two files; one stops after an epoch."""
    write_stops(tmp_path / "a", {1: curve([[1, 1], [1, 0]], likelihood=[[0.5, np.nan], [np.nan, np.nan]])})
    write_stops(tmp_path / "b", {0: curve([[1, 1], [1, 0], [0, 0]], accuracy=[[0.9, 0.7], [0.5, 0.3], [0.1, 0.3]])})
    return read_stops([tmp_path / "a", tmp_path / "b"])


def test_rows_are_means_over_sequences(seen: dict[str, np.ndarray]) -> None:
    found = rows("some", "icu", seen)
    assert [(row["model"], row["epoch"], row["active"]) for row in found] == [
        *((0, 0, 1.0), (0, 1, 0.5), (0, 2, 0.0)),
        *((1, 0, 1.0), (1, 1, 0.5)),
    ]
    assert [row["accuracy"] for row in found[:3]] == pytest.approx([0.8, 0.4, 0.2])
    assert [row["accuracy"] for row in found[3:]] == [None, None]
    # a sequence without a value is in no mean
    assert [row["likelihood"] for row in found[3:]] == [0.5, None]
    assert all(tuple(row) == COLUMNS for row in found)


def test_markdown_has_a_table_per_variant_without_empty_columns(seen: dict[str, np.ndarray]) -> None:
    text = markdown([*rows("some", "icu", seen), *rows("other", "icu", seen)])
    assert text.count("### icu on") == 2
    assert "| model | epoch | accuracy | likelihood | active |" in text
    assert "bleu |" not in text


def test_the_figure_has_a_line_per_model(seen: dict[str, np.ndarray]) -> None:
    drawn = figure(rows("some", "icu", seen))
    (axes,) = [own for own in drawn.axes if own.get_visible()]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1.0, 0.5, 0.0], [1.0, 0.5]]  # pyright: ignore
    assert axes.get_ylabel() == "share of active sequences"


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match="is not a readable Parquet table"):
        read_stops([tmp_path / "a"])
