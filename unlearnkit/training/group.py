"""One process among those that train a model together; what they do together is in `distributed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Group:
    """This process among all `size` that train a model.

    `sharding` says what a process holds: "replicate": the whole model; "full": its part of every tensor.
    """

    rank: int = 0
    size: int = 1
    sharding: Literal["replicate", "full"] = "replicate"

    @property
    def leads(self) -> bool:
        """Whether this process reports, saves and decides."""
        return self.rank == 0


ALONE = Group()
"""A process that trains its models by itself."""
