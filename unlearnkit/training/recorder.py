"""What a run of a method leaves: snapshots of its models, what each has cost, and remarks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

from torch import nn

from unlearnkit.errors import TrainingError
from unlearnkit.models.building import states_of
from unlearnkit.training.sets import Sets
from unlearnkit.training.shard import Kept, Worker

_STEPS_PER_LINE = 50
"""Steps of language methods from one line of the log to the next."""


class Counts(Protocol):
    """What a context has counted beside the sets: sample passes per model, and whether all of them were made."""

    other_passes: float
    timed: bool


class Recorder:
    """Keeps the snapshots of one call of a method, with what each has cost so far."""

    context: Counts
    data: Sets[Any]

    def __init__(self, snapshots: Sequence[int], models: int, worker: Worker, unit: str) -> None:
        self._snapshots, self._models, self._worker, self._unit = tuple(snapshots), models, worker, unit
        self._kept, self._reached, self._start = Kept(), 0, worker.clock()

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

    def finish(self, model: nn.Module, method: str) -> Kept:
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
        return self._kept

    def _store(self, epoch: int, model: nn.Module) -> None:
        seconds = self._worker.clock() - self._start
        self._kept.states[epoch] = states_of(model)
        self._kept.passes[epoch] = self._passes()
        self._kept.seconds[epoch] = seconds / self._models if self.context.timed else math.nan

    def _passes(self) -> float:
        return self.data.passes + self.context.other_passes
