"""The multiplier of a constraint on a loss, which primal-dual methods move beside the weights of the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Multiplier:
    """Weight of a loss that has to stay at or below `limit`, lambda in lambda (loss - limit).

        lambda <- max(0, lambda + rate (loss - limit)), after every step later than `waits`

    It starts at `value` and follows from the losses of whole batches, one per optimiser step, whatever their parts.
    """

    value: float
    rate: float
    limit: float
    waits: float = 0

    def move(self, step: int, loss: float) -> None:
        """Take the dual step of step 1, 2, ... by its loss, nats; a run stops before a loss that is not finite."""
        if step > self.waits:
            self.value = max(0.0, self.value + self.rate * (loss - self.limit))
