"""What results hold that is a number at a step: curves of training, and rows of tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

STATISTICS = ("mean", "p95")
"""Columns of a table that are exported; intervals and counts are not."""
_STEPS = ("step", "epoch")
_NOT_VALUES = {"model", "step", "epoch", "tokens", "samples"}


class Scalar(NamedTuple):
    """A number at a step: the run it belongs to, what it is, the step, and its value."""

    run: str
    tag: str
    step: int
    value: float


def of_curves(population: str, table: pa.Table) -> Iterator[Scalar]:
    """Yield the values of a curve table, a run `population/model` for each model: of images by epoch, of text by step.

    Values that are not finite are left out.
    """
    along = next(name for name in _STEPS if name in table.column_names)
    for row in table.to_pylist():
        run = f"{population}/{row['model']}"
        for name, value in row.items():
            if name not in _NOT_VALUES and math.isfinite(value):
                yield Scalar(run, f"training/{name}", row[along], value)


def of_table(rows: Iterable[Mapping[str, Any]]) -> Iterator[Scalar]:
    """Yield mean and 95th percentile of the rows of a metric's table, a run `forget set/candidate` for each candidate.

    A candidate with several snapshots has a value at each of their epochs. Values that are empty are left out.
    """
    for row in rows:
        run, what = f"{row['forget_set']}/{row['candidate']}", f"{row['metric']}/{row['measure']}/{row['split']}"
        for statistic in STATISTICS:
            value = row.get(statistic)
            if value is not None and math.isfinite(value):
                yield Scalar(run, f"{what}/{statistic}", row["epoch"], value)
