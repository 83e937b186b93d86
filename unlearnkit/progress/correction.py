"""What finished jobs say about the predicted seconds of the others, and how uncertain these remain.

The logarithm of taken / predicted seconds of a job of stage s is m + d(s) + e: m is common to the run (a busy machine),
d(s) to the jobs of a stage, e is a job's own. All three are normal with mean 0; the standard deviation of d(s) follows
from what the prediction rests on, that of e is learned from the jobs of this run. The mean and the covariance of
m + d(s), given the jobs that have finished, are those of Bayesian linear regression with known variances (Bishop 2006,
equations 3.53 and 3.54).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from unlearnkit.planning.basis import Basis

RUN, JOB = 0.3, 0.25
"""Standard deviations of m and, before any job has finished, of e: other users of the machine, and a job's own."""
WORTH = 4.0
"""How many finished jobs the second of them counts as."""
STAGE = {Basis.MEASURED: 0.1, Basis.SETTINGS: 0.3, Basis.KINDS: 0.5, Basis.MODELS: 0.7, Basis.ASSUMED: 0.9}
"""Standard deviation of d(s) by what the predicted seconds of a stage rest on."""


@dataclass(frozen=True)
class Corrections:
    """Stage -> expected log(taken / predicted); the covariance of these [stages, stages]; the deviation of e."""

    means: Mapping[str, float]
    covariance: np.ndarray
    job: float


def corrections(bases: Mapping[str, Basis], observed: Mapping[str, Sequence[float]]) -> Corrections:
    """Return what the finished jobs of a run say about every stage of `bases`.

    `observed` maps stages to the log ratios of their finished jobs. The variance of e is the mean of the squared
    deviations from the stages' means and of JOB^2, which counts as WORTH jobs.
    """
    job = _deviation_of_jobs(observed)
    # the unknowns are m and every d(s); a row of `sums` adds up those of a stage
    sums = np.hstack([np.ones((len(bases), 1)), np.eye(len(bases))])
    counts = np.array([len(observed.get(stage, ())) for stage in bases])
    totals = np.array([sum(observed.get(stage, ())) for stage in bases])
    prior = np.diag([RUN**-2, *(STAGE[basis] ** -2 for basis in bases.values())])
    covariance = np.linalg.inv(prior + sums.T @ np.diag(counts / job**2) @ sums)
    means = sums @ (covariance @ (sums.T @ (totals / job**2)))
    return Corrections(dict(zip(bases, means.tolist(), strict=True)), sums @ covariance @ sums.T, job)


def _deviation_of_jobs(observed: Mapping[str, Sequence[float]]) -> float:
    squares = sum((ratio - fmean(ratios)) ** 2 for ratios in observed.values() for ratio in ratios)
    freedom = sum(len(ratios) - 1 for ratios in observed.values() if ratios)
    return math.sqrt((WORTH * JOB**2 + squares) / (WORTH + freedom))
