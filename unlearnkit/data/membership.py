"""Membership: who is trained on what and forgets what, drawn at random or read from a file of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from unlearnkit.artifacts.membership import Membership
from unlearnkit.artifacts.store import parse_npy
from unlearnkit.data.subset import order, seeded
from unlearnkit.errors import DataError

HEADER = 4096
"""Bytes that the header of a .npy takes at most."""


def membership_of(settings: Mapping[str, Any], model_indices: range, train_size: int) -> Membership:
    """Return the membership of some models that a rule's configuration slice describes.

    Raises DataError if it is to be read from a file that does not hold it.
    """
    if settings["kind"] == "file":
        whole = file_membership(Path(settings["file"]), settings["models"], train_size)
        return whole.take_models(slice(model_indices.start, model_indices.stop))
    seed, role = settings["seed"], settings["role"]
    return random_membership(seed, role, model_indices, train_size, settings["fraction"], settings["forget"])


def random_membership(
    base_seed: int, role: str, model_indices: Sequence[int], train_size: int, fraction: float, forget: int = 0
) -> Membership:
    """Return a membership in which every model has floor(fraction * train_size) samples and forgets `forget` of them.

    Both are drawn uniformly without replacement, from generators of their own, seeded by (base seed, role, index).
    """
    size = int(fraction * train_size)
    member, forgotten = np.zeros((2, len(model_indices), train_size), dtype=bool)
    parts = seeded(base_seed, role, model_indices, "subset")
    forgets = seeded(base_seed, role, model_indices, "forgotten")
    for number, (part, generator) in enumerate(zip(parts, forgets, strict=True)):
        subset = order(train_size, part)[:size]
        member[number, subset] = True
        forgotten[number, subset[order(size, generator)[:forget]]] = True
    return Membership(member, forgotten)


def file_membership(path: Path, models: int, train_size: int) -> Membership:
    """Return the membership in a file, bool [models, train_size].

    .npy: who is trained on what, and nobody forgets anything; .npz: the arrays `member` and `forgotten`. Raises
    DataError, naming the file, for anything else, and for a model that is trained on nothing or keeps nothing.
    """
    wanted = f"boolean values [{models} models, {train_size} training samples]"
    try:
        most = models * train_size + HEADER
        member, forgotten = _read_npz(path, most) if path.suffix == ".npz" else (_read_npy(path), None)
    # ValueError covers damaged and pickled arrays, BadZipFile what is no .npz, KeyError one that lacks an array
    except (OSError, EOFError, ValueError, BadZipFile, KeyError) as error:
        expected = f"{wanted}: .npy, or .npz with `member` and `forgotten`"
        raise _error(path, f"cannot be read ({error})", expected) from None
    membership = Membership(member, np.zeros_like(member) if forgotten is None else forgotten)
    if problem := membership.problem():
        raise _error(path, f"does not hold a membership: {problem[0]}", problem[1])
    if member.shape != (models, train_size):
        raise _error(path, f"holds values of shape {list(member.shape)}", wanted)
    if (empty := np.flatnonzero((member & ~membership.forgotten).sum(1) == 0)).size:
        raise _error(path, f"leaves model {empty[0]} no sample", "at least one that it is trained on and keeps")
    if forgotten is not None and (idle := np.flatnonzero(forgotten.sum(1) == 0)).size:
        raise _error(path, f"gives model {idle[0]} nothing to forget", "a sample in every row of `forgotten`")
    return membership


def _read_npy(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return parse_npy(file)


def _read_npz(path: Path, most: int) -> list[np.ndarray]:
    """Return `member` and `forgotten`; raises ValueError for an array of more than `most` bytes, before it is read."""
    found = []
    with ZipFile(path) as archive:
        for name in ("member.npy", "forgotten.npy"):
            if (size := archive.getinfo(name).file_size) > most:
                raise ValueError(f"{name} has {size} bytes")
            found.append(parse_npy(BytesIO(archive.read(name))))
    return found


def _error(path: Path, problem: str, expected: str) -> DataError:
    return DataError(f"'{path}' {problem}", expected=expected, remedy="correct the file or the `file` key of the pool")
