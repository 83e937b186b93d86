"""KLOM: per sample, the KL divergence between the margins of unlearned models and of oracles.

A sample's margins under N unlearned models and N oracles are binned on one grid of equal-width bins; KLOM is the
divergence between the two histograms p and q:

    KLOM = sum over bins with p > 0 of p log(p / max(q, floor))

It is at most -log(floor), 11.51 at the default floor of 1e-5. 0 means indistinguishable; even two halves of one pool do
not reach it (at N = 100 the mean is 0.35 and the 95th percentile 0.7), so values are read against the floor of the same
N, the value of oracles against other oracles, and values of different N are not comparable.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
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
HEADLINE = "klom"
STATISTIC = "p95"
MEASURES = {
    "klom": {
        "direction": "lower",
        "low": 0.0,
        "high": None,  # -ln(floor), 11.51 at the default floor
        "unit": "nats",
        "label": "KLOM",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "klom_reverse": {
        "direction": "lower",
        "low": 0.0,
        "high": None,
        "unit": "nats",
        "label": "KLOM, reverse direction",
        "splits": ("forget", "retain", "validation", "test"),
    },
}
REVERSE = {
    "unlearned||oracle": "oracle||unlearned",
    "oracle||unlearned": "unlearned||oracle",
    "symmetric": "symmetric",
}
# per pool and chunk: 0.8 MB in float32, which stays in the second-level cache over the comparisons with all edges
VALUES_PER_CHUNK = 200_000


class Settings(BaseSettings):
    """What is compared and how the histograms are made."""

    direction: Literal["unlearned||oracle", "oracle||unlearned", "symmetric"] = Field(
        "unlearned||oracle",
        description="KL(first || second); symmetric: the mean of both directions, half of Jeffreys' divergence",
    )
    bins: int = Field(
        20, ge=2, description="equal-width bins between the smallest and largest margin; arXiv 2410.23232 App. E.1"
    )
    clip: float = Field(
        100.0, gt=0, description="margins are clipped to [-clip, clip], nats; arXiv 2410.23232 App. E.1"
    )
    floor: float = Field(
        1e-5, gt=0, lt=1, description="smallest probability of the second argument where the first is positive; ibid."
    )
    compat: Literal["easydub"] | None = Field(
        None,
        description="easydub: the published code's histogram (largest margin dropped, floored histogram renormalised)",
    )
    num_models: int | None = Field(None, ge=2, description="models per side; null: all")


class UndefinedKlomWarning(RuntimeWarning):
    """The published implementation gives NaN for some samples; the corrected value stands in for it."""


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return KLOM in the configured direction and in its reverse, {measure: {split: [samples]}} in nats.

    With `direction: symmetric` both are the same. `rng` is unused. Raises MetricError as `klom` does.
    """
    require_same_samples(candidate, oracle)
    unlearned, reference = (side.first_models(settings.num_models).margins for side in (candidate, oracle))
    directions = (settings.direction, REVERSE[settings.direction])
    forward, reverse = _divergences(unlearned, reference, directions, settings)
    splits = {name: candidate.samples_of(name) for name in candidate.present(MEASURES["klom"]["splits"])}
    return {
        "klom": {name: forward[samples] for name, samples in splits.items()},
        "klom_reverse": {name: reverse[samples] for name, samples in splits.items()},
    }


def klom(
    *,
    unlearned: ArrayLike,
    oracle: ArrayLike,
    direction: str = "unlearned||oracle",
    bins: int = 20,
    clip: float = 100.0,
    floor: float = 1e-5,
    compat: str | None = None,
) -> NDArray[np.float64]:
    """Return per sample the KL divergence between the binned margins of unlearned models and of oracles.

        KLOM = sum over bins with p > 0 of p log(p / max(q, floor))

    p and q are the shares of the first and second argument of `direction` in `bins` equal-width bins between the
    smallest and largest of all margins, after clipping to [-clip, clip]; "symmetric" is the mean of both directions.
    The last bin holds its right edge and nothing is renormalised, so no value is ever NaN. `compat="easydub"` drops
    values on the last edge and renormalises both histograms, as the published implementation does; where that is 0/0,
    an `UndefinedKlomWarning` is issued and the corrected value returned.

    `unlearned` [models, samples] and `oracle` [models, samples], nats, float32 or float64; the two may differ in
    models, at least two each. Returns [samples] in nats, in [0, -log(floor)] (up to 36,000 models a side; flooring adds
    mass to q, so beyond that the lower end is -bins * floor), lower is closer. Raises MetricError for any NaN or
    infinite margin: it marks a failed model, and clipping would hide it. Source: Georgiev et al. 2024 (arXiv
    2410.23232), App. E.1.

    >>> float(klom(unlearned=[[0.0], [0.0]], oracle=[[1.0], [1.0]])[0])
    11.512925464970229
    """
    options = {"direction": direction, "bins": bins, "clip": clip, "floor": floor, "compat": compat}
    try:
        settings = Settings.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        raise MetricError(f"klom: {first['loc'][0]}={first['input']!r}", expected=first["msg"]) from None
    return _divergences(_as_margins(unlearned), _as_margins(oracle), (direction,), settings)[0]


