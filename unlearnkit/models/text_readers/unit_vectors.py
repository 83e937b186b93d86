"""Vectors of length 1, whose products are cosines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unit(vectors: NDArray) -> NDArray[np.float32]:
    """Return vectors [texts, width] divided by their lengths, float32; those of length 0 stay."""
    exact = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return (exact / np.where(lengths > 0, lengths, 1)).astype(np.float32)
