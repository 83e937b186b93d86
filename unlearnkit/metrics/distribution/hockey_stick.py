"""The hockey-stick divergence of models from oracles and from originals, and the relative test with it.

    E_gamma(U || O) = sup over sets W of U(W) - gamma O(W)

At gamma = 1 it is the total variation distance; at gamma = exp(epsilon) it is the least delta for which U is (epsilon,
delta)-close to O. The best W is where a model is gamma times as likely under U as under O. Here it comes from a
regularised witness, as in kernel tests with f-divergences (arXiv 2601.19755): kernel ridge regression of the membership
in U, fitted on one half of the models, gives W, and the other half its probabilities; then the halves change places. As
W was not chosen on the models that it is evaluated on, the estimate is a lower bound in expectation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.distribution.three_samples import Matrix, Nearness, tested

Indices = NDArray[np.intp]
_EXCHANGES_AT_ONCE = 64


def relative_hockey_stick(kernel: Matrix, signs: Matrix, *, gamma: float, ridge: float) -> Nearness:
    """Return the relative test of E_gamma(U || O) against E_gamma(U || P), from the kernel matrix of all models.

    `kernel` [3N, 3N] has rows and columns in the order U, O, P; `signs` [N, count] are the exchanges, for each of which
    the sets are fitted again. With w_O and w_P [bool] whether a model lies in the set fitted on the other half,

        g_k = w_O(u_k) - gamma w_O(o_k) - (w_P(u_k) - gamma w_P(p_k)),
        statistic = mean of g / sqrt((variance of g + 1 / N) / N)

    where 1 / N keeps it finite if all g are equal. Divergences are at least 0, at most 1.
    """
    count = kernel.shape[0] // 3
    exchanged = np.concatenate([np.ones((count, 1)), signs], axis=1).T > 0
    oracles, originals = np.arange(count, 2 * count), np.arange(2 * count, 3 * count)
    near, far = np.where(exchanged, oracles, originals), np.where(exchanged, originals, oracles)
    to_near, to_far = (_in_chunks(kernel, others, gamma, ridge) for others in (near, far))
    gaps = to_near - to_far
    errors = np.sqrt((gaps.var(axis=1, ddof=1) + 1 / count) / count)
    to_oracles, to_originals = (max(0.0, float(side[0].mean())) for side in (to_near, to_far))
    return Nearness(to_oracles, to_originals, *tested(gaps.mean(axis=1), errors, count))


def _in_chunks(kernel: Matrix, others: Indices, gamma: float, ridge: float) -> Matrix:
    parts = range(0, len(others), _EXCHANGES_AT_ONCE)
    return np.concatenate([_gains(kernel, others[at : at + _EXCHANGES_AT_ONCE], gamma, ridge) for at in parts])


def _gains(kernel: Matrix, others: Indices, gamma: float, ridge: float) -> Matrix:
    """w(u_k) - gamma w(o_k) of every model for every exchange, [count, N]; `others` [count, N] are the models o."""
    gains = np.empty(others.shape)
    halves = np.arange(others.shape[1])[::2], np.arange(others.shape[1])[1::2]
    for fitted, held in (halves, halves[::-1]):
        unlearned = np.broadcast_to(fitted, (len(others), len(fitted)))
        points = np.concatenate([unlearned, others[:, fitted]], axis=1)
        labels = np.repeat([0.5, -0.5], len(fitted))[:, None]
        among = kernel[points[:, :, None], points[:, None, :]] + ridge * np.eye(points.shape[1])
        weights = np.linalg.solve(among, np.broadcast_to(labels, (len(others), *labels.shape)))
        inside = (
            (kernel[at[:, :, None], points[:, None, :]] @ weights)[:, :, 0] + 0.5 > gamma / (1 + gamma)
            for at in (np.broadcast_to(held, (len(others), len(held))), others[:, held])
        )
        ours, theirs = inside
        gains[:, held] = ours - gamma * theirs
    return gains
