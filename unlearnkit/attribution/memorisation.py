"""Memorisation of training samples, from models that were trained on random subsets (Feldman and Zhang 2020).

    mem(i) = Pr[argmax z(x_i) = y_i | i in S] - Pr[argmax z(x_i) = y_i | i not in S]   (arXiv 2008.03703, equation 1)

each probability as the frequency over models: an estimate in [-1, 1] whose standard error is at most
1/2 sqrt(1 / n_in + 1 / n_out) for n_in models with the sample and n_out without it. Of equal logits the first class is
predicted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Memorisation:
    """An estimate, float32 [training samples], and how many models it counts and leaves out as failed.

    It is NaN for a sample that all of them, or none, were trained on.
    """

    scores: npt.NDArray[np.float32]
    models: int
    failed: int


def memorisation(shards: Iterable[tuple[Iterable[Floats], Bools]], labels: npt.NDArray[np.integer]) -> Memorisation:
    """Return the memorisation of training samples with `labels` [n].

    Every shard of models has the logits [models, n] of one class after the other, and `included` [models, n], which
    says what each model was trained on. A model with a logit that is not finite has failed, and is not counted.
    """
    counts = np.zeros((2, 2, len(labels)), np.int64)  # trained on it, then correct
    models = failed = 0
    for logits, included in shards:
        correct, sound = predictions_correct(logits, labels)
        models, failed = models + int(sound.sum()), failed + int((~sound).sum())
        for trained in (0, 1):
            inside = included[sound] == bool(trained)
            counts[trained] += (inside & ~correct[sound]).sum(axis=0), (inside & correct[sound]).sum(axis=0)
    with np.errstate(invalid="ignore"):
        frequency = counts[:, 1] / counts.sum(axis=1)
    return Memorisation((frequency[1] - frequency[0]).astype(np.float32), models, failed)


def predictions_correct(logits: Iterable[Floats], labels: npt.NDArray[np.integer]) -> tuple[Bools, Bools]:
    """Return whether the largest logit is that of the label, [models, n], and which models have finite logits only.

    `logits` [models, n] come by class.
    """
    by_class = iter(logits)
    largest = next(by_class).copy()
    predicted, finite = np.zeros(largest.shape, np.int64), np.isfinite(largest)
    for label, logit in enumerate(by_class, start=1):
        predicted[logit > largest] = label
        np.maximum(largest, logit, out=largest)
        finite &= np.isfinite(logit)
    return np.equal(predicted, labels), np.asarray(finite.all(axis=1))
