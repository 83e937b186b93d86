"""Forget sets that are chosen by a measure of every training sample: memorisation, or nearness to the retain set.

Index arrays are int64 and sorted, as those of `unlearnkit.data.forget_sets`, whose checks they pass as well.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from unlearnkit.config.forget_sets.measured import MeasuredForgetSet, MemorisedForgetSet, OverlapForgetSet
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import DataError

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

ROWS_AT_ONCE = 1000
"""Samples whose cosines with all others are in memory at a time."""


def make_measured_forget_set(settings: MeasuredForgetSet, image_set: ImageSet, measured: Floats | None) -> Indices:
    """Return the indices of a configured forget set.

    `measured` is the memorisation [train_size], or embeddings [train_size, dimension] of length 1 where CLIP is asked
    for. Raises DataError if the data set cannot supply the set.
    """
    match settings:
        case MemorisedForgetSet():
            assert measured is not None
            return memorised_forget_set(measured, settings.size, settings.pick)
        case OverlapForgetSet():
            vectors = pixel_vectors(image_set.train_images) if measured is None else measured
            return overlap_forget_set(vectors, settings.size, settings.neighbours, settings.pick)


def memorised_forget_set(
    memorisation: Floats, size: int, pick: Literal["highest", "medium", "lowest"] = "highest"
) -> Indices:
    """Return the `size` samples of highest or lowest memorisation, or nearest to 1/2; of equals the lower index wins.

    `memorisation` [train_size] lies in [-1, 1]. Raises DataError if it is NaN for a sample, or if there are fewer.
    """
    if (unknown := np.isnan(memorisation)).any():
        raise DataError(
            f"the memorisation of {unknown.sum()} training samples is unknown, that of sample "
            f"{np.flatnonzero(unknown)[0]} first: all models, or none, were trained on them",
            expected="models with and without every sample",
            remedy="raise attributions.<name>.models",
        )
    _refuse_more(size, len(memorisation))
    distance = {"highest": -memorisation, "medium": np.abs(memorisation - 0.5), "lowest": memorisation}[pick]
    return np.sort(np.argsort(distance, kind="stable")[:size])


def overlap_forget_set(
    vectors: Floats, size: int, neighbours: int, pick: Literal["highest", "lowest"] = "highest"
) -> Indices:
    """Return `size` samples with the largest or smallest mean cosine with their nearest retained samples.

    `vectors` [train_size, dimension] have length 1. Samples are taken in the order of their mean cosine with their
    `neighbours` nearest other samples, of equals the lower index first. One that is among the nearest of a chosen one,
    or has a chosen one among its nearest, is passed over: so the nearest of all that are chosen are in the retain set.
    Raises DataError if fewer than `size` are left, or if there are no more than `neighbours` samples.
    """
    _refuse_more(max(size, neighbours + 1), len(vectors))
    nearest, overlap = nearest_others(vectors, neighbours)
    chosen: list[int] = []
    is_chosen, is_needed = np.zeros(len(vectors), bool), np.zeros(len(vectors), bool)
    for sample in np.argsort(-overlap if pick == "highest" else overlap, kind="stable"):
        if is_needed[sample] or is_chosen[nearest[sample]].any():
            continue
        chosen.append(int(sample))
        is_chosen[sample], is_needed[nearest[sample]] = True, True
        if len(chosen) == size:
            return np.sort(np.array(chosen, np.int64))
    raise DataError(
        f"{size} samples are requested, but only {len(chosen)} can be chosen so that the {neighbours} samples nearest "
        "to each are retained",
        remedy="lower size or neighbours",
    )


def nearest_others(vectors: Floats, count: int) -> tuple[Indices, Floats]:
    """Return the `count` other samples with the largest cosine with each, [n, count], and the mean of these, [n].

    `vectors` [n, dimension] have length 1. Among equal cosines the lower index wins.
    """
    nearest, means = [], []
    # one thread: the order of summation, and with it the choice between nearly equal cosines, depends on their number
    with threadpool_limits(limits=1):
        for first in range(0, len(vectors), ROWS_AT_ONCE):
            cosines = vectors[first : first + ROWS_AT_ONCE] @ vectors.T
            diagonal = np.arange(len(cosines))
            cosines[diagonal, first + diagonal] = -np.inf
            least = np.partition(cosines, -count, axis=1)[:, -count]
            order = np.stack([_largest(row, at_least, count) for row, at_least in zip(cosines, least, strict=True)])
            nearest.append(order)
            means.append(np.take_along_axis(cosines, order, axis=1).mean(axis=1))
    return np.concatenate(nearest), np.concatenate(means)


def _largest(values: Floats, least: float, count: int) -> Indices:
    """Return the places of the `count` largest values, none below `least`, falling; of equals the lower comes first."""
    places = np.flatnonzero(values >= least)
    return places[np.argsort(-values[places], kind="stable")[:count]]


def pixel_vectors(images: npt.NDArray[np.uint8]) -> Floats:
    """Return images [n, C, H, W] less their mean, as vectors [n, C H W] of length 1; the mean image itself stays 0."""
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    pixels -= pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
    lengths = np.linalg.norm(pixels, axis=1, keepdims=True)
    return pixels / np.where(lengths > 0, lengths, 1)


def _refuse_more(asked: int, available: int) -> None:
    if asked > available:
        raise DataError(
            f"{asked} samples are requested, but the training set has {available}",
            remedy="correct the forget set in the configuration",
        )
