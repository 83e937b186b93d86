"""The cost of unlearning, relative to retraining: sample passes and wall time per model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Record = Mapping[str, Any]
Row = dict[str, Any]


def cost_rows(records: Mapping[tuple[str, str], Sequence[Record]]) -> list[Row]:
    """Return one row per (forget set, candidate, epoch), from provenance records by (forget set, candidate).

    `passes` are sample passes per model (a forward and backward of one sample; a forward alone counts 1/3) and
    `seconds` wall time per model, averaged over shards by their number of models. `relative_passes` and
    `relative_seconds` divide by what an oracle of the same forget set took (retraining costs
    epochs x |retain set| passes); lower is better, below 1 is cheaper than retraining. Retraining itself appears as
    candidate "oracle".
    """
    rows: list[Row] = []
    for (forget_set, candidate), shards in records.items():
        passes, seconds = _means(shards, "passes"), _means(shards, "seconds")
        retraining = records[forget_set, "oracle"]
        full_passes, full_seconds = (list(_means(retraining, name).values())[-1] for name in ("passes", "seconds"))
        for epoch in passes:
            rows.append(
                {
                    "forget_set": forget_set,
                    "candidate": candidate,
                    "epoch": epoch,
                    "passes": passes[epoch],
                    "relative_passes": passes[epoch] / full_passes,
                    "seconds": seconds[epoch],
                    "relative_seconds": seconds[epoch] / full_seconds,
                    "device": ", ".join(sorted({shard["device"] for shard in shards})),
                }
            )
    return rows


def _means(shards: Sequence[Record], name: str) -> dict[int, float]:
    """Return epoch -> mean over the shards, which all hold equally many models."""
    return {
        int(epoch): float(np.mean([shard[name][epoch] for shard in shards]))
        for epoch in sorted(shards[0][name], key=int)
    }
