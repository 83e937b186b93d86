"""Three samples of models: does the third lie nearer to the first reference or to the second?

A model is one point, so N models are a sample of N. U are the candidate's models, O the oracles, P the originals; model
k of each may share draws with model k of the others (u_k started from p_k), so triples (u_k, o_k, p_k) are independent
and what is in one triple is not. Sums over pairs of models therefore leave out pairs within a triple.

The test exchanges o_k and p_k, for every k by a coin. If O and P have one law, all 2^N outcomes are equally likely, so
false alarms are as stated at any N if U does not depend on them (in simulations also where u_k follows from p_k). If O
and P differ and U lies equally far from both, the studentised statistic is asymptotically standard normal under
exchange and in truth, so false alarms are as stated for large N (Chung and Romano 2013, doi 10.1214/13-AOS1090).
Everything follows from a matrix of kernels between models, so it holds for every kind of point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from unlearnkit.errors import MetricError

Matrix = NDArray[np.float64]
BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Standard deviations of the Gaussian kernels, in medians of the distances between models."""


class Nearness(NamedTuple):
    """Divergences of U from O and from P, their studentised difference, and p values of both directions.

    `statistic` is negative where U is nearer to O. `p_oracle` is small if U is nearer to O than chance explains,
    `p_original` if it is nearer to P.
    """

    to_oracles: float
    to_originals: float
    statistic: float
    p_oracle: float
    p_original: float


def coins(models: int, count: int, rng: np.random.Generator) -> Matrix:
    """Return exchanges, [models, exchanges] of +1 (stays) and -1 (exchanged): `count`, drawn at random.

    If there are no more than `count`, it is all 2^N of them but the identity, which p values count themselves and which
    are then exact.
    """
    if 2**models <= count:
        exchanged = np.arange(1, 2**models) >> np.arange(models)[:, None] & 1
        return np.where(exchanged > 0, -1.0, 1.0)
    return np.where(rng.integers(0, 2, (models, count)) > 0, 1.0, -1.0)


def squared_distances(points: Matrix) -> Matrix:
    """Return the squared Euclidean distances of points [models, values], [models, models]."""
    inner = points @ points.T
    lengths = np.diag(inner)
    distances: Matrix = lengths[:, None] + lengths - 2 * inner
    distances[distances < 0] = 0
    return distances


def kernel_of(distances: Matrix) -> Matrix:
    """Return the mean of Gaussian kernels, exp(-d^2 / (2 s^2)), from squared distances [models, models].

    s^2 are the median squared distance of two different models times the squares of BANDWIDTHS: the median heuristic
    (Gretton et al. 2012, JMLR 13), over several scales, so that none has to be chosen. Raises MetricError if that
    median is 0.
    """
    median = float(np.median(distances[np.triu_indices(len(distances), 1)]))
    if not median > 0:
        raise MetricError(
            "most models have the same values, so there is no distance between them",
            expected="models that differ, as those that were trained with draws of their own do",
            remedy="check whether the models are copies of one another, or whether their outputs are constant",
        )
    return np.mean([np.exp(distances / (-2 * median * scale**2)) for scale in BANDWIDTHS], axis=0)


