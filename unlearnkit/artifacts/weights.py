"""Weight files: the state of every model of a shard, at every epoch at which it was kept, in one safetensors file.

Keys read `model_0007/epoch_0012/<tensor name>`, so one model can be read without the others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import numpy as np

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.errors import ArtifactError, repair

State = dict[str, np.ndarray]
"""Tensor name -> array: parameters and buffers of one model."""

_KEY = re.compile(r"model_(\d+)/epoch_(\d+)/(.+)")


def write_weights(
    path: str | os.PathLike[str], states: Mapping[tuple[int, int], State], metadata: Mapping[str, str]
) -> None:
    """Write `states`, keyed by (model index, epoch), as one weight file."""
    tensors = {
        f"model_{model:04d}/epoch_{epoch:04d}/{name}": array
        for (model, epoch), state in states.items()
        for name, array in state.items()
    }
    write_tensors(path, tensors, metadata)


class WeightFile:
    """A weight file opened for reading; `model_indices` and `epochs` say what it holds."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = TensorFile(path)
        self.metadata = self._file.metadata
        self._names: dict[tuple[int, int], list[str]] = {}
        for key in self._file.names:
            match = _KEY.fullmatch(key)
            if match is None:
                raise ArtifactError(
                    f"{path} holds '{key}'", expected="keys model_<index>/epoch_<epoch>/<tensor>", remedy=repair(path)
                )
            self._names.setdefault((int(match[1]), int(match[2])), []).append(match[3])
        self.model_indices = sorted({model for model, _ in self._names})
        self.epochs = sorted({epoch for _, epoch in self._names})

    def state(self, model_index: int, epoch: int | None = None) -> State:
        """Return the state of one model (at its last epoch unless one is named)."""
        epoch = self.epochs[-1] if epoch is None else epoch
        if (model_index, epoch) not in self._names:
            raise ArtifactError(
                f"{self._file.path} has no model {model_index} at epoch {epoch}", remedy=repair(self._file.path)
            )
        return {
            name: self._file[f"model_{model_index:04d}/epoch_{epoch:04d}/{name}"]
            for name in self._names[model_index, epoch]
        }
