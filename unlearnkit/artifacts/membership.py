"""Membership of the models of one shard: who is trained on which sample, and who is to forget which of them.

Two boolean matrices, `member` and `forgotten` [models, training samples], packed to one bit per entry, and their sizes
in the header. A forget set is the case in which all models have the same: originals are trained on every sample, their
unlearned models forget the forget set, oracles are trained without it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.errors import ArtifactError, repair
from unlearnkit.layout import shard_indices

Bools = npt.NDArray[np.bool_]

_MATRICES = ("member", "forgotten")


@dataclass(frozen=True, eq=False)
class Membership:
    """Who is trained on what, and who forgets what: `member` and `forgotten`, bool [models, training samples] each.

    A model forgets only what it was trained on: `problem` names an entry of `forgotten` that is none of `member`.
    """

    member: Bools
    forgotten: Bools

    def problem(self) -> tuple[str, str] | None:
        """Return what is wrong with the matrices and what was expected; None if nothing is."""
        for name, matrix in zip(_MATRICES, (self.member, self.forgotten), strict=True):
            if matrix.dtype != bool or matrix.ndim != 2 or matrix.shape != self.member.shape:
                wanted = list(self.member.shape) if self.member.ndim == 2 else "[models, training samples]"
                return f"'{name}' is {matrix.dtype} of shape {list(matrix.shape)}", f"bool of shape {wanted}"
        if (stray := np.argwhere(self.forgotten & ~self.member)).size:
            model, sample = stray[0]
            return (
                f"model {model} of {len(self.member)} forgets sample {sample}, on which it is not trained",
                "only samples of its own in what a model forgets",
            )
        return None

    @property
    def kept(self) -> Bools:
        """Which samples every model is trained on and does not forget, bool [models, training samples]."""
        return self.member & ~self.forgotten

    def forgetting_nothing(self) -> Membership:
        """Return who is trained on what, and nobody forgets anything."""
        return Membership(self.member, np.zeros_like(self.member))

    def take_models(self, models: slice) -> Membership:
        """Return the membership of some of the models."""
        return Membership(self.member[models], self.forgotten[models])

    def on(self, split: npt.NDArray[np.str_], sample_index: npt.NDArray[np.integer]) -> Membership:
        """Return the membership on evaluated samples, bool [models, samples], as `Population` takes it.

        `split` [samples] is "train", "validation" or "test", `sample_index` [samples] the position within it, as margin
        files hold them. No model is trained on a sample outside the training split.
        """
        training = split == "train"
        columns = np.where(training, sample_index, 0)
        return Membership(self.member[:, columns] & training, self.forgotten[:, columns] & training)


def write_membership(path: str | os.PathLike[str], membership: Membership, metadata: Mapping[str, str]) -> None:
    """Write the membership of the models of a shard: 2 x models x ceil(samples / 8) bytes.

    Raises ArtifactError if a model forgets what it was not trained on.
    """
    if problem := membership.problem():
        raise ArtifactError(f"the membership for {path} is wrong: {problem[0]}", expected=problem[1])
    models, samples = membership.member.shape
    packed = {name: np.packbits(getattr(membership, name), axis=1) for name in _MATRICES}
    write_tensors(path, packed, {**metadata, "models": str(models), "samples": str(samples)})


def read_membership(path: str | os.PathLike[str], models: int, samples: int) -> Membership:
    """Read the membership of `models` models, of which a data set has `samples` training samples.

    Raises ArtifactError if the file is missing or damaged, has other sizes, or a model forgets what is not its own.
    """
    file = TensorFile(path)
    stated = [file.metadata.get(key, "missing") for key in ("models", "samples")]
    if stated != [str(models), str(samples)]:
        raise ArtifactError(
            f"{path} holds the membership of models x samples = {' x '.join(stated)}",
            expected=f"{models} x {samples}: those of the shard and of the training split",
            remedy=repair(path),
        )
    packed = {name: file[name] for name in _MATRICES}
    for name, matrix in packed.items():
        if matrix.dtype != np.uint8 or matrix.shape != (models, -(-samples // 8)):
            raise ArtifactError(
                f"{path} holds '{name}' as {matrix.dtype} of shape {list(matrix.shape)}",
                expected=f"packed bits, uint8 of shape {[models, -(-samples // 8)]}",
                remedy=repair(path),
            )
    unpacked = (np.unpackbits(packed[name], axis=1, count=samples).astype(bool) for name in _MATRICES)
    membership = Membership(*unpacked)
    if problem := membership.problem():
        raise ArtifactError(f"{path} is damaged: {problem[0]}", expected=problem[1], remedy=repair(path))
    return membership


def read_memberships(paths: Sequence[str | os.PathLike[str]], models: range, samples: int) -> Membership:
    """Read the membership of `models` from the files of the shards that hold them; raises as `read_membership` does."""
    shards = [shard_indices(Path(path).stem) for path in paths]
    parts = [read_membership(path, len(indices), samples) for path, indices in zip(paths, shards, strict=True)]
    member, forgotten = (np.concatenate([getattr(part, name) for part in parts]) for name in _MATRICES)
    first = shards[0][0]
    return Membership(member, forgotten).take_models(slice(models.start - first, models.stop - first))
