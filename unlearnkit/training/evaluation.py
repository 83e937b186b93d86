"""Observations of the models of one shard on samples of the data set, whatever the samples are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit import registry
from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.observations import Observed
from unlearnkit.artifacts.weights import State
from unlearnkit.training.shard import Task, Worker, in_stacks

Assemble = Callable[[State, Callable[[State], Tensor]], Tensor]
"""(state, state of a plain model -> its logits) -> logits, all float32 [samples, classes] on the host: `assemble` of a
method whose unlearned models are more than one network's weights."""


@dataclass(frozen=True)
class Subjects:
    """Models that are observed together, and the samples `rows` (positions, training split first) that they see.

    States that are more than the weights of one model come with `assemble`, by the method that made them.
    """

    states: Sequence[State]
    task: Task
    rows: Tensor
    worker: Worker
    assemble: Assemble | None = None


Observe = Callable[[Subjects], Mapping[str, np.ndarray]]
"""`observe` of an observation, with its settings (unlearnkit.observations)."""


class Splits(Protocol):
    """A data set, of which an evaluation needs only the sizes."""

    @property
    def split_sizes(self) -> dict[str, int]:
        """Samples of each split, in the order of the rows."""
        ...


def observed_of_models(
    observe: Observe,
    state_of: Callable[[int, int], State],
    model_indices: Sequence[int],
    epochs: Sequence[int],
    dataset: Splits,
    task: Task,
    worker: Worker,
    assemble: Assemble | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> dict[int, Observed]:
    """Return, for every epoch, what the models `state_of(model index, epoch)` show on all samples, or on `rows`.

    Models are in eval mode and see plain samples in order, in float32.
    """
    sizes = dataset.split_sizes
    chosen = np.arange(sum(sizes.values())) if rows is None else rows
    split = np.concatenate([np.full(size, name) for name, size in sizes.items()])[chosen]
    sample_index = np.concatenate([np.arange(size) for size in sizes.values()])[chosen]
    stack_size = worker.stack_size or task.architecture.stack_size
    on = torch.from_numpy(chosen)
    result: dict[int, Observed] = {}
    for epoch in epochs:
        parts: list[Mapping[str, np.ndarray]] = []
        for indices in in_stacks(model_indices, stack_size):
            states = [state_of(index, epoch) for index in indices]
            parts.append(observe(Subjects(states, task, on, worker, assemble)))
            worker.report(f"snapshot {epoch}: models {indices[0]}-{indices[-1]} observed")
        of_samples = {name: array for name, array in parts[0].items() if array.ndim == 1}
        values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name not in of_samples}
        result[epoch] = Observed(values, tuple(model_indices), split, sample_index, of_samples)
    return result


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
    """Return, for every epoch, the margins of the models, as `observed_of_models` does with the observation margins."""
    margins = registry.load("observation", registry.ALWAYS_OBSERVED)
    observe = partial(margins.observe, settings=margins.Settings())
    found = observed_of_models(observe, state_of, model_indices, epochs, dataset, task, worker, assemble, rows)
    return {epoch: Margins.of(part) for epoch, part in found.items()}
