"""Weight files: the state of every model of a shard, at every epoch at which it was kept, in one safetensors file.

Keys read `model_0007/epoch_0012/<tensor name>`, so one model can be read without the others. Tensors keep their type,
bfloat16 included. The metadata state what the file `holds`: whole states ("full", also where nothing is stated),
"delta", tensors that change a state kept elsewhere, whose SHA-256 is stated for every model as `base_0007`, or
"reference", no tensors but for every model, as `reference_0007`, the file of the user's that has them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from unlearnkit.artifacts.store import BFLOAT16, TensorFile, sha256_of, sha256_of_arrays, write_tensors
from unlearnkit.errors import ArtifactError, repair

State = dict[str, np.ndarray]
"""Tensor name -> array: parameters and buffers of one model."""

FULL, DELTA, REFERENCE = "full", "delta", "reference"
"""What a weight file may hold."""

_KEY = re.compile(r"model_(\d+)/epoch_(\d+)/(.+)")


def write_weights(
    path: str | os.PathLike[str],
    states: Mapping[tuple[int, int], State],
    metadata: Mapping[str, str],
    base_of: Callable[[int], State] | None = None,
) -> None:
    """Write `states`, keyed by (model index, epoch), as one weight file.

    If they are deltas, `base_of` gives the state that a model's apply to.
    """
    if base_of is not None:
        bases = {_base(model): sha256_of_arrays(base_of(model)) for model in sorted({model for model, _ in states})}
        metadata = {**metadata, "holds": DELTA, **bases}
    tensors = {
        f"model_{model:04d}/epoch_{epoch:04d}/{name}": array
        for (model, epoch), state in states.items()
        for name, array in state.items()
    }
    write_tensors(path, tensors, metadata)


@dataclass(frozen=True)
class Reference:
    """Where the tensors of a model lie: a safetensors file, its SHA-256, and name here -> name there."""

    path: str
    sha256: str
    names: Mapping[str, str]

    def state(self) -> State:
        """Return the tensors, those of 16 and 64 bits in 32; raises ArtifactError if the file is not the same."""
        if not os.path.isfile(self.path) or sha256_of(self.path) != self.sha256:  # noqa: PTH113
            raise ArtifactError(
                f"{self.path}, which weights are read from by reference, is gone or was changed",
                expected=f"the file with SHA-256 {self.sha256}",
                remedy="put it back, or give the same snakemake command again, which takes the present file",
            )
        file = TensorFile(self.path)
        return {ours: _single(file[theirs]) for ours, theirs in self.names.items()}


def _single(array: np.ndarray) -> np.ndarray:
    floating = array.dtype == BFLOAT16 or np.issubdtype(array.dtype, np.floating)
    return array.astype(np.float32) if floating else array


def write_references(
    path: str | os.PathLike[str], references: Mapping[int, Reference], metadata: Mapping[str, str]
) -> None:
    """Write a weight file without tensors: model index -> the file that has them. The models are those of epoch 0."""
    stated = {
        f"reference_{model:04d}": json.dumps(asdict(reference), sort_keys=True)
        for model, reference in references.items()
    }
    write_tensors(path, {}, {**metadata, "holds": REFERENCE, **stated})


class WeightFile:
    """A weight file opened for reading: `model_indices` and `epochs` that it has, and whether it `holds` deltas.

    One of references gives whole states, as full ones do.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = TensorFile(path)
        self.metadata = self._file.metadata
        kind = self.metadata.get("holds", FULL)
        if kind not in (FULL, DELTA, REFERENCE):
            raise ArtifactError(
                f"{path} holds weights of the kind '{kind}'",
                expected=f"{FULL}, {DELTA} or {REFERENCE}",
                remedy=repair(path),
            )
        self.holds = DELTA if kind == DELTA else FULL
        self._references = {
            int(key.removeprefix("reference_")): Reference(**json.loads(text))
            for key, text in self.metadata.items()
            if kind == REFERENCE and key.startswith("reference_")
        }
        self._names: dict[tuple[int, int], list[str]] = {}
        for key in self._file.names:
            match = _KEY.fullmatch(key)
            if match is None:
                raise ArtifactError(
                    f"{path} holds '{key}'", expected="keys model_<index>/epoch_<epoch>/<tensor>", remedy=repair(path)
                )
            self._names.setdefault((int(match[1]), int(match[2])), []).append(match[3])
        self._names.update({(model, 0): list(reference.names) for model, reference in self._references.items()})
        self.model_indices = sorted({model for model, _ in self._names})
        self.epochs = sorted({epoch for _, epoch in self._names})

    def state(self, model_index: int, epoch: int | None = None) -> State:
        """Return the tensors of one model (at its last epoch unless one is named): its state, or a delta."""
        epoch = self.epochs[-1] if epoch is None else epoch
        if (model_index, epoch) not in self._names:
            raise ArtifactError(
                f"{self._file.path} has no model {model_index} at epoch {epoch}", remedy=repair(self._file.path)
            )
        if model_index in self._references:
            return self._references[model_index].state()
        return {
            name: self._file[f"model_{model_index:04d}/epoch_{epoch:04d}/{name}"]
            for name in self._names[model_index, epoch]
        }

    def refuse_other_base(self, model_index: int, base: State) -> None:
        """Raise ArtifactError if `base` is not the state that the delta of this model applies to."""
        if (found := sha256_of_arrays(base)) != (stated := self.metadata.get(_base(model_index))):
            raise ArtifactError(
                f"the delta of model {model_index} in {self._file.path} applies to other weights than it is used with",
                expected=f"weights of SHA-256 {stated}, but these have {found}",
                remedy=repair(self._file.path),
            )


class RepeatedWeights(WeightFile):
    """Weight files in which every model stands for `draws` of them: model k is number k // draws of the files."""

    def __init__(self, paths: Sequence[str | os.PathLike[str]], draws: int = 1) -> None:
        self._files, self._draws = [WeightFile(path) for path in paths], draws
        self.metadata, self.holds, self.epochs = self._files[0].metadata, self._files[0].holds, self._files[0].epochs
        self.model_indices = [
            repeated
            for file in self._files
            for index in file.model_indices
            for repeated in range(index * draws, (index + 1) * draws)
        ]

    def state(self, model_index: int, epoch: int | None = None) -> State:
        """Return the tensors of one model, as a single file does; the last file reports a model that is in none."""
        network = model_index // self._draws
        file = next((file for file in self._files if network in file.model_indices), self._files[-1])
        return file.state(network, epoch)


def _base(model_index: int) -> str:
    return f"base_{model_index:04d}"
