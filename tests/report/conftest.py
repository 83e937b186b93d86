"""A tiny experiment for the tests of tables, figures and page: two forget sets, three variants, one of them failed."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit.metrics.summary import INTERVALS, STATISTICS

Row = dict[str, Any]


def summary_row(forget_set: str, candidate: str, epoch: int, measure: str, split: str, value: float | None) -> Row:
    """A summary row whose mean is `value` and p95 twice that; None: two of four models failed."""
    failed = value is None
    return {
        **dict.fromkeys((*STATISTICS, *INTERVALS)),
        "forget_set": forget_set,
        "candidate": candidate,
        "epoch": epoch,
        "measure": measure,
        "split": split,
        "mean": value,
        "p95": None if value is None else 2 * value,
        "p95_models_low": None if value is None else 1.5 * value,
        "p95_models_high": None if value is None else 2.5 * value,
        "n_models": 4,
        "n_oracles": 4,
        "n_samples": {"forget": 2, "retain": 8, "validation": 3, "test": 5}[split],
        "n_failed": 2 if failed else 0,
    }


@pytest.fixture(scope="session")
def summaries() -> list[Row]:
    """KLOM of originals, oracles, `good` at two epochs, `bad` and `broken` (failed) on two forget sets."""
    values = {
        ("original", 6): 4.0,
        ("oracle", 6): 0.25,
        ("good", 1): 1.0,
        ("good", 2): 0.5,
        ("bad", 3): 3.0,
        ("broken", 3): None,
    }
    return [
        summary_row(forget_set, candidate, epoch, measure, split, value and value + order + extra)
        for order, forget_set in enumerate(("first", "second"))
        for (candidate, epoch), value in values.items()
        for measure, extra in (("klom", 0.0), ("klom_reverse", 0.1))
        for split in ("forget", "retain", "validation")
    ]


@pytest.fixture(scope="session")
def costs() -> list[Row]:
    """Cost rows of both forget sets."""
    passes = {("oracle", 6): 1.0, ("good", 1): 0.1, ("good", 2): 0.2, ("bad", 3): 0.0, ("broken", 3): 1.5}
    return [
        {
            "forget_set": forget_set,
            "candidate": candidate,
            "epoch": epoch,
            "device": "CPU",
            "passes": 600 * relative,
            "relative_passes": relative,
            "rte_passes": 1 / relative if relative else None,
            "seconds": 2 * relative,
            "relative_seconds": relative if candidate != "bad" else None,
            "rte_seconds": 1 / relative if relative else None,
            "stack_size": 4,
            "peak_memory_mb": 512.5,
            "gpu_memory_mb": None,
        }
        for forget_set in ("first", "second")
        for (candidate, epoch), relative in passes.items()
    ]
