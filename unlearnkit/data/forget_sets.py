"""Forget sets: index arrays into the training split, made, checked and turned into row labels.

Index arrays are int64 and sorted, apart from those of files, which keep the file's order. No function cuts an index
array short: the published code did, and then unlearned only a part of the larger sets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from unlearnkit.config.forget_sets import images as config
from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.named_rows import rows_in_file
from unlearnkit.errors import DataError
from unlearnkit.facts import easydub

Indices = npt.NDArray[np.int64]


def random_forget_set(train_size: int, size: int, seed: int) -> Indices:
    """Return `size` of 0..train_size-1, drawn uniformly without replacement by NumPy's legacy generator.

    For 50,000 samples, sizes 10, 100, 1000 and seeds 0, 1, 2 are EasyDUB's CIFAR-10 sets 1, 2, 3. Raises DataError if
    `size` does not lie in 1..train_size.
    """
    return _drawn(np.arange(train_size), size, seed, "the training set")


def class_forget_set(labels: npt.NDArray[np.int64], label: int, size: int | None = None, seed: int = 0) -> Indices:
    """Return the training samples of one class, or `size` of them drawn uniformly without replacement.

    `labels` are those of the training split, int64 [train_size]. Raises DataError if the class has no or fewer samples.
    """
    members = _members(labels, label)
    return members if size is None else _drawn(members, size, seed, f"class {label}")


def subpopulation_forget_set(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    label: int,
    clusters: int = 3,
    pick: Literal["smallest", "largest"] | int = "smallest",
    seed: int = 0,
) -> Indices:
    """Return one cluster of one class: k-means on the raw pixels of the class, 10 starts.

    `images` [train_size, channels, height, width] and `labels` [train_size] are those of the training split. `pick`
    is "smallest", "largest" or the rank of the cluster by size (0 the smallest, ties by first member). Raises
    DataError if the class has fewer samples than clusters or the rank does not exist.
    """
    members = _members(labels, label)
    if len(members) < clusters:
        raise _size_error(f"{clusters} clusters are requested", f"class {label}", len(members))
    assigned = _cluster(images[members], clusters, seed)
    by_size = sorted(
        (members[assigned == cluster] for cluster in range(clusters)), key=lambda c: (len(c), c[:1].tolist())
    )
    ranks: dict[str | int, int] = {"smallest": 0, "largest": clusters - 1, **{rank: rank for rank in range(clusters)}}
    if pick not in ranks:
        raise DataError(
            f"pick is {pick!r}",
            expected=f"'smallest', 'largest' or a rank 0..{clusters - 1}",
            remedy="correct the forget set",
        )
    return by_size[ranks[pick]]


def score_forget_set(scores: npt.NDArray[np.floating], top: int = 0, bottom: int = 0) -> Indices:
    """Return the `top` samples with the highest and the `bottom` samples with the lowest score.

    `scores` [train_size], one per training sample; among equal scores the lower index wins. The bottom samples are
    taken from those that the top left over, so that the sets never overlap. Raises DataError for NaN scores and if
    fewer than `top` + `bottom` samples exist.
    """
    scores = np.asarray(scores, np.float64)
    if np.isnan(scores).any():
        raise DataError(
            f"the score of sample {np.flatnonzero(np.isnan(scores))[0]} is NaN ({np.isnan(scores).sum()} in all)",
            expected="a number for every training sample",
            remedy="compute the scores again",
        )
    if not 1 <= top + bottom <= len(scores) or min(top, bottom) < 0:
        raise _size_error(f"top {top} and bottom {bottom} samples are requested", "the score file", len(scores))
    highest = np.argsort(-scores, kind="stable")[:top]
    others = np.setdiff1d(np.arange(len(scores)), highest)
    lowest = others[np.argsort(scores[others], kind="stable")[:bottom]]
    return np.sort(np.concatenate([highest, lowest]))


def neighbour_forget_set(embeddings: npt.NDArray[np.floating], size: int, index: int | None, seed: int) -> Indices:
    """Return a training sample and the `size` - 1 others with the largest cosine to it, ascending.

    `embeddings` [train_size, dimension] have length 1. The sample is `index`; if that is None, one drawn by NumPy's
    legacy generator. Among equal cosines the lower index wins. Raises DataError if there are fewer samples.
    """
    if not 1 <= size <= len(embeddings):
        raise _size_error(f"{size} samples are requested", "the training set", len(embeddings))
    centre = int(np.random.RandomState(seed).randint(len(embeddings))) if index is None else index
    cosines = embeddings @ embeddings[centre]
    cosines[centre] = np.inf  # a copy of the image with a lower index must not displace it
    return np.sort(np.argsort(-cosines, kind="stable")[:size])


def easydub_forget_set(settings: config.EasyDubForgetSet) -> Indices:
    """Return a published forget set in the published order; raises DataError if its file is missing or different."""
    size, sha256, seed = easydub.SETS[settings.name]
    file = easydub.published_file(settings.folder, settings.name)
    if file is None:
        # the publisher's positions are those in the 50,000 training images of CIFAR-10
        indices = random_forget_set(50_000, size, seed or 0)
    elif Path(file).is_file():
        indices = file_forget_set(Path(file))
    else:
        raise DataError(
            f"'{file}' is missing",
            expected=f"EasyDUB's forget set {settings.name}",
            remedy=f"copy {easydub.SOURCE} to '{settings.folder}', or name the folder that holds it as `folder`",
        )
    if hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest() != sha256:
        raise DataError(
            f"'{file}' holds {len(indices)} indices that are not those of EasyDUB's forget set {settings.name}",
            expected=f"{size} indices with the published checksum",
            remedy=f"copy it again from {easydub.SOURCE}",
        )
    return indices


def make_forget_set(
    settings: config.ForgetSet, image_set: ImageSet, chosen_by: npt.NDArray[np.floating] | None = None
) -> Indices:
    """Return the indices of a configured forget set; `check_forget_set` judges them.

    `chosen_by` holds what some kinds need beside the data: scores on principal components [train_size, components], or
    embeddings [train_size, dimension]. Raises DataError if the data set cannot supply it or its file is missing or
    damaged.
    """
    train_size, labels = image_set.train_size, image_set.train_labels
    match settings:
        case config.RandomForgetSet():
            return random_forget_set(train_size, settings.size, settings.seed)
        case config.ClassForgetSet():
            return class_forget_set(labels, _number(settings.label, image_set), settings.size, settings.seed)
        case config.SubpopulationForgetSet(label=label, clusters=clusters, pick=pick, seed=seed):
            number = _number(label, image_set)
            return subpopulation_forget_set(image_set.train_images, labels, number, clusters, pick, seed)
        case config.ScoreForgetSet():
            scores = read_scores(Path(settings.file))
            _check_one_score_per_sample(settings, len(scores), train_size)
            return score_forget_set(scores, settings.top, settings.bottom)
        case config.PrincipalComponentForgetSet():
            assert chosen_by is not None
            return score_forget_set(_component(chosen_by, settings), settings.top, settings.bottom)
        case config.ClipNeighboursForgetSet():
            assert chosen_by is not None
            return neighbour_forget_set(chosen_by, settings.size, settings.index, settings.seed)
        case config.ImageFileForgetSet():
            return rows_in_file(settings, image_set)
        case config.EasyDubForgetSet():
            return easydub_forget_set(settings)


def check_forget_set(
    indices: npt.NDArray[np.integer],
    *,
    name: str,
    train_size: int,
    expected_size: int | None = None,
    disjoint_from: Mapping[str, npt.NDArray[np.integer]] | None = None,
) -> None:
    """Raise DataError, naming the forget set and the first offending indices, unless it is valid.

    A forget set is a one-dimensional array of integers in 0..train_size-1, without repetition, not empty and not the
    whole training set, of the expected size where one is stated, and without a sample of the forget sets in
    `disjoint_from` (name -> indices).
    """
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise _set_error(
            name, f"is {indices.dtype} of shape {list(indices.shape)}", "a one-dimensional array of integers"
        )
    if not 0 < len(indices) < train_size:
        raise _set_error(
            name, f"has {len(indices)} samples", f"1..{train_size - 1}: part of the {train_size} training samples"
        )
    outside = indices[(indices < 0) | (indices >= train_size)]
    if len(outside):
        raise _set_error(name, f"has {_listed(outside)} outside the training set", f"0..{train_size - 1}")
    values, counts = np.unique(indices, return_counts=True)
    if len(values) < len(indices):
        raise _set_error(name, f"repeats {_listed(values[counts > 1])}", "every index once")
    if expected_size is not None and len(indices) != expected_size:
        raise _set_error(name, f"has {len(indices)} samples", f"{expected_size}, the size stated in the configuration")
    for other, other_indices in (disjoint_from or {}).items():
        shared = np.intersect1d(indices, other_indices)
        if len(shared):
            raise _set_error(name, f"shares {_listed(shared)} with forget set '{other}'", "disjoint forget sets")


def split_labels(
    split: npt.NDArray[np.str_], sample_index: npt.NDArray[np.integer], forget_indices: Indices
) -> npt.NDArray[np.str_]:
    """Return the role of every row for an unlearner: training rows are "forget" or "retain", others keep their split.

    `split` [rows] holds "train", "validation" or "test", `sample_index` [rows] the position within it.
    """
    of_training = np.where(np.isin(sample_index, forget_indices), "forget", "retain")
    return np.where(split == "train", of_training, split)


def _number(label: int | str, image_set: ImageSet) -> int:
    """Return the number of a class, which the configuration knows to exist."""
    return image_set.class_names.index(label) if isinstance(label, str) else label


def _drawn(population: Indices, size: int, seed: int, whole: str) -> Indices:
    if not 1 <= size <= len(population):
        raise _size_error(f"{size} samples are requested", whole, len(population))
    return np.sort(np.random.RandomState(seed).choice(population, size, replace=False))


def _members(labels: npt.NDArray[np.int64], label: int) -> Indices:
    members = np.flatnonzero(labels == label)
    if not len(members):
        raise _size_error("samples are requested", f"class {label}", 0)
    return members


def _cluster(images: npt.NDArray[np.uint8], clusters: int, seed: int) -> npt.NDArray[np.integer]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    pixels = images.reshape(len(images), -1) / 255.0
    # one thread: the order of summation, and with it a sample on a border, would depend on the number of threads
    with threadpool_limits(limits=1):
        return KMeans(clusters, n_init=10, random_state=seed).fit_predict(pixels)  # pyright: ignore[reportArgumentType]


def _component(
    scores: npt.NDArray[np.floating], settings: config.PrincipalComponentForgetSet
) -> npt.NDArray[np.floating]:
    if settings.component > scores.shape[1]:
        raise DataError(
            f"component is {settings.component}, but attribution '{settings.attribution}' has {scores.shape[1]} "
            "principal components with variance",
            expected=f"at most {scores.shape[1]}",
            remedy="lower component, or give the attribution more models",
        )
    return scores[:, settings.component - 1]


def _check_one_score_per_sample(settings: config.ScoreForgetSet, scores: int, train_size: int) -> None:
    if scores != train_size:
        raise DataError(
            f"'{settings.file}' has {scores} scores",
            expected=f"{train_size}, one per training sample",
            remedy="make the file for this data set and training size",
        )


def _size_error(fact: str, whole: str, available: int) -> DataError:
    return DataError(f"{fact}, but {whole} has {available}", remedy="correct the forget set in the configuration")


def _set_error(name: str, fact: str, expected: str) -> DataError:
    return DataError(f"forget set '{name}' {fact}", expected=expected, remedy=f"correct forget_sets.{name} or its file")


def _listed(indices: npt.NDArray[np.integer]) -> str:
    first = ", ".join(str(index) for index in indices[:5])
    noun = "index" if len(indices) == 1 else "indices"
    return f"{noun} {first}" + (f" and {len(indices) - 5} more" if len(indices) > 5 else "")
