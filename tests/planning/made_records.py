"""Timing records as plain data."""

from __future__ import annotations

import dataclasses
from typing import Any

from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.records import Record

MODELS = 100
"""Models in a shard of the embedded experiment."""


def record_of(job: MissingJob, seconds: float, work: dict[str, tuple[float, float]], **changes: Any) -> Record:
    """Return the record that a job would leave if it took `seconds`, of which `work` maps kind -> (units, seconds)."""
    facts = {"models": MODELS, "num_classes": 10, "sample_shape": [1, 8, 8]}
    record = Record(job.rule, job.settings, work, seconds, {}, threads=1, gpu=False, here=True, facts=facts)
    return dataclasses.replace(record, **changes)
