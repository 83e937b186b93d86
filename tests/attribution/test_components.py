"""Principal components of an attribution, and the forget sets that they give."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.attribution.components import principal_components
from unlearnkit.errors import DataError


def test_scores_are_those_of_the_singular_value_decomposition() -> None:
    matrix = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32) + 5
    found = principal_components(matrix, 10)
    embeddings = matrix.T.astype(np.float64)  # a row per sample: what every training sample adds to it
    left, values, _ = np.linalg.svd(embeddings - embeddings.mean(axis=0))
    np.testing.assert_allclose(np.abs(found), np.abs(left[:, :10] * values[:10]), atol=1e-3)
    assert found.shape == (40, 10)
    strongest = np.abs(found).argmax(axis=0)
    assert (found[strongest, range(10)] > 0).all()
    assert (np.diff(found.var(axis=0)) < 0).all()
    np.testing.assert_array_equal(found, principal_components(matrix, 10))


def test_a_group_that_hangs_together_is_the_top_of_the_first_component() -> None:
    matrix = np.random.default_rng(1).normal(0, 0.01, (30, 30)).astype(np.float32)
    matrix[4:9, 4:9] += 1
    assert set(np.argsort(-principal_components(matrix, 1)[:, 0])[:5]) == {4, 5, 6, 7, 8}


def test_there_are_no_more_components_than_samples_allow() -> None:
    assert principal_components(np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32), 10).shape == (4, 3)


def test_an_attribution_without_variance_is_refused() -> None:
    with pytest.raises(DataError, match="no principal components"):
        principal_components(np.zeros((5, 5), np.float32), 2)


def test_components_of_rounding_errors_are_none() -> None:
    rng = np.random.default_rng(0)
    rank_three = (rng.normal(size=(40, 3)) @ rng.normal(size=(3, 40))).astype(np.float32)
    assert principal_components(rank_three, 10).shape == (40, 3)
