"""Splits of a data set other than the publisher's own."""

from __future__ import annotations

import numpy as np

from unlearnkit.data.images.image_set import ImageSet, checked_size
from unlearnkit.facts.splits import split_sizes

SEED = 123
"""Of Deep Unlearn's cuts."""


def deep_unlearn_split(
    published: ImageSet,
    *,
    train_size: int | None = None,
    validation_size: int | None = None,
    test_size: int | None = None,
) -> ImageSet:
    """Return Deep Unlearn's split: 15 % of the published training rows validate, the published test rows test.

    Rows stand in the order in which scikit-learn's `train_test_split(test_size=0.15, random_state=123)` returns them,
    so that its second cut, the forget set, is the plain draw `random_forget_set(train_size, ceil(train_size / 10),
    123)`. The sizes keep the first rows of a split, None all of them. Raises DataError if a split has fewer.

    Source: Cadet et al. 2024 (arXiv 2410.01276).
    """
    sizes = split_sizes("deep_unlearn", published.train_size, published.validation_size)
    # the permutation that train_test_split draws; NumPy's legacy stream is frozen
    order = np.random.RandomState(SEED).permutation(published.train_size)
    return published.arranged(
        order[sizes.validation :][: checked_size("train_size", train_size, sizes.train)],
        order[: checked_size("validation_size", validation_size, sizes.validation)],
        np.arange(checked_size("test_size", test_size, sizes.test)) + published.train_size,
    )
