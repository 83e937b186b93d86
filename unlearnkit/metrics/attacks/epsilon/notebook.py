"""The score of a re-implementation of the challenge (github.com/AlbinSou/unlearning-challenge-metric), as published.

Its defects are part of it: what is perfectly distinguished (an infinite epsilon), or has one rate of 0, is left out of
the mean, and an epsilon of -0.5 or less scores more than 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.epsilon.logistic_rule import linear_rule
from unlearnkit.metrics.attacks.epsilon.rates import (
    BUCKET,
    bucket_score,
    epsilon_from_rates,
    largest_epsilon,
    last_bucket_ends,
    widened_epsilon,
)
from unlearnkit.metrics.attacks.epsilon.rules import Array, Sides

ATTACKS = ("logistic",)
DELTA = 1e-6


class UndefinedScoreWarning(RuntimeWarning):
    """The published implementation gives NaN, since it leaves out every example; corrected scores stand in for it."""


class Scored(NamedTuple):
    """Of every sample the `epsilon` (mean of both folds), the published `score`, and whether it is `valid`, [samples].

    A sample that is left out of the published mean has the mean of the others, so the mean over all is the published.
    """

    epsilon: Array
    score: Array
    valid: NDArray[np.bool_]


def notebook(sides: Sides) -> Scored:
    """Return the published score of every sample, for N models on either side.

    Logistic regression on the value as it is, without scaling, fitted on one half of the models and tested on the
    other, then the reverse (two stratified folds, unshuffled); delta = 1e-6. Each fold scores 2 / 2^(k + 1), k =
    epsilon / 0.5 truncated towards zero; a fold with a rate of 0 is left out. `epsilon` counts a negative one as 0 and
    an infinite one as the end of the last bucket. If all are left out, scores are corrected (infinite: 0; one rate of
    0: that of one error), with an UndefinedScoreWarning.
    """
    folds = [_fold(fit, tested) for fit, tested in _folds(sides)]
    epsilon, signed, corrected = (np.stack(parts) for parts in zip(*folds, strict=True))
    left_out = ~np.isfinite(signed)
    scores = np.exp2(-np.trunc(np.where(left_out, 0, signed) / BUCKET))
    counted = (~left_out).sum(axis=0)
    valid = counted > 0
    if not valid.any():
        _warn_undefined(len(valid))
        return Scored(epsilon.mean(axis=0), corrected.mean(axis=0), valid)
    means = np.where(left_out, 0, scores).sum(axis=0) / np.maximum(counted, 1)
    return Scored(epsilon.mean(axis=0), np.where(valid, means, means[valid].mean()), valid)


def _folds(sides: Sides) -> Iterator[tuple[Sides, Sides]]:
    """Yield the models to fit and to test on; of an odd number the middle one of the oracles is tested first."""
    first = [(len(sides.unlearned) + 1) // 2, len(sides.oracle) // 2]
    halves = [Sides(*(side[:n] for side, n in zip(sides, first, strict=True)))]
    halves.append(Sides(*(side[n:] for side, n in zip(sides, first, strict=True))))
    yield halves[1], halves[0]
    yield halves[0], halves[1]


def _fold(fit: Sides, tested: Sides) -> tuple[Array, Array, Array]:
    """Epsilon in [0, end of buckets], the published epsilon (not finite where left out), and the corrected score."""
    positives, negatives = linear_rule(fit).errors(tested)
    oracles, unlearned = tested.sizes
    fpr, fnr = positives / oracles, negatives / unlearned
    signed = epsilon_from_rates(fpr, fnr, delta=DELTA, signed=True)
    end = last_bucket_ends(largest_epsilon(oracles=oracles, unlearned=unlearned, delta=DELTA))
    widened = widened_epsilon(fpr, fnr, oracles=oracles, unlearned=unlearned, delta=DELTA)
    epsilon = np.clip(np.where(np.isnan(signed), widened, signed), 0, end)
    return epsilon, signed, bucket_score(epsilon, end=end)


def _warn_undefined(samples: int) -> None:
    warnings.warn(
        f'compat="notebook": the published implementation gives NaN, since it leaves out all {samples} forget samples '
        "(a rate of 0 in both folds); their scores are the corrected ones",
        UndefinedScoreWarning,
        stacklevel=4,
    )
