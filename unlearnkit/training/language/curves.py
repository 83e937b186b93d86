"""The learning curve of a training run: loss, rate and speed at some of its steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unlearnkit.artifacts.curves import COLUMNS
from unlearnkit.training.shard import Curve

POINTS = 500
"""The approximate number of steps of a run that are recorded."""


class CurveRecorder:
    """Records the first step, every n-th and the last, where n is such that at most 500 are n-th ones.

    `clock` returns seconds; speed is measured since the previously recorded step. `held` are the arrays of an earlier
    part of the same run.
    """

    def __init__(self, steps: int, clock: Callable[[], float], held: Curve | None = None) -> None:
        self._steps, self._every, self._clock = steps, -(-steps // POINTS), clock
        self._rows: list[tuple[float, ...]] = []
        self._tokens = 0
        if held is not None:
            self._tokens = int(held["tokens_so_far"])
            self._rows = list(zip(*(held[name].tolist() for name in COLUMNS), strict=True))
        self._last = clock(), self._tokens

    def passed(self, tokens: int) -> None:
        """Count the input tokens of a step."""
        self._tokens += tokens

    def wants(self, step: int) -> bool:
        """Return whether step `step` (1, 2, ...) is to be recorded."""
        return step in (1, self._steps) or step % self._every == 0

    def note(self, step: int, loss: float, lr: float) -> None:
        """Record a step."""
        now, (then, before) = self._clock(), self._last
        speed = (self._tokens - before) / (now - then) if now > then else np.nan
        self._last = now, self._tokens
        self._rows.append((step, self._tokens, loss, lr, speed))

    def curve(self) -> dict[str, np.ndarray]:
        """Return what was recorded, one array per column."""
        rows = np.array(self._rows, dtype=np.float64).reshape(-1, len(COLUMNS))
        return {name: rows[:, number].copy() for number, name in enumerate(COLUMNS)}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the `held` of a recorder of the rest of the run."""
        return {**self.curve(), "tokens_so_far": np.array(self._tokens)}
