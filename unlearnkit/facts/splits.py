"""How many samples a split has."""

from __future__ import annotations

import math
from typing import NamedTuple

DEEP_UNLEARN_VALIDATION = 0.15
"""Share of the official training split that validates in Deep Unlearn (arXiv 2410.01276)."""


class SplitSizes(NamedTuple):
    """Samples in each split."""

    train: int
    validation: int
    test: int


def split_sizes(split: str, train: int, held_out: int, test: int = 0) -> SplitSizes:
    """Return the sizes of the splits made of a publisher's `train` training and `held_out` test samples.

    `split` is official or deep_unlearn, whose validation part is rounded up, as scikit-learn's train_test_split does.
    `test` are the samples of a third split, which only official keeps.
    """
    if split == "official":
        return SplitSizes(train, held_out, test)
    validation = math.ceil(DEEP_UNLEARN_VALIDATION * train)
    return SplitSizes(train - validation, validation, held_out)
