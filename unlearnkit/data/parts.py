"""Forget sets that are parts of others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError


def require_part(part: npt.NDArray[np.integer], whole: npt.NDArray[np.integer], name: str, of: str) -> None:
    """Raise DataError unless every sample of forget set `part` is one of `whole`, which has more; both are files."""
    outside = np.setdiff1d(part, whole)
    if outside.size or len(part) >= len(whole):
        fact = f"{outside.size} of its samples are not in it" if outside.size else "both have the same samples"
        raise DataError(
            f"{name} is no part of {of}: {fact}",
            expected="a forget set whose samples are some of those of the other one",
            remedy="correct arena.kept",
        )
