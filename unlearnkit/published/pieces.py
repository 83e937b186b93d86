"""Margins of published models, from the pieces that a layout names, in the order of our samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.torch_files import read_torch_file
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.facts.layouts.pieces import Piece
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.published.integrity import require_accurate, require_models, require_values
from unlearnkit.published.pool import Pool

Indices = NDArray[np.int64]


def margins_of(
    pool: Pool, models: range, labels: NDArray[np.int64], train_size: int, forget: Indices, classes: int, role: str
) -> tuple[NDArray[np.float32], NDArray[np.floating]]:
    """Return the margins of published models, and whether the label is the first choice, both [models, samples].

    `labels` [samples] are those of the training and then of the validation samples, `forget` are the indices of the
    forget set in the publisher's order, none for originals; `role` is "original" or "oracle". The second array is NaN
    where margins alone leave it open. Raises DataError as `require_values` does.
    """
    kind = pool.stated["evaluated"]
    pieces = getattr(pool.layout, kind)(pool.names, pool.number, models)
    shape = (classes,) if kind == "logits" else ()
    values = _in_order(pool, pieces, models, (train_size, len(labels) - train_size), forget, shape, role)
    if kind == "margins":
        return values.astype(np.float32), known_correct(values, classes)
    correct = values.argmax(axis=-1) == labels
    if role == "original":
        require_accurate(correct[:, :train_size], classes, pool.place)
    return margins_from_logits(values.astype(np.float64), labels).astype(np.float32), correct.astype(np.float32)


def known_correct(margins: NDArray[np.floating], classes: int) -> NDArray[np.float32]:
    """Return whether the label is the first choice as far as a margin decides it: 1, 0, or NaN where it does not.

        margin > 0 <=> p > 1/2, so it is;    margin < -log(classes - 1) <=> p < 1/classes, so it is not

    `margins` in nats, any shape, which is kept.
    """
    least = -np.log(classes - 1)
    return np.where(margins > 0, 1.0, np.where(margins < least, 0.0, np.nan)).astype(np.float32)


def read_values(pool: Pool, path: str, file: Path) -> NDArray:
    """Return the array in a fetched `file` of numpy.save or torch.save, `path` in the pool.

    Raises DataError, naming path, repository and commit, for anything else.
    """
    name = pool.named(path)
    try:
        found = read_array(file) if path.endswith(".npy") else read_torch_file(file)
    except ArtifactError as error:
        # not the name that the file has in the client's cache
        raise DataError(error.fact.replace(str(file), name), expected=error.expected) from None
    if not isinstance(found, np.ndarray):
        raise DataError(f"{name} holds {type(found).__name__}", expected="one array of numpy.save or torch.save")
    return found


def _in_order(
    pool: Pool,
    pieces: Sequence[Piece],
    models: range,
    sizes: tuple[int, int],
    forget: Indices,
    shape: tuple[int, ...],
    role: str,
) -> NDArray[np.floating]:
    """Return what pieces hold [models, samples, ...], training samples first."""
    counts = {
        "train": sizes[0],
        "retain": sizes[0] - len(forget),
        "forget": len(forget),
        "validation": sizes[1],
    }
    parts: dict[str, list[NDArray]] = defaultdict(list)
    files = pool.fetch_all({piece.path: _described(piece, models) for piece in pieces})
    for piece in pieces:
        title = pool.named(piece.path)
        array = read_values(pool, piece.path, files[piece.path])
        missing = len(forget) if piece.rows == "train" else 0
        if piece.model is None:
            require_models(array, title, models[-1], role)
            array = array[models.start : models.stop]
            require_values(array, title, (len(models), counts[piece.rows], *shape), "models and samples", missing)
            parts[piece.rows] = [array]
        else:
            require_values(array, title, (counts[piece.rows], *shape), "samples", missing)
            parts[piece.rows].append(array[None])
    whole = {rows: np.concatenate(arrays) for rows, arrays in parts.items()}
    train = whole["train"] if "train" in whole else _joined(pool, whole, sizes[0], forget)
    return np.concatenate([train, whole["validation"]], axis=1)


def _described(piece: Piece, models: range) -> str:
    return f"{models[0]} to {models[-1]}" if piece.model is None else str(piece.model)


def _joined(pool: Pool, whole: Mapping[str, NDArray], train_size: int, forget: Indices) -> NDArray:
    """Return retained and forget samples as one array of the training samples, retained ones in ascending order."""
    retained, kept = whole["retain"], np.setdiff1d(np.arange(train_size), forget)
    train = np.empty((len(retained), train_size, *retained.shape[2:]), retained.dtype)
    train[:, kept], train[:, _forget_order(pool, train_size, forget)] = retained, whole["forget"]
    return train


def _forget_order(pool: Pool, train_size: int, forget: Indices) -> Indices:
    """Return the indices of the forget set in the order of its columns, which those of an original show.

    They are those of the file or ascending. Raises DataError if neither gives the values of all training samples.
    """
    files = pool.fetch_all({piece.path: "0" for piece in pool.layout.order(pool.names, pool.number)})
    if not files:
        return forget
    arrays = [read_values(pool, path, file) for path, file in files.items()]
    everything, columns = arrays
    require_values(everything, "margins of original 0", (train_size,), "all training samples", len(forget))
    require_values(columns, f"margins of original 0 on forget set {pool.number}", (len(forget),), "the forget set")
    for order in (forget, np.sort(forget)):
        if np.allclose(everything[order], columns, rtol=1e-3, atol=1e-3):
            return order
    raise DataError(
        f"the margins of original 0 of {pool.place} on forget set {pool.number} are not those that it has on the same "
        "samples among all training samples",
        expected="the samples of the index file, in its order or in ascending order",
        remedy="train these oracles here, since it is not known which sample is which",
    )
