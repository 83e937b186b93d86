"""Curve files: how the training of the models of a shard went. Figures and people read them; no result does.

Of text, a row per model and noted step: model, step (1, 2, ...), tokens (input tokens up to and with the step), loss
(nats per target, mean of the step), lr (of AdamW), tokens_per_second (since the row before). Of images, a row per model
and epoch: model, epoch (1, 2, ...), samples (up to and with the epoch), loss (nats) and accuracy (in [0, 1]), both
means over the samples of at most 4 steps of the epoch, and lr (of the last step).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

COLUMNS = ("step", "tokens", "loss", "lr", "tokens_per_second")
EPOCH_COLUMNS = ("epoch", "samples", "loss", "accuracy", "lr")
_INTEGERS = {"step": "int32", "tokens": "int64", "epoch": "int32", "samples": "int64"}


def write_curves(path: str | os.PathLike[str], curves: Mapping[int, Mapping[str, np.ndarray]]) -> None:
    """Write the curves of the models of a shard: model index -> column (COLUMNS or EPOCH_COLUMNS) -> values [rows].

    Without a model they are those of epochs.
    """
    # here, since every training job imports this module, and those on images need no tables
    import pyarrow as pa

    from unlearnkit.artifacts.tables import write_table

    columns = COLUMNS if any("step" in curve for curve in curves.values()) else EPOCH_COLUMNS
    none = np.array([], np.float64)
    models = np.concatenate([none, *(np.full(len(curve["loss"]), model) for model, curve in curves.items())])
    values = {name: np.concatenate([none, *(curve[name] for curve in curves.values())]) for name in columns}
    arrays = {name: pa.array(array).cast(_INTEGERS.get(name, "float64")) for name, array in values.items()}
    write_table(path, pa.table({"model": pa.array(models).cast("int32"), **arrays}), {})
