"""When a run of a method for language models stops, so that no model is spoilt without a word."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn


class Guard:
    """Stops a run before a step that would spoil its model: `stopped` says so from then on, `note` at once.

    A step is not taken if a loss or the gradient is not finite, if a forget loss that ascends has passed its limit, or
    if a retain loss has passed `max_retain_loss` (None: no limit). The model stays as it was before that step.
    """

    def __init__(self, note: Callable[[str], None], max_retain_loss: float | None) -> None:
        self._note, self._max_retain_loss = note, max_retain_loss
        self.stopped = False

    def loss(self, step: int, of: str, loss: float, max_nll: float | None) -> None:
        """Judge the loss of the batch of a set, named `of`: a mean without its weight, or with `max_nll` minus one."""
        found = -loss if max_nll is not None else loss
        limit = max_nll if max_nll is not None else self._max_retain_loss if of.startswith("retain") else None
        if not math.isfinite(loss):
            self._stop(step, f"the mean loss of its {of} batch is not finite")
        elif limit is not None and found > limit:
            unit = " nats" if max_nll is not None else ""
            self._stop(step, f"the mean loss of its {of} batch is {found:.3f}{unit}, beyond {limit:.3f}")

    def gradient(self, step: int, norm: float) -> bool:
        """Judge the norm of the gradient, and return whether the step may be taken."""
        if not math.isfinite(norm):
            self._stop(step, "its gradient is not finite")
        return not self.stopped

    def weights(self, model: nn.Module) -> None:
        """Take note of weights that are not finite: the last step taken has spoilt the model."""
        trained = (parameter for parameter in model.parameters() if parameter.requires_grad)
        if not all(bool(parameter.isfinite().all()) for parameter in trained):
            self._note("its weights are not finite")

    def _stop(self, step: int, why: str) -> None:
        self.stopped = True
        self._note(f"stopped before step {step}: {why}")
