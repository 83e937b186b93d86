"""What a metric reads beside margins belongs to the same models and samples as the margins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.observations import Observed, write_observation
from unlearnkit.data.evaluated import rows_of
from unlearnkit.data.scored import populations, read_beside

SIZES = {"train": 6, "validation": 3, "test": 2}
SPLIT = np.repeat([*SIZES], [*SIZES.values()])
SAMPLES = np.concatenate([np.arange(size) for size in SIZES.values()])
FORGET = np.array([1, 4])
OTHER = np.array([0, 4])


@pytest.mark.parametrize(
    ("items", "sets", "rows"),
    [
        (None, [FORGET], [*range(11)]),
        (["forget", "validation"], [FORGET], [1, 4, 6, 7, 8]),
        (["forget"], [FORGET, OTHER], [0, 1, 4]),
        (["retain"], [FORGET], [0, 2, 3, 5]),
        (["retain"], [FORGET, OTHER], [0, 1, 2, 3, 5]),
        (["test"], [], [9, 10]),
    ],
)
def test_items_are_named_sets_of_samples(items: list[str] | None, sets: list[np.ndarray], rows: list[int]) -> None:
    settings = {} if items is None else {"items": items}
    assert rows_of(SIZES, settings, iter(sets)).tolist() == rows


def test_items_are_among_the_samples_that_are_evaluated() -> None:
    settings = {"evaluated": {"retain": 1, "train_size": 6}, "seed": 0}
    every = rows_of(SIZES, settings, [FORGET]).tolist()
    kept = rows_of(SIZES, {**settings, "items": ["retain", "test"]}, [FORGET]).tolist()
    assert kept == [row for row in every if row in {0, 2, 3, 5, 9, 10}]
    assert len(kept) == 3


def observed(path: Path, rows: np.ndarray) -> Path:
    """Write features [2 models, rows, 2] that say which model and row they are of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.stack([np.stack([np.full(len(rows), model), rows], -1) for model in (0, 1)]).astype(np.float32)
    part = Observed({"features": values}, (0, 1), SPLIT[rows], SAMPLES[rows])
    write_observation(path, {3: part}, {})
    return path


@pytest.mark.parametrize("items", [["forget", "validation"], None])
def test_each_item_is_found_at_its_sample(items: list[str] | None, tmp_path: Path) -> None:
    rows = np.arange(11) if items is None else rows_of(SIZES, {"items": items}, [FORGET, OTHER])
    path = observed(tmp_path / "original/0000-0001.hidden.parquet", rows)
    zeros = np.zeros((2, 11), np.float32)
    margins = {3: Margins(zeros, zeros > 0, (0, 1), SPLIT, SAMPLES)}
    split = np.where(SPLIT == "train", np.where(np.isin(SAMPLES, FORGET), "forget", "retain"), SPLIT)
    beside = read_beside([path], [("original", 0, 2)], {"hidden": {"items": items}}, margins, split)
    population = populations(margins, "margin_mean", split, beside)[3]
    found = population.observed["hidden"]
    # sample 0 is an item of originals for the other forget set only
    kept = [1, 4, 6, 7, 8] if items else [*range(11)]
    assert found.samples.tolist() == kept
    assert found["features"][:, :, 1].tolist() == [kept, kept]
    forgotten = population.of_split("forget").take_models([1]).observed["hidden"]
    assert (forgotten.samples.tolist(), forgotten["features"].tolist()) == ([0, 1], [[[1, 1], [1, 4]]])
    retained = population.of_split("retain").observed["hidden"]
    assert retained["features"].shape == (2, 0 if items else 4, 2)
