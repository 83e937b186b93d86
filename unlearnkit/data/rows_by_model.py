"""The samples of every model of a shard, where models have samples of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unlearnkit.artifacts.membership import Bools

Rows = Tensor | Sequence[Tensor]
"""Training samples (indices) of the models of a shard: one tensor [n] of all, or one per model."""


def rows_by_model(matrix: Bools) -> list[Tensor]:
    """Return the samples of every model, int64 [samples of the model], ascending, from a matrix [models, samples]."""
    return [torch.from_numpy(np.flatnonzero(row)) for row in matrix]


def alike(rows: Rows) -> bool:
    """Return whether all models have the same number of samples, without which they cannot share batches."""
    return isinstance(rows, Tensor) or len({len(samples) for samples in rows}) == 1


def rows_of_stack(rows: Rows, positions: Sequence[int]) -> Tensor:
    """Return the samples of the models at `positions` as `Subset` takes them: [n], or [K, n] of K with their own."""
    if isinstance(rows, Tensor):
        return rows
    chosen = [rows[position] for position in positions]
    return torch.stack(chosen) if len(chosen) > 1 else chosen[0]
