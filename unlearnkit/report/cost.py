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
    `seconds` wall time per model, averaged over shards by their number of models; None where the method did not make
    the passes that it states. `relative_passes` and `relative_seconds` divide by what an oracle of the same forget set
    took (retraining costs epochs x |retain set| passes); lower is better, below 1 is cheaper than retraining; None
    where no oracles were trained. `rte_passes` and `rte_seconds`, the run-time efficiency, are their inverses,
    T_retrain / T_unlearn: higher is better, 1 is retraining; None also where a method costs nothing. Source: Cadet et
    al. 2024 (arXiv 2410.01276).
    Retraining itself appears as candidate "oracle". A model costs less time in a stack than alone, so
    `relative_seconds` is None unless both ran on the same processor or GPU with as many threads and in stacks of the
    same size. `peak_memory_mb` and `gpu_memory_mb` are the largest of the jobs, whole stacks included; None without a
    GPU.
    """
    rows: list[Row] = []
    for (forget_set, candidate), shards in records.items():
        passes, seconds = _means(shards, "passes"), _means(shards, "seconds")
        retraining = records.get((forget_set, "oracle"), ())
        full_passes, full_seconds = (_last_mean(retraining, name) for name in ("passes", "seconds"))
        comparable = len({_execution(shard) for shard in (*shards, *retraining)}) == 1
        for epoch, own_seconds in seconds.items():
            relative_passes = _ratio(passes[epoch], full_passes)
            relative_seconds = _ratio(own_seconds, full_seconds) if comparable else None
            rows.append(
                {
                    "forget_set": forget_set,
                    "candidate": candidate,
                    "epoch": epoch,
                    "passes": passes[epoch],
                    "relative_passes": relative_passes,
                    "rte_passes": _ratio(1.0, relative_passes),
                    "seconds": own_seconds,
                    "relative_seconds": relative_seconds,
                    "rte_seconds": _ratio(1.0, relative_seconds),
                    "stack_size": max(shard["stack_size"] for shard in shards),
                    "peak_memory_mb": max(shard["peak_memory_mb"] for shard in shards),
                    "gpu_memory_mb": max(shard.get("gpu_memory_mb", 0.0) for shard in shards) or None,
                    "device": ", ".join(sorted({shard["device"] for shard in shards})),
                }
            )
    return rows


def _ratio(cost: float | None, full: float | None) -> float | None:
    return None if cost is None or not full else cost / full


def _last_mean(shards: Sequence[Record], name: str) -> float | None:
    return list(_means(shards, name).values())[-1] if shards else None


def _execution(shard: Record) -> tuple[Any, ...]:
    """Return what the seconds of a model depend on besides its passes."""
    processor = shard["machine"]["processor"] if shard["device"] == "CPU" else None
    return shard["device"], processor, shard["threads"], shard["stack_size"]


def _means(shards: Sequence[Record], name: str) -> dict[int, Any]:
    """Return epoch -> mean over the shards, which all hold equally many models; None if a shard states None."""
    means: dict[int, Any] = {}
    for epoch in sorted(shards[0][name], key=int):
        values = [shard[name][epoch] for shard in shards]
        means[int(epoch)] = None if None in values else float(np.mean(values))
    return means
