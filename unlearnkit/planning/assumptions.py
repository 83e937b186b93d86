"""What a plan assumes where nothing was measured, and what records do not hold (docs/planning.md)."""

from __future__ import annotations

CPU_SECONDS_PER_PASS, CPU_MULTIPLY_ADDS_PER_SECOND = 5e-7, 3e10
"""A sample pass on a CPU takes the first plus 3 x the model's multiply-adds / the second, whatever the threads."""

GPU_SECONDS_PER_PASS, GPU_MULTIPLY_ADDS_PER_SECOND = 2e-6, 5e13
"""The same on a GPU. Not measured: a third of what ResNet-9 could reach on an H200 on paper."""

SECONDS_PER_MARGIN = 7e-7
"""Scoring: reading a margin and using it."""

LEARNING_START, START = 2.0, 1.0
"""Seconds of a job beside its work: one that imports torch, and any other."""

BYTES_PER_SECOND = 2.5e8
"""Reading, hashing and writing what a job makes beyond what the jobs of the records made."""

BYTES_PER_MARGIN = 4.0
"""A margin and whether its label came first, compressed."""

BYTES_OF_OTHER_FILES = 50_000
"""Scores, tables, figures and provenance of a job."""

SECONDS_PER_JOB = 0.15
"""What Snakemake itself spends on a job, one after another in its main process."""

REMOTE_SECONDS_PER_JOB = 8.0
"""What a job in a queue costs beside its own process, since Snakemake starts there twice. Waiting comes on top."""


def seconds_per_unit(kind: str, multiply_adds: int, gpu: bool) -> float:
    """Return the assumed seconds per unit of "training" (sample passes), "margins" (evaluations) or "scoring"."""
    if kind == "scoring":
        return SECONDS_PER_MARGIN
    base, rate = (
        (GPU_SECONDS_PER_PASS, GPU_MULTIPLY_ADDS_PER_SECOND)
        if gpu
        else (CPU_SECONDS_PER_PASS, CPU_MULTIPLY_ADDS_PER_SECOND)
    )
    passes = 3 if kind == "training" else 1
    return base + passes * multiply_adds / rate
