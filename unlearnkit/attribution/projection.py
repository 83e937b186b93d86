"""Random projections of gradients: R^T g / sqrt(dimension); R [parameters, dimension] has entries +1 and -1.

Each sign has probability one half, so inner products are kept on average. Two ways: `matrix` holds R, in parameters x
dimension bytes; `traker` leaves it to the package of that name, which draws R anew for every call and holds a few
columns of it at most (`traker_projection`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from unlearnkit.attribution.traker_projection import traker_projector

CONVERTED_AT_ONCE = 2**26
"""Entries of R that are converted to the type of the gradients at a time, 256 MiB."""


class Projector(Protocol):
    """A projection of gradients [..., parameters] to [..., dimension], on one device."""

    @property
    def name(self) -> str:
        """What projects, for the log and the record."""
        ...

    @property
    def dimension(self) -> int:
        """Number of columns of R."""
        ...

    @property
    def numbers_at_once(self) -> int:
        """Entries of gradients that it is best given in a call; one gradient may have more."""
        ...

    def __call__(self, gradients: Tensor) -> Tensor:
        """Return gradients [..., parameters] @ R / sqrt(dimension)."""
        ...


@dataclass(frozen=True)
class MatrixProjector:
    """R as a whole, int8 [parameters, dimension], on the device of the gradients."""

    matrix: Tensor
    name: str = "matrix"
    numbers_at_once: int = 2**26

    @classmethod
    def drawn(cls, parameters: int, dimension: int, seed: int, device: torch.device) -> MatrixProjector:
        """Return the projector of a seed; R is drawn on the CPU, so that it is the same on all devices."""
        matrix, generator = torch.empty(parameters, dimension, dtype=torch.int8), torch.Generator().manual_seed(seed)
        return cls(matrix.random_(0, 2, generator=generator).mul_(2).sub_(1).to(device))

    @property
    def dimension(self) -> int:
        """Number of columns of R."""
        return self.matrix.shape[1]

    def __call__(self, gradients: Tensor) -> Tensor:
        """Return gradients [..., parameters] @ R / sqrt(dimension)."""
        total = gradients.new_zeros(*gradients.shape[:-1], self.dimension)
        step = max(1, CONVERTED_AT_ONCE // self.dimension)
        for first in range(0, len(self.matrix), step):
            total += gradients[..., first : first + step] @ self.matrix[first : first + step].to(gradients.dtype)
        return total / math.sqrt(self.dimension)


def projector_for(
    kind: str, parameters: int, dimension: int, *, seed: int, device: torch.device, attribution: str
) -> Projector:
    """Return the projector of a kind, `matrix` or `traker`, for an attribution, whose name errors tell.

    Raises ConfigError if the package is missing or cannot project onto `dimension`, TrainingError if it fails on the
    device.
    """
    if kind == "matrix":
        return MatrixProjector.drawn(parameters, dimension, seed, device)
    return traker_projector(parameters, dimension, seed=seed, device=device, attribution=attribution)
