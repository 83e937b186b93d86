"""What looks at a model between the steps of the loop of methods for language models, and may stop it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn


class Watch(Protocol):
    """What looks at the model between the steps of a run, and may stop it; it calls `context.end_epoch` itself.

    What it knows after a step is stored with the state of the run (`captured`), and comes back in one that goes on.
    """

    def begin(self, model: nn.Module) -> bool:
        """Look at the model before the first step, and return whether the run stops there."""
        ...

    def end(self, step: int, model: nn.Module, stopped: bool) -> bool:
        """Look at the model after step 1, 2, ..., and return whether no further one is taken; `stopped`: nor was it."""
        ...

    def captured(self) -> dict[str, Tensor]:
        """Return what the rest of the run depends on, beside what the loop itself stores."""
        ...

    def restored(self, stored: Mapping[str, Tensor]) -> None:
        """Take back what was captured."""
        ...
