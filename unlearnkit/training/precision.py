"""The arithmetic of matrix products and convolutions; whatever it is, float32 is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def products(precision: str = "float32") -> Iterator[None]:
    """Let a GPU compute products of float32 tensors with all their bits, or with `precision` "tf32" with ten of 23.

    Left to itself PyTorch rounds the factors of convolutions to TF32, but not those of matrix products. The switches
    belong to the process: they have no effect on a CPU and are put back at the end. Works as a decorator too.
    """
    before = torch.backends.cudnn.allow_tf32, bool(torch.backends.cuda.matmul.allow_tf32)
    try:
        _switch(precision == "tf32", precision == "tf32")
        yield
    finally:
        _switch(*before)


def _switch(convolutions: bool, matrices: bool) -> None:
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = convolutions, matrices


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which layers compute in bfloat16 if that is the `precision`, else as weights are stored."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")
