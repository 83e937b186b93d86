"""What a job does: the models of one shard, stack by stack, each stack resumable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch

from unlearnkit import registry
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.batches import Pixels
from unlearnkit.data.subset import seeded
from unlearnkit.models.building import Architecture
from unlearnkit.models.low_rank import composed
from unlearnkit.seeds import derive_seed
from unlearnkit.training.observer import NOBODY, Observer
from unlearnkit.training.processes.group import ALONE, Group

PAIRED = ("original", "oracle")
"""Roles whose models of one index share what a recipe lets them share; held-out oracles share nothing."""

Report = Callable[[str], None]

Curve = Mapping[str, np.ndarray]
"""A learning curve: one array per column (`unlearnkit.artifacts.curves.COLUMNS`), [points]."""


@dataclass(frozen=True)
class Worker:
    """What a job runs with; it changes results by rounding at most: device, clock, resume folder, stack, progress.

    `clock` returns seconds. Every `checkpoint_seconds` the state of the current stack is stored at the end of an epoch.
    Language models run forward passes of at most `micro_batch_size` sequences, may be compiled, and may be trained by a
    `group` of processes. The `observer` looks on while originals and oracles are trained on images.
    """

    device: torch.device
    clock: Callable[[], float]
    resume: ResumeFolder
    report: Report
    stack_size: int | None = None
    checkpoint_seconds: float = 60.0
    micro_batch_size: int | None = None
    compiled: bool = False
    group: Group = ALONE
    observer: Observer = NOBODY


@dataclass(frozen=True)
class Task:
    """What the models of a shard have in common: data, architecture, base seed.

    `source` holds all samples on the device, as the kind of task keeps them: `Pixels` or `Tokens`.
    """

    source: Any
    architecture: Architecture
    base_seed: int

    @property
    def kind(self) -> ModuleType:
        """The module for what differs between images and text (`unlearnkit.registry.TASKS`)."""
        return registry.load_task(self.architecture.task)

    @property
    def pixels(self) -> Pixels:
        """The images, for code that works on images alone."""
        assert isinstance(self.source, Pixels)
        return self.source

    def generators(self, role: str, model_indices: Sequence[int], stage: str) -> list[torch.Generator]:
        """Return one CPU generator per model, seeded for `role` and `stage`."""
        return seeded(self.base_seed, role, model_indices, stage)

    def fresh(self, role: str, model_indices: Sequence[int], device: torch.device) -> torch.nn.Module:
        """Return newly initialised models as one, each from its own seed for `role`."""
        seeds = [derive_seed(self.base_seed, role, index, "initial_weights") for index in model_indices]
        return self.architecture.gather([self.architecture.build(seed) for seed in seeds], device)


@dataclass
class ShardResult:
    """Weights and cost of a shard: `states` by (model index, epoch), `passes` and `seconds` per model by epoch.

    `passes` are sample passes (one forward and backward of one sample; a forward alone counts 1/3), the mean over the
    models, and `seconds` is wall time divided by the number of models that shared it, NaN for passes that were
    not made. `stack_size` models ran at once. `all_passes` are the sample passes of all models together,
    including those after the last epoch that was kept. `notes` are a method's remarks on its models, `curves`
    are those of language models, by model index. If the states are deltas, `base_of` gives what a model's applies to.
    """

    states: dict[tuple[int, int], State] = field(default_factory=dict)
    passes: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    stack_size: int = 1
    all_passes: float = 0.0
    notes: list[str] = field(default_factory=list)
    curves: dict[int, Curve] = field(default_factory=dict)
    base_of: Callable[[int], State] | None = None

    def whole_state(self, model_index: int, epoch: int) -> State:
        """Return the state of a plain model: what is stored, merged into its base if that is a delta."""
        state = self.states[model_index, epoch]
        return composed(self.base_of(model_index), state) if self.base_of else state

    def cost(self) -> dict[str, Any]:
        """Return what provenance states about the cost: passes, seconds (None if unknown) and the stack size."""
        seconds = {epoch: None if math.isnan(value) else value for epoch, value in self.seconds.items()}
        return {"passes": self.passes, "seconds": seconds, "stack_size": self.stack_size}

    def stated(self) -> dict[str, Any]:
        """Return what the provenance of unlearned weights states: the cost, and the notes if there are any."""
        return {**self.cost(), **({"notes": self.notes} if self.notes else {})}


@dataclass
class StackResults:
    """What one stack has produced so far: states, passes and seconds per model, by epoch; total passes; notes; curves.

    There is a curve per model, or none.
    """

    states: dict[int, list[State]] = field(default_factory=dict)
    passes: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    all_passes: float = 0.0
    notes: list[str] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the content as named arrays, for the resume folder."""
        arrays = {
            f"state/{epoch}/{position}/{name}": array
            for epoch, states in self.states.items()
            for position, state in enumerate(states)
            for name, array in state.items()
        }
        costs = [(epoch, self.passes[epoch], self.seconds[epoch]) for epoch in self.states]
        curves = {
            f"curve/{position}/{column}": array
            for position, curve in enumerate(self.curves)
            for column, array in curve.items()
        }
        return {
            **arrays,
            **curves,
            "costs": np.array(costs, dtype=np.float64).reshape(-1, 3),
            "all_passes": np.array(self.all_passes),
            "notes": np.frombuffer("\n".join(self.notes).encode(), dtype=np.uint8),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> StackResults:
        """Return what `to_arrays` was made from."""
        notes = arrays["notes"].tobytes().decode().splitlines()
        kept = cls(all_passes=float(arrays["all_passes"]), notes=notes)
        for epoch, passes, seconds in arrays["costs"]:
            kept.passes[int(epoch)], kept.seconds[int(epoch)] = float(passes), float(seconds)
        for key in sorted(name for name in arrays if name.startswith("state/")):
            _, epoch, position, name = key.split("/", 3)
            states = kept.states.setdefault(int(epoch), [])
            while len(states) <= int(position):
                states.append({})
            states[int(position)][name] = arrays[key]
        columns = [name.split("/")[1:] for name in arrays if name.startswith("curve/")]
        for position in range(len({position for position, _ in columns})):
            of_model = [column for number, column in columns if int(number) == position]
            kept.curves.append({column: arrays[f"curve/{position}/{column}"] for column in of_model})
        return kept


def in_stacks(model_indices: Sequence[int], stack_size: int) -> list[tuple[int, ...]]:
    """Return the model indices cut into stacks of at most `stack_size`, in order."""
    return [tuple(model_indices[first : first + stack_size]) for first in range(0, len(model_indices), stack_size)]


def run_shard(
    model_indices: Sequence[int],
    stack_size: int,
    worker: Worker,
    run_stack: Callable[[tuple[int, ...], str], StackResults],
) -> ShardResult:
    """Run `run_stack(indices, name)` for every stack that the resume folder does not hold, and collect the shard."""
    result, seen = ShardResult(stack_size=min(stack_size, len(model_indices))), 0
    for number, indices in enumerate(stacks := in_stacks(model_indices, stack_size), start=1):
        name = f"models_{indices[0]:04d}-{indices[-1]:04d}"
        stored = worker.resume.load(name)
        kept = StackResults.from_arrays(stored) if stored else run_stack(indices, name)
        # what a group has trained is read by the process that started it
        if not stored and (len(stacks) > 1 or worker.group.size > 1):
            worker.resume.save(name, kept.to_arrays())
        worker.report(f"models {indices[0]}-{indices[-1]} done, stack {number} of {len(stacks)}")
        seen += len(indices)
        result.all_passes += kept.all_passes * len(indices)
        result.notes += kept.notes
        result.curves.update(zip(indices, kept.curves, strict=False))
        for epoch, states in kept.states.items():
            result.states.update({(index, epoch): state for index, state in zip(indices, states, strict=True)})
            # a running mean, which is exact where all models cost the same
            mean, share = result.passes.get(epoch, kept.passes[epoch]), len(indices) / seen
            result.passes[epoch] = mean + (kept.passes[epoch] - mean) * share
            result.seconds[epoch] = result.seconds.get(epoch, 0.0) + kept.seconds[epoch] * len(indices) / len(
                model_indices
            )
    return result


def rounds(worker: Worker) -> Iterator[bool]:
    """Yield, at each call of next(), whether `checkpoint_seconds` have passed since it was last True."""
    last = worker.clock()
    while True:
        due = worker.clock() - last >= worker.checkpoint_seconds
        if due:
            last = worker.clock()
        yield due
