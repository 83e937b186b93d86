"""Principal components of an attribution: which training samples the models treat alike.

Column x of the matrix holds what every training sample adds to the margin on sample x: an embedding of x. The scores
are the projections of the centred embeddings on their principal directions (Ilyas et al. 2022, section 4.3; EasyDUB's
forget sets 4 to 9 are those with the highest and lowest scores). The sign of a direction is arbitrary: here the score
with the largest absolute value is positive, so "top" and "bottom" may be swapped compared with published sets.

Cost: products of the matrix with vectors, some hundred times n^2; memory: the matrix twice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from unlearnkit.errors import DataError

RESOLVED = float(np.finfo(np.float32).eps) ** 0.5
"""Singular values below this part of the largest are rounding errors of its square, which is what is decomposed."""


def principal_components(matrix: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return the scores of all samples on the first components, float32 [samples, components].

    `matrix` [training samples, samples] is an attribution of the margin. Components fall by variance, and there are
    fewer than `count` if the matrix has no more: what is left is of rounding errors. Raises DataError if it has none.
    """
    samples = matrix.shape[1]
    if not (centred := matrix - matrix.mean(axis=1, keepdims=True)).any():
        raise DataError(
            "the attribution is the same for all samples, so it has no principal components",
            expected="weights that differ",
            remedy="give the attribution more models, or less regularization",
        )
    kept = min(count, samples - 1)
    start = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    # one thread: the order of summation, and with it the choice between samples of nearly one score, depends on it
    with threadpool_limits(limits=1):
        left, values, _ = svds(centred.T, k=kept, v0=start)
    falling = np.argsort(-values)
    falling = falling[values[falling] > RESOLVED * values.max()]
    scores = (left * values)[:, falling]
    strongest = scores[np.abs(scores).argmax(axis=0), np.arange(len(falling))]
    return (scores * np.where(strongest < 0, -1, 1)).astype(np.float32)
