"""Between tensors of torch and arrays of NumPy, types kept: bfloat16, which NumPy lacks, is that of ml_dtypes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from unlearnkit.artifacts.store import BFLOAT16


def to_tensor(array: np.ndarray) -> Tensor:
    """Return a copy of an array as a tensor of the same type on the host."""
    if array.dtype == BFLOAT16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def to_array(tensor: Tensor) -> np.ndarray:
    """Return a copy of a tensor as an array of the same type."""
    host = tensor.detach().cpu().contiguous()
    if host.dtype == torch.bfloat16:
        return host.view(torch.int16).numpy().copy().view(BFLOAT16)
    return host.numpy().copy()
