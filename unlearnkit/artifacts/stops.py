"""Stop files: what a method that judges single sequences saw of each, before the first epoch and after every one.

Columns: model, epoch (0: the original), row (of the training split, forgotten), then as far as the method looks at it

    nll         mean of -log p over the targets of the sequence, nats
    accuracy    memorisation accuracy, in [0, 1]
    likelihood  extraction likelihood EL_n, in [0, 1]
    bleu        BLEU-4 of the continuation against the true suffix, in [0, 1]
    bert_score  F1 of BERTScore of the same, in [-1, 1]
    divergence  KL(original || model) on the partner, nats
    active      1 if the sequence takes part in the next epoch, 0 if not

and NaN elsewhere. The last epoch of a model is the one after which its run stopped. Tables and people read them; no
result does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

SEEN = ("nll", "accuracy", "likelihood", "bleu", "bert_score", "divergence", "active")
COLUMNS = ("model", "epoch", "row", *SEEN)
_INTEGERS = {"model": "int32", "epoch": "int32", "row": "int64"}


def write_stops(path: str | os.PathLike[str], curves: Mapping[int, Mapping[str, np.ndarray]]) -> None:
    """Write what was seen of the models of a shard: model index -> column -> values [rows]."""
    # here, since every unlearning job imports this module, and those on images write no such file
    import pyarrow as pa

    from unlearnkit.artifacts.tables import write_table

    parts = [{"model": np.full(len(curve["epoch"]), model), **curve} for model, curve in sorted(curves.items())]
    empty = [np.full(len(part["epoch"]), np.nan) for part in parts]
    arrays = {
        name: np.concatenate([part.get(name, lacking) for part, lacking in zip(parts, empty, strict=True)])
        for name in COLUMNS
    }
    write_table(
        path,
        pa.table({name: pa.array(column).cast(_INTEGERS.get(name, "float32")) for name, column in arrays.items()}),
        {},
    )


def read_stops(paths: Sequence[str | os.PathLike[str]]) -> dict[str, np.ndarray]:
    """Return the columns of some stop files, one below the other; raises ArtifactError if one is damaged."""
    from unlearnkit.artifacts.tables import read_table

    tables = [read_table(path)[0] for path in paths]
    return {name: np.concatenate([table[name].to_numpy() for table in tables]) for name in COLUMNS}
