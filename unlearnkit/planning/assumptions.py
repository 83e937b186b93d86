"""What a plan assumes where nothing was measured, and what records do not hold (docs/planning.md)."""

from __future__ import annotations

from unlearnkit.facts.passes import FORWARD_PASS

CPU_STEP, CPU_SAMPLE, CPU_MULTIPLY_ADDS_PER_SECOND = 2.5e-5, 5e-7, 6e10
"""A sample pass on a CPU takes the first / models in a stack + the second + 3 x the model's multiply-adds / the third.

Measured: the perceptron of the digits in stacks of 100, small convolutional networks, ResNet-9 in float32; one thread.
"""

GPU_STEP, GPU_SAMPLE, GPU_MULTIPLY_ADDS_PER_SECOND = 1.5e-5, 1e-7, 1.5e14
"""The same on a GPU, not measured: starting the kernels of a step of 256 images, and a third of an H200's peak."""

LARGEST_RATIO = 30
"""Multiply-adds of two models, above which the time of one does not show that of the other: small ones mostly wait."""

SECONDS_PER_MARGIN = 7e-7
"""Scoring: reading a margin and using it."""

LEARNING_START, OTHER_START = 2.0, 1.0
"""Seconds of a job beside its work: one that imports torch, and any other."""

BYTES_PER_SECOND = 2.5e8
"""Reading, hashing and writing what a job makes beyond what the jobs of the records made."""

DOWNLOAD_BYTES_PER_SECOND = 1e7
"""Fetching from the hub, over a line of 80 Mbit/s; not measured."""

BYTES_PER_MARGIN = 4.0
"""A margin and whether its label came first, compressed."""

VALUES_OF_SEQUENCE = 4
"""Mean and smallest margin, loss, and share of right tokens, where an image has one margin."""

BYTES_OF_OTHER_FILES = 50_000
"""Scores, tables, figures and provenance of a job."""

SECONDS_PER_JOB = 0.15
"""What Snakemake itself spends on a job, one after another in its main process."""

REMOTE_SECONDS_PER_JOB = 8.0
"""What a job in a queue costs beside its own process, since Snakemake starts there twice. Waiting comes on top."""


def seconds_per_unit(kind: str, multiply_adds: int, stack_size: int, *, gpu: bool) -> float:
    """Return the assumed seconds per unit of "training" (sample passes), "scoring", or an observation (evaluations)."""
    if kind == "scoring":
        return SECONDS_PER_MARGIN
    step, sample, rate = (
        (GPU_STEP, GPU_SAMPLE, GPU_MULTIPLY_ADDS_PER_SECOND)
        if gpu
        else (CPU_STEP, CPU_SAMPLE, CPU_MULTIPLY_ADDS_PER_SECOND)
    )
    seconds = step / stack_size + sample + 3 * multiply_adds / rate
    return seconds if kind == "training" else FORWARD_PASS * seconds
