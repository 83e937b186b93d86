"""Random projections of gradients: R^T g / sqrt(dimension); R [parameters, dimension] has entries +1 and -1.

Each sign has probability one half, so inner products are kept on average. There are two ways. `matrix` holds R, in
parameters x dimension bytes, and is the same on all devices. `traker` is for models whose R does not fit: the package
of that name (Park et al. 2023, arXiv 2303.14186) draws R again for every call. Its BasicProjector draws blocks of
columns on any device; its CudaProjector draws single entries inside one kernel, by the package fast_jl. The seed of
either is the low 31 bits of the given one; the entries also depend on the device, those of CudaProjector on the number
of its multiprocessors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from unlearnkit.errors import TrainingError
from unlearnkit.facts.traker import FAST_JL_COLUMNS, missing_traker, unfit_dimension

CONVERTED_AT_ONCE = 2**26
"""Entries of R that are converted to the type of the gradients at a time, 256 MiB."""

FEW, MANY = 2**26, 2**28
"""Entries of gradients in a call: many, 1 GiB, where R is drawn again for every one."""

BLOCK = 2**26
"""Entries of R that BasicProjector holds, 256 MiB; they decide which entries have which seed."""

KERNEL_ROWS = 16
"""Gradients in a run of fast_jl's kernel: the most that every GPU takes that it supports (traker's documentation)."""

KERNEL_ENTRIES = 2**32
"""Entries of the gradients in a run of the kernel, which counts them in 32 bits: there have to be fewer."""

SMALLEST = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Projector:
    """A projection of gradients, on one device; `product` maps [rows, parameters] to [rows, dimension] without a scale.

    `name` says what projects, for the log and the record. `numbers_at_once` is how many entries of gradients a call is
    best given; one gradient may have more.
    """

    name: str
    dimension: int
    product: Callable[[Tensor], Tensor]
    numbers_at_once: int = FEW

    def __call__(self, gradients: Tensor) -> Tensor:
        """Return gradients [..., parameters] @ R / sqrt(dimension)."""
        found = self.product(gradients.reshape(-1, gradients.shape[-1]))
        return found.view(*gradients.shape[:-1], self.dimension) / math.sqrt(self.dimension)


def projector_for(
    kind: str, parameters: int, dimension: int, *, seed: int, device: torch.device, attribution: str
) -> Projector:
    """Return the projector of a kind, `matrix` or `traker`, for an attribution, which error messages name.

    Raises ConfigError if the package is missing or cannot project onto `dimension`, TrainingError if it fails on the
    device.
    """
    if kind == "matrix":
        return matrix_projector(parameters, dimension, seed, device)
    return traker_projector(parameters, dimension, seed=seed, device=device, attribution=attribution)


def matrix_projector(parameters: int, dimension: int, seed: int, device: torch.device) -> Projector:
    """Return the projector that holds R, int8, on a device; R is drawn on the CPU, so it is the same on all devices."""
    drawn = torch.empty(parameters, dimension, dtype=torch.int8)
    matrix = drawn.random_(0, 2, generator=torch.Generator().manual_seed(seed)).mul_(2).sub_(1).to(device)
    step = max(1, CONVERTED_AT_ONCE // dimension)

    def product(rows: Tensor) -> Tensor:
        total = rows.new_zeros(len(rows), dimension)
        for columns, part in zip(rows.split(step, dim=1), matrix.split(step), strict=True):
            total += columns @ part.to(rows.dtype)
        return total

    return Projector("matrix", dimension, product)


def traker_projector(
    parameters: int, dimension: int, *, seed: int, device: torch.device, attribution: str
) -> Projector:
    """Return CudaProjector where the device is a GPU and fast_jl can be imported, else BasicProjector.

    Raises ConfigError if traker cannot be imported or fast_jl cannot project onto `dimension`, TrainingError if fast_jl
    fails on this GPU or the model is too large for it.
    """
    try:
        import trak
        from trak.projectors import BasicProjector, ProjectionType
    except ImportError as error:
        raise missing_traker(attribution, str(error)) from None
    own_seed, signs = seed % 2**31, ProjectionType("rademacher")
    if device.type == "cuda" and (product := _kernel(parameters, dimension, own_seed, device, attribution)):
        return Projector(f"CudaProjector of traker {trak.__version__}", dimension, product)
    columns = min(dimension, max(1, BLOCK // parameters))
    basic = BasicProjector(parameters, dimension, own_seed, signs, device, block_size=columns)
    return Projector(
        f"BasicProjector of traker {trak.__version__}",
        dimension,
        lambda rows: basic.project(rows.float().contiguous(), model_id=0),
        FEW if columns == dimension else MANY,  # a single block is kept
    )


def _kernel(
    parameters: int, dimension: int, seed: int, device: torch.device, attribution: str
) -> Callable[[Tensor], Tensor] | None:
    """Return the product by fast_jl, None if that cannot be imported."""
    from trak.projectors import CudaProjector, ProjectionType

    signs = ProjectionType("rademacher")
    # the kernel runs on the current device, whichever holds the gradients
    device = torch.device("cuda", torch.cuda.current_device() if device.index is None else device.index)
    try:
        with torch.cuda.device(device):
            fast = CudaProjector(parameters, dimension, seed, signs, device, max_batch_size=KERNEL_ROWS)
    except ImportError:
        return None
    except RuntimeError as error:
        raise TrainingError(
            f"fast_jl fails on {torch.cuda.get_device_name(device)} ({str(error).splitlines()[0]})",
            remedy=f"build it for this GPU, remove it, so that BasicProjector is taken, or set attributions."
            f"{attribution}.projector to matrix",
        ) from None
    if dimension % FAST_JL_COLUMNS:
        raise unfit_dimension(attribution, dimension)
    if parameters * KERNEL_ROWS >= KERNEL_ENTRIES:
        raise TrainingError(
            f"the model has {parameters} parameters, too many for fast_jl",
            expected=f"fewer than {KERNEL_ENTRIES // KERNEL_ROWS}",
            remedy="remove fast_jl, so that BasicProjector is taken",
        )

    def product(rows: Tensor) -> Tensor:
        with torch.cuda.device(device):
            return in_units(lambda part: fast.project(part, model_id=0), rows.float().contiguous())

    return product


def in_units(project: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Return the projections of rows [rows, parameters] by a kernel of half precision, which gets 16 rows at a time.

    Each is given in units of its largest entry: gradients beyond 65,504 would be infinite, and small ones 0.
    """
    largest = rows.abs().amax(1, keepdim=True).clamp_min(SMALLEST)
    parts = zip(rows.split(KERNEL_ROWS), largest.split(KERNEL_ROWS), strict=True)
    return torch.cat([project(part / units) * units for part, units in parts])
