"""Is a published array what it should be? Type, shape and values, with the reason where one is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import DataError

OTHER_DATA = "name a repository, layout and data set that belong together, or train these models here"


def require_values(array: NDArray, path: str, shape: Sequence[int], meaning: str, forgotten: int = 0) -> None:
    """Raise DataError unless an array is floating, finite and of a shape, whose axes `meaning` names.

    `forgotten` is the size of the forget set where an array has all training samples: one that has so many fewer was
    made of the retained ones.
    """
    expected = f"floating numbers [{', '.join(map(str, shape))}], {meaning}"
    if not np.issubdtype(array.dtype, np.floating) or array.shape != tuple(shape):
        found = f"{path} holds {array.dtype} of shape {list(array.shape)}"
        samples = -1 if len(shape) == array.ndim and len(shape) < 3 else -2
        if array.ndim == len(shape) and forgotten and array.shape[samples] == shape[samples] - forgotten:
            found += (
                ": it was made of the retained samples alone, so the forget set is missing and samples do not align"
            )
        raise DataError(found, expected=expected, remedy=OTHER_DATA)
    if not np.isfinite(array).all():
        raise DataError(
            f"{path} holds {np.count_nonzero(~np.isfinite(array))} values that are NaN or infinite",
            expected=expected,
            remedy="such models failed; take fewer models (`models`), or train these models here",
        )


def require_models(array: NDArray, path: str, last: int, role: str) -> None:
    """Raise DataError unless an array [models, ...] has a row of the model `last`."""
    if array.ndim < 2 or len(array) <= last:
        rows = f"{len(array)} models" if array.ndim > 1 else f"an array of shape {list(array.shape)}"
        raise DataError(
            f"{path} holds {rows}, and model {last} is asked for",
            expected=f"a row for each of {last + 1} models",
            remedy=f"set {role}s.models to {len(array)} or fewer, whole shards, and further ones are trained here; or "
            "lower num_models",
        )


def require_indices(indices: NDArray, path: str, train_size: int, ours: NDArray[np.integer], name: str) -> None:
    """Raise DataError unless published indices are those of a forget set here, in any order.

    `ours` are the indices of the forget set `name`, `train_size` is the number of training samples.
    """
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer) or not indices.size:
        raise DataError(f"{path} holds {indices.dtype} of shape {list(indices.shape)}", expected="indices [samples]")
    if indices.min() < 0 or indices.max() >= train_size or len(np.unique(indices)) < len(indices):
        raise DataError(
            f"{path} holds indices {indices.min()} to {indices.max()}, {len(indices)} of which "
            f"{len(np.unique(indices))} differ",
            expected=f"every index once, in 0..{train_size - 1}",
            remedy=OTHER_DATA,
        )
    if not np.array_equal(np.sort(indices), np.sort(ours)):
        shared = len(np.intersect1d(indices, ours))
        raise DataError(
            f"{path} has {len(indices)} samples, and forget set '{name}' has {len(ours)}; {shared} are in both",
            expected="the samples that the published oracles were trained without, all of them",
            remedy=f"correct forget_sets.{name}, or oracles.forget_sets, which says what its number is",
        )


def require_accurate(correct: NDArray[np.bool_], classes: int, place: str) -> None:
    """Raise DataError unless models are right on more training samples than chance explains.

    correct [models, samples] of originals: at chance, logits are of other samples than the labels.
    """
    share, chance = float(correct.mean()), 1 / classes
    if share <= chance + 5 * np.sqrt(chance * (1 - chance) / correct.shape[1]):
        raise DataError(
            f"the logits of {place} are right on {share:.1%} of the training samples, which is chance for {classes} "
            "classes",
            expected="logits of the training samples of this data set, in the publisher's order",
            remedy=OTHER_DATA,
        )
