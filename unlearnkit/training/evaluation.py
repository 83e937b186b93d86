"""Margins of the models of one shard on samples of the data set, whatever the samples are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.weights import State
from unlearnkit.training.shard import Task, Worker, in_stacks

Assemble = Callable[[State, Callable[[State], Tensor]], Tensor]
"""(state, state of a plain model -> its logits) -> logits, all float32 [samples, classes] on the host: `assemble` of a
method whose unlearned models are more than one network's weights."""


class Splits(Protocol):
    """A data set, of which an evaluation needs only the sizes."""

    @property
    def split_sizes(self) -> dict[str, int]:
        """Samples of each split, in the order of the rows."""
        ...


def margins_of_models(
    state_of: Callable[[int, int], State],
    model_indices: Sequence[int],
    epochs: Sequence[int],
    dataset: Splits,
    task: Task,
    worker: Worker,
    assemble: Assemble | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> dict[int, Margins]:
    """Return, for every epoch, the margins of the models `state_of(model index, epoch)` on all samples, or on `rows`.

    Models are in eval mode and see plain samples in order, in float32. States that are more than the weights of one
    model come with `assemble`, by the method that made them.
    """
    sizes = dataset.split_sizes
    chosen = np.arange(sum(sizes.values())) if rows is None else rows
    split = np.concatenate([np.full(size, name) for name, size in sizes.items()])[chosen]
    sample_index = np.concatenate([np.arange(size) for size in sizes.values()])[chosen]
    stack_size = worker.stack_size or task.architecture.stack_size
    on = torch.from_numpy(chosen)
    result: dict[int, Margins] = {}
    for epoch in epochs:
        parts: list[Mapping[str, np.ndarray]] = []
        for indices in in_stacks(model_indices, stack_size):
            parts.append(task.kind.values([state_of(index, epoch) for index in indices], task, on, worker, assemble))
            worker.report(f"snapshot {epoch}: margins of models {indices[0]}-{indices[-1]}")
        values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        margins, correct = values.pop("margins"), values.pop("correct")
        targets = task.kind.target_counts(task.source, on)
        result[epoch] = Margins(margins, correct, tuple(model_indices), split, sample_index, values, targets)
    return result
