"""Curve files: how the training of the models of a shard went, a row per model and noted step.

Columns: model, step (1, 2, ...), tokens (input tokens up to and with the step), loss (nats per target, mean of the
step), lr (of AdamW), tokens_per_second (since the row before). Figures and people read them; no result does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

COLUMNS = ("step", "tokens", "loss", "lr", "tokens_per_second")
_INTEGERS = {"step": "int32", "tokens": "int64"}


def write_curves(path: str | os.PathLike[str], curves: Mapping[int, Mapping[str, np.ndarray]]) -> None:
    """Write the curves of the models of a shard: model index -> column -> values [rows]."""
    # here, since every training job imports this module, and those on images need no tables
    import pyarrow as pa

    from unlearnkit.artifacts.tables import write_table

    models = np.concatenate([np.full(len(curve["step"]), model) for model, curve in curves.items()])
    values = {name: np.concatenate([curve[name] for curve in curves.values()]) for name in COLUMNS}
    arrays = {name: pa.array(array).cast(_INTEGERS.get(name, "float64")) for name, array in values.items()}
    write_table(path, pa.table({"model": pa.array(models, pa.int32()), **arrays}), {})