def _divergences(
    unlearned: NDArray[np.floating], oracle: NDArray[np.floating], directions: Sequence[str], settings: Settings
) -> NDArray[np.float64]:
    """Divergences [directions, samples]; the histograms are shared between directions."""
    lowest, highest = _pooled_range(unlearned, oracle, settings.clip)
    values = np.empty((len(directions), len(lowest)))
    width = max(1, VALUES_PER_CHUNK // max(len(unlearned), len(oracle)))
    for start in range(0, len(lowest), width):
        chunk = slice(start, start + width)
        edges = _edges(lowest[chunk], highest[chunk], settings)
        ours, theirs = (_histogram(side[:, chunk], edges, settings) for side in (unlearned, oracle))
        for row, direction in zip(values, directions, strict=True):
            row[chunk] = _directed(ours, theirs, len(unlearned), len(oracle), direction, settings)
    undefined = np.isnan(values)
    if undefined.any():
        columns = np.flatnonzero(undefined.any(axis=0))
        _warn_undefined(len(columns), len(lowest))
        corrected = settings.model_copy(update={"compat": None})
        values[:, columns] = np.where(
            undefined[:, columns],
            _divergences(unlearned[:, columns], oracle[:, columns], directions, corrected),
            values[:, columns],
        )
    return values


def _pooled_range(
    unlearned: NDArray[np.floating], oracle: NDArray[np.floating], clip: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    require_comparable(unlearned, oracle, "KLOM")
    lowest = np.minimum(unlearned.min(axis=0), oracle.min(axis=0))
    highest = np.maximum(unlearned.max(axis=0), oracle.max(axis=0))
    if not (np.isfinite(lowest).all() and np.isfinite(highest).all()):
        require_finite(unlearned, "unlearned")
        require_finite(oracle, "oracle")
    lowest, highest = np.clip(lowest, -clip, clip), np.clip(highest, -clip, clip)
    return lowest, np.where(lowest < highest, highest, lowest + 1)


def _edges(lowest: NDArray[np.floating], highest: NDArray[np.floating], settings: Settings) -> NDArray[np.floating]:
    """Bin edges [bins + 1, samples], from float64, since around -60 a float32 is 4e-6 from the next one.

    They are rounded up to the margins' type, in which a margin reaches the rounded edge exactly if it reaches the edge.
    `compat="easydub"` keeps the published code's, which are made in the margins' type.
    """
    if settings.compat == "easydub":
        return np.linspace(lowest, highest, settings.bins + 1)
    exact = np.linspace(lowest.astype(np.float64), highest.astype(np.float64), settings.bins + 1)
    rounded = exact.astype(lowest.dtype)
    return np.where(rounded < exact, np.nextafter(rounded, np.inf), rounded)


def _histogram(
    margins: NDArray[np.floating], edges: NDArray[np.floating], settings: Settings
) -> NDArray[np.unsignedinteger]:
    """Counts [bins, samples]: of bin k, the values >= edge k less those >= edge k + 1."""
    at_least = np.empty(edges.shape, np.min_scalar_type(len(margins)))
    at_least[0] = len(margins)
    at_least[-1] = 0  # right-closed last bin: the maximum stays in it
    clipped = np.clip(margins, -settings.clip, settings.clip)
    above = np.empty(clipped.shape, bool)
    for k in range(1, len(edges) - (settings.compat is None)):
        np.greater_equal(clipped, edges[k], out=above)
        np.add.reduce(above.view(np.uint8), axis=0, dtype=at_least.dtype, out=at_least[k])
    return at_least[:-1] - at_least[1:]


def _directed(
    ours: NDArray, theirs: NDArray, models: int, oracles: int, direction: str, settings: Settings
) -> NDArray[np.float64]:
    if direction == "symmetric":
        forward = _directed(ours, theirs, models, oracles, "unlearned||oracle", settings)
        return (forward + _directed(ours, theirs, models, oracles, "oracle||unlearned", settings)) / 2
    if direction == "oracle||unlearned":
        ours, theirs, models, oracles = theirs, ours, oracles, models
    if settings.compat == "easydub":
        return _easydub_divergence(ours, theirs, settings.floor)
    return _divergence(ours, theirs, models, oracles, settings.floor)


def _divergence(
    p_counts: NDArray, q_counts: NDArray, p_models: int, q_models: int, floor: float
) -> NDArray[np.float64]:
    # a share is one of N + 1 numbers, so logarithms are looked up
    p = np.arange(p_models + 1) / p_models
    log_p = np.log(p, where=p > 0, out=np.zeros_like(p))
    log_q = np.log(np.maximum(np.arange(q_models + 1) / q_models, floor))
    return np.einsum("bs,bs->s", p.take(p_counts), log_p.take(p_counts) - log_q.take(q_counts))


def _easydub_divergence(p_counts: NDArray, q_counts: NDArray, floor: float) -> NDArray[np.float64]:
    """The published value; NaN where no value of the first argument is left after dropping the pooled maximum."""
    with np.errstate(invalid="ignore"):  # 0/0 is the NaN just described
        p = p_counts / p_counts.sum(axis=0, dtype=int)
    q = q_counts / np.maximum(q_counts.sum(axis=0, dtype=int), 1)
    q = np.where(p > 0, np.maximum(q, floor), q)
    q /= np.where(q.any(axis=0), q.sum(axis=0), 1)
    ratio = np.divide(p, q, where=p > 0, out=np.ones_like(p))
    return np.einsum("bs,bs->s", p, np.log(ratio))


def _warn_undefined(columns: int, samples: int) -> None:
    warnings.warn(
        f'compat="easydub": the published implementation gives NaN for {columns} of {samples} samples (all margins of '
        "one side are the pooled maximum, which it drops); their values are those of the corrected histogram",
        UndefinedKlomWarning,
        stacklevel=4,
    )


def _as_margins(values: ArrayLike) -> NDArray[np.floating]:
    values = np.asarray(values)
    return values.astype(np.float32) if values.dtype == np.float16 else values
