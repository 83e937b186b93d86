"""What a run of a method leaves: snapshots of its models, what each has cost, and remarks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from unlearnkit.errors import TrainingError
from unlearnkit.models.arrays import to_array, to_tensor
from unlearnkit.models.building import states_of
from unlearnkit.training.sets import Sets
from unlearnkit.training.shard import Curve, StackResults, Worker, rounds

_STEPS_PER_LINE = 50
"""Steps of language methods from one line of the log to the next."""

_LOOP = "loop/"
"""What begins the names of the state of a loop among those of a stored run."""


@dataclass(frozen=True)
class Checkpoints:
    """What the loop of a method needs to go on after an interruption; methods without one begin again.

    Between two steps it asks whether it is `due` to be saved, and if so hands to `save` what the rest of its run
    depends on, named tensors. Before its first step it asks `load` for what an interrupted run of the same job saved
    last, None if nothing; notes, costs and snapshots are then those of that run.
    """

    due: Callable[[], bool] = lambda: False
    save: Callable[[Mapping[str, Tensor]], None] = lambda _: None
    load: Callable[[], Mapping[str, Tensor] | None] = lambda: None


class Counts(Protocol):
    """What a context has counted beside the sets: sample passes per model, and whether all of them were made."""

    other_passes: float
    timed: bool


class Recorder:
    """Keeps the snapshots of one call of a method, with what each has cost so far.

    A run that is saved has an entry in the resume folder for its state and one for every snapshot, stored once.
    """

    context: Counts
    data: Sets[Any]

    def __init__(self, snapshots: Sequence[int], models: int, worker: Worker, unit: str, name: str) -> None:
        self._snapshots, self._models, self._worker, self._unit = tuple(snapshots), models, worker, unit
        self._kept, self._reached, self._start = StackResults(), 0, worker.clock()
        self._name, self._stored, self._saved, self._due = name, set[int](), False, rounds(worker)

    def checkpoints(self) -> Checkpoints:
        """Return what the loop of the method saves its state by, and finds it again."""
        return Checkpoints(lambda: next(self._due), self._save, self._load)

    def keep(self, epoch: int, model: nn.Module) -> None:
        """Take note that an epoch is over, and keep the model if it is one of the snapshots."""
        self._reached = epoch
        # steps are short: a line for each would bury the others
        if self._unit == "epoch" or epoch in self._snapshots or epoch % _STEPS_PER_LINE == 0:
            self._worker.report(f"{self._unit} {epoch}/{self._snapshots[-1]}")
        if epoch in self._snapshots:
            self._store(epoch, model)

    def note(self, text: str) -> None:
        """Put a remark into the log and into what is kept."""
        self._worker.report(text)
        self._kept.notes.append(text)

    def record(self, rows: Curve) -> None:
        """Add rows to the curve of the only model: column -> values [rows]."""
        held = self._kept.curves[0] if self._kept.curves else {name: values[:0] for name, values in rows.items()}
        self._kept.curves = [{name: np.concatenate([held[name], values]) for name, values in rows.items()}]

    def finish(self, model: nn.Module, method: str) -> StackResults:
        """Return what was kept of a run that returned `model`; raises TrainingError if it missed a snapshot."""
        # what a method returns is its result, whatever it does after its last epoch
        if (last := self._snapshots[-1]) in (0, self._reached):
            self._store(last, model)
        self._kept.all_passes = self._passes()
        if missing := [epoch for epoch in self._snapshots if epoch not in self._kept.states]:
            raise TrainingError(
                f"method '{method}' never reached epoch {missing[0]} of its snapshots",
                expected="a call of context.end_epoch(epoch, model) after every epoch",
                remedy="correct the method, or the variant's snapshots",
            )
        self._settle()
        return self._kept

    def _save(self, state: Mapping[str, Tensor]) -> None:
        """Store the state of the loop, and the snapshots that are not stored yet."""
        resume, kept = self._worker.resume, self._kept
        for epoch in kept.states.keys() - self._stored:
            one = StackResults({epoch: kept.states[epoch]}, {epoch: kept.passes[epoch]}, {epoch: kept.seconds[epoch]})
            resume.save(self._snapshot(epoch), one.to_arrays())
            self._stored.add(epoch)
        progress = {
            "timed": self.context.timed,
            "seconds": self._worker.clock() - self._start,
            "snapshots": sorted(self._stored),
        }
        arrays = {
            **{f"{_LOOP}{name}": to_array(tensor) for name, tensor in state.items()},
            **StackResults(all_passes=self.context.other_passes, notes=kept.notes, curves=kept.curves).to_arrays(),
            **{name: np.array(value) for name, value in progress.items()},
        }
        resume.save(self._state, arrays)
        self._saved = True

    def _load(self) -> Mapping[str, Tensor] | None:
        """Return the stored state of the loop, and go on with what was kept until then."""
        stored = self._worker.resume.load(self._state)
        if stored is None:
            return None
        before = StackResults.from_arrays(stored)
        for epoch in map(int, stored["snapshots"]):
            arrays = self._worker.resume.load(self._snapshot(epoch))
            if arrays is None:
                return None  # damaged: the run begins again
            one = StackResults.from_arrays(arrays)
            before.states.update(one.states)
            before.passes.update(one.passes)
            before.seconds.update(one.seconds)
        self._kept, self._stored, self._saved = before, set(before.states), True
        self.context.other_passes, self.context.timed = before.all_passes, bool(stored["timed"])
        self._start = self._worker.clock() - float(stored["seconds"])
        return {name.removeprefix(_LOOP): to_tensor(array) for name, array in stored.items() if name.startswith(_LOOP)}

    def _settle(self) -> None:
        """Store the result of a run that was saved, since its job goes on with other work, and remove its state."""
        if self._saved:
            resume = self._worker.resume
            resume.save(self._name, self._kept.to_arrays())
            for entry in (self._state, *map(self._snapshot, self._stored)):
                resume.discard(entry)

    @property
    def _state(self) -> str:
        return f"{self._name}.state"

    def _snapshot(self, epoch: int) -> str:
        return f"{self._name}.snapshot_{epoch}"

    def _store(self, epoch: int, model: nn.Module) -> None:
        seconds = self._worker.clock() - self._start
        self._kept.states[epoch] = states_of(model)
        self._kept.passes[epoch] = self._passes()
        self._kept.seconds[epoch] = seconds / self._models if self.context.timed else math.nan

    def _passes(self) -> float:
        return self.data.passes + self.context.other_passes
