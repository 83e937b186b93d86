"""Pruning: the smallest weights, as many as asked for, of a model or of each tensor."""

from __future__ import annotations

import numpy as np
import pytest
from known_threes import MODELS, KnownThrees


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75])
def test_the_smallest_weights_of_a_model_become_zero(models: KnownThrees, share: float) -> None:
    result = models.attacked("original", "prune", share=share)
    for index in MODELS:
        before, after = models.files["original"].state(index), result.states[index, 0]
        weights = [name for name, array in before.items() if array.ndim > 1]
        whole, left = (np.concatenate([own[name].ravel() for name in weights]) for own in (before, after))
        expected = whole.copy()
        expected[np.argsort(np.abs(whole), kind="stable")[: round(share * len(whole))]] = 0
        np.testing.assert_array_equal(left, expected)
        assert all(np.array_equal(before[name], after[name]) for name in before if name not in weights)


def test_the_smallest_weights_of_every_tensor_become_zero(models: KnownThrees) -> None:
    result = models.attacked("original", "prune", share=0.5, scope="layer")
    for array in result.states[0, 0].values():
        if array.ndim > 1:
            assert (array == 0).mean() == pytest.approx(0.5, abs=0.5 / array.size)
