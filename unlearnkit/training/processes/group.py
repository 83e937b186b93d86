"""One of the processes that train a model together; what they do together is in `distributed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Group:
    """This process among all `size` that train a model.

    `sharding` states what a process holds: the whole model ("replicate") or its part of every tensor ("full").
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
