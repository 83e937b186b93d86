"""A part of a forget set: some of its samples, and not all."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.data.parts import require_part
from unlearnkit.errors import DataError


def test_a_part_has_some_of_the_samples() -> None:
    require_part(np.array([3, 1]), np.array([1, 2, 3]), "part.npy", "whole.npy")


@pytest.mark.parametrize(
    ("part", "says"), [([1, 4, 5], "2 of its samples are not in it"), ([2, 3, 1], "both have the same samples")]
)
def test_what_is_no_part_is_refused(part: list[int], says: str) -> None:
    with pytest.raises(
        DataError, match=f"part.npy is no part of whole.npy: {says}; expected a forget set whose samples"
    ):
        require_part(np.array(part), np.array([1, 2, 3]), "part.npy", "whole.npy")