def relative_mmd(kernel: Matrix, signs: Matrix) -> Nearness:
    """Return the relative test of MMD^2(U, O) against MMD^2(U, P), from the kernel matrix of all models.

    `kernel` [3N, 3N] has rows and columns in the order U, O, P; `signs` [N, count] are the exchanges (`coins`). With
    the unbiased MMD^2 of N pairs (Gretton et al. 2012, equation 4),

        MMD^2(U, O) - MMD^2(U, P) = mean over i != j of h(i, j),
        h(i, j) = k(o_i, o_j) - k(u_i, o_j) - k(o_i, u_j) - [the same with p],

    and `statistic` is that mean divided by its standard error (`_error`): asymptotically standard normal where U lies
    equally far from O and P and differs from both (Bounliphone et al. 2016, arXiv 1511.04581). The p values are those
    of `tested`.
    """
    count = kernel.shape[0] // 3
    oo, pp, uo, up, op = (_apart(kernel, count, *pair) for pair in ((1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))
    uu, pairs = _apart(kernel, count, 0, 0), count * (count - 1)
    # exchanged by signs s, h(i, j) = s_i a(i, j) + s_j a(j, i)
    halves = (oo - pp + op - op.T) / 2 - (uo - up).T
    exchanged = np.concatenate([np.ones((count, 1)), signs], axis=1)
    rows = exchanged * halves.sum(1)[:, None] + halves.T @ exchanged
    squares = 2 * (halves**2).sum() + 2 * np.einsum("ib,ib->b", exchanged, (halves * halves.T) @ exchanged)
    return Nearness(
        float((uu + oo - 2 * uo).sum() / pairs),
        float((uu + pp - 2 * up).sum() / pairs),
        *tested(rows.sum(0) / pairs, _error(rows, squares), count),
    )


def _error(rows: Matrix, squares: Matrix) -> Matrix:
    """Standard error of a mean of h over pairs, [count], from sums of its rows [N, count] and of its squares [count].

        variance = 2 / (N (N - 1)) * (2 (N - 2) zeta_1 + zeta_2)

    zeta_1 is the covariance of h(i, j) and h(i, l), zeta_2 the variance of h(i, j), both estimated without bias and
    at least 0 (Hoeffding 1948). zeta_2 matters where zeta_1 vanishes, as it does where U, O and P have one law.
    """
    count, total, of_rows = len(rows), rows.sum(0), (rows**2).sum(0)
    pairs, triples = count * (count - 1), count * (count - 1) * (count - 2)
    mean_squared = (total**2 - 4 * of_rows + 2 * squares) / (triples * (count - 3))
    first = np.maximum((of_rows - squares) / triples - mean_squared, 0)
    second = np.maximum(squares / pairs - mean_squared, 0)
    return np.sqrt(2 / pairs * (2 * (count - 2) * first + second))


def same_law(kernel: Matrix, signs: Matrix) -> float:
    """Return the p value of U and O having one law, by MMD^2, from the kernel matrix of all models (`relative_mmd`).

    It is the share of exchanges of u_k and o_k, the identity included, with an MMD^2 at least as large: exact at any N.
    """
    count = kernel.shape[0] // 3
    uu, oo, uo = (_apart(kernel, count, *pair) for pair in ((0, 0), (1, 1), (0, 1)))
    differences = uu + oo - uo - uo.T
    exchanged = np.einsum("ib,ib->b", signs, differences @ signs)
    return float(_share(exchanged >= differences.sum() - 1e-12))


def _apart(kernel: Matrix, count: int, row: int, column: int) -> Matrix:
    """A block of the kernel matrix without the pairs within a triple, which are 0."""
    block = kernel[row * count : (row + 1) * count, column * count : (column + 1) * count].copy()
    np.fill_diagonal(block, 0)
    return block


def tested(differences: Matrix, errors: Matrix, models: int) -> tuple[float, float, float]:
    """Return the statistic and both p values of the first of some differences, the others being those of exchanges.

    A statistic is a difference divided by its standard error, both [1 + count]. A p value is the larger of two: the
    share of exchanges, the identity included, with a statistic at most (or at least) as large, and the tail of
    Student's t at N - 1 degrees of freedom. The second one matters since exchanged models follow the mixture of O and
    P, from which U differs less than from either, so that their statistics may spread less than that of the null.
    """
    statistics = np.divide(differences, errors, out=np.zeros_like(differences), where=errors > 0)
    statistic, others = float(statistics[0]), statistics[1:]
    slack = 1e-9 * max(1.0, abs(statistic))  # sums in another order are equal only up to rounding
    return (
        statistic,
        max(_share(others <= statistic + slack), float(stdtr(models - 1, statistic))),
        max(_share(others >= statistic - slack), float(stdtr(models - 1, -statistic))),
    )


def _share(extreme: NDArray[np.bool_]) -> float:
    return float((1 + np.count_nonzero(extreme)) / (1 + extreme.size))
