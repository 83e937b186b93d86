"""Margin distance: per sample, how far the margins of unlearned models lie from those of oracles, without bins.

Two distances between the margins of N unlearned models and of N oracles: Wasserstein-1, and the KL divergence between
the normal distributions fitted to both. Neither has a ceiling, so they still distinguish candidates where the
histograms of KLOM no longer overlap, as they seldom do below N = 80. Both stay above 0 for two halves of one pool, so
values are read against the floor of the same N.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, ValidationError

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_comparable, require_same_samples

AXIS = "samples"
READS = ("margins",)
NEEDS_ORACLE = True
HEADLINE = "wasserstein"
STATISTIC = "p95"
MEASURES = {
    "wasserstein": {
        "direction": "lower",
        "low": 0.0,
        "high": None,
        "unit": "nats",
        "label": "Wasserstein-1",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "gaussian_kl": {
        "direction": "lower",
        "low": 0.0,
        "high": None,
        "unit": "nats",
        "label": "Gaussian-fit KL",
        "splits": ("forget", "retain", "validation", "test"),
    },
}
VALUES_PER_CHUNK = 200_000  # per pool: temporary arrays are of 3.2 MB at most


class Settings(BaseSettings):
    """What is compared and how constant margins are fitted."""

    direction: Literal["unlearned||oracle", "oracle||unlearned", "symmetric"] = Field(
        "unlearned||oracle",
        description="of gaussian_kl, KL(first || second); symmetric: the mean of both directions",
    )
    sd_floor: float = Field(1e-3, gt=0, description="smallest standard deviation of a fitted normal distribution, nats")
    num_models: int | None = Field(None, ge=2, description="models per side; null: all")


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return both distances, {measure: {split: [samples]}} in nats.

    `rng` is unused. Raises MetricError as `wasserstein` and `gaussian_kl` do.
    """
    require_same_samples(candidate, oracle)
    unlearned, reference = (side.first_models(settings.num_models).margins for side in (candidate, oracle))
    values = {
        "wasserstein": wasserstein(unlearned=unlearned, oracle=reference),
        "gaussian_kl": gaussian_kl(
            unlearned=unlearned, oracle=reference, direction=settings.direction, sd_floor=settings.sd_floor
        ),
    }
    splits = {name: candidate.samples_of(name) for name in candidate.present(MEASURES[HEADLINE]["splits"])}
    return {
        measure: {name: of_samples[samples] for name, samples in splits.items()}
        for measure, of_samples in values.items()
    }


def wasserstein(*, unlearned: ArrayLike, oracle: ArrayLike) -> NDArray[np.float64]:
    """Return per sample the Wasserstein-1 distance between the margins of unlearned models and of oracles.

        W1 = integral over t in [0, 1] of |Q_u(t) - Q_o(t)|

    Q_u and Q_o are the quantile functions of both sides, steps of 1 / N; at equal N this is the mean of |u_(i) - o_(i)|
    over the sorted margins. It is exact at unequal N, and symmetric.

    `unlearned` [models, samples] and `oracle` [models, samples], nats, floating; the two may differ in models, at least
    two each. Returns [samples] in nats, 0 for equal distributions, without an upper bound. Raises MetricError for any
    NaN or infinite margin, and if the shapes do not fit.

    >>> float(wasserstein(unlearned=[[0.0], [2.0]], oracle=[[1.0], [5.0]])[0])
    2.0
    """
    ours, theirs = _pools(unlearned, oracle)
    return _in_chunks(_wasserstein, ours, theirs)


def gaussian_kl(
    *, unlearned: ArrayLike, oracle: ArrayLike, direction: str = "unlearned||oracle", sd_floor: float = 1e-3
) -> NDArray[np.float64]:
    """Return per sample the KL divergence between the normal distributions fitted to both sides' margins.

        KL = log(s_o / s_u) + (s_u^2 + (m_u - m_o)^2) / (2 s_o^2) - 1/2

    m are the means and s^2 the variances with divisor N - 1 of the unlearned models (u) and of the oracles (o), each s
    at least `sd_floor`. That is KL(unlearned || oracle); "oracle||unlearned" exchanges the sides and "symmetric" is the
    mean of both.

    `unlearned` [models, samples] and `oracle` [models, samples], nats, floating; the two may differ in models, at least
    two each. Returns [samples] in nats, 0 for equal means and variances, without an upper bound. Raises MetricError for
    any NaN or infinite margin, another direction, a floor that is not positive, and if the shapes do not fit.

    >>> float(gaussian_kl(unlearned=[[0.0], [2.0]], oracle=[[1.0], [3.0]])[0])
    0.25
    """
    try:
        settings = Settings.model_validate({"direction": direction, "sd_floor": sd_floor})
    except ValidationError as error:
        first = error.errors()[0]
        raise MetricError(f"gaussian_kl: {first['loc'][0]}={first['input']!r}", expected=first["msg"]) from None
    ours, theirs = _pools(unlearned, oracle)
    if settings.direction == "oracle||unlearned":
        ours, theirs = theirs, ours
    values = _in_chunks(partial(_gaussian_kl, sd_floor=settings.sd_floor), ours, theirs)
    if settings.direction == "symmetric":
        values += _in_chunks(partial(_gaussian_kl, sd_floor=settings.sd_floor), theirs, ours)
        values /= 2
    return values


def _pools(unlearned: ArrayLike, oracle: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    ours, theirs = np.asarray(unlearned), np.asarray(oracle)
    require_comparable(ours, theirs, "the margin distance")
    require_finite(ours, "unlearned")
    require_finite(theirs, "oracle")
    return ours, theirs


def _in_chunks(
    distance: Callable[[NDArray, NDArray], NDArray[np.float64]], ours: NDArray, theirs: NDArray
) -> NDArray[np.float64]:
    """`distance` of all samples, so many at once that temporary arrays stay small."""
    values = np.empty(ours.shape[1])
    width = max(1, VALUES_PER_CHUNK // max(len(ours), len(theirs)))
    for start in range(0, len(values), width):
        chunk = slice(start, start + width)
        values[chunk] = distance(ours[:, chunk], theirs[:, chunk])
    return values


def _wasserstein(ours: NDArray, theirs: NDArray) -> NDArray[np.float64]:
    # quantile functions step at i / models: in units of 1 / (models * oracles) the steps are whole numbers, hence exact
    models, oracles = len(ours), len(theirs)
    steps = np.union1d(np.arange(models + 1) * oracles, np.arange(oracles + 1) * models)
    shares, begins = np.diff(steps) / (models * oracles), steps[:-1]
    ours, theirs = (np.sort(side.astype(np.float64), axis=0) for side in (ours, theirs))
    return np.einsum("k,ks->s", shares, np.abs(ours[begins // oracles] - theirs[begins // models]))


def _gaussian_kl(ours: NDArray, theirs: NDArray, *, sd_floor: float) -> NDArray[np.float64]:
    shift = ours.mean(axis=0, dtype=np.float64) - theirs.mean(axis=0, dtype=np.float64)
    sd, other = (np.maximum(side.std(axis=0, ddof=1, dtype=np.float64), sd_floor) for side in (ours, theirs))
    return np.maximum(np.log(other / sd) + (sd**2 + shift**2) / (2 * other**2) - 0.5, 0)  # rounding may end below
