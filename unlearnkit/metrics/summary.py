"""Summaries of every metric, made in one place: statistics, their intervals, and on how many models they rest.

Two kinds of 95 % interval answer two questions. Over *samples* (`mean_low` ...): how much would the number move with
other samples of the same kind? A percentile bootstrap of the per-sample values. Over *models* (`mean_models_low` ...):
how much would it move had other models been trained?
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

LEVEL = 0.95
# scored for every half of the models: enough to keep the spread, and a bound on the cost
SAMPLES_PER_MODEL_RESAMPLE = 2000
STATISTICS: Mapping[str, Callable[[NDArray], Any]] = {
    "mean": np.mean,
    "median": np.median,
    "p95": lambda values: np.percentile(values, 95),
    "p99": lambda values: np.percentile(values, 99),
    "max": np.max,
    "min": np.min,
    "sd": lambda values: np.std(values, ddof=1) if len(values) > 1 else None,
}
INTERVALS = (
    *("mean_low", "mean_high", "p95_low", "p95_high"),
    *("mean_models_low", "mean_models_high", "p95_models_low", "p95_models_high"),
)

Values = dict[str, dict[str, NDArray[np.float64]]]
Row = dict[str, str | int | float | None]
Spreads = dict[tuple[str, str], NDArray[np.float64]]


class Summary(NamedTuple):
    """A metric's values, {measure: {split: values}}, and one row of statistics for each measure and split."""

    values: Values
    rows: list[Row]


def summarise(
    score: Callable[..., Values],
    candidate: Population,
    oracle: Population | None,
    *,
    settings: Settings,
    measures: Mapping[str, Mapping[str, Any]],
    axis: str,
    rng: np.random.Generator,
    resamples: int = 200,
    model_resamples: int = 50,
) -> Summary:
    """Score `candidate` and return the values with one row of statistics per measure and split.

    `score`, `settings`, `measures` and `axis` are the metric module's `score`, `Settings(...)`, `MEASURES` and `AXIS`.
    If the settings have `num_models`, that many first models of each side are used. A row holds measure, split; mean,
    median, p95, p99, max, min, sd (n - 1; percentiles interpolate linearly); n_models, n_oracles (None without
    oracles), n_samples, n_failed; and low and high ends of 95 % intervals of mean and p95, over samples (`mean_low`
    ...) and over models (`mean_models_low` ...), None where there are too few of them.

    AXIS "samples": the interval over samples is the percentile bootstrap of the per-sample values, `resamples` times.
    For the one over models, `model_resamples` random halves of both pools are scored, on at most 2,000 samples of each
    split; it is the estimate plus the 95 % quantiles of (half - mean of halves), clipped to the measure's range. Half
    of a pool, drawn without replacement, deviates from the pool as the pool does from the population. Drawing N models
    with replacement instead repeats some, which inflates histogram divergences by an amount that varies from draw to
    draw: at N = 100, for the mean KLOM of independent samples at the floor, it overstates the standard deviation about
    ninefold, halves do about twofold; where models move many samples together, halves are up to 40 % too wide. None
    over samples for fewer than two of them, over models for fewer than four a side.

    AXIS "models": statistics are over models, and so is the only interval, a percentile bootstrap of the per-model
    values, None for fewer than two models; those over samples are None.

    A candidate with failed models (non-finite margins) gets rows with n_failed > 0 and None for every statistic, and
    NaN values: the survivors alone would flatter it. Raises MetricError if oracles have failed or if `score` returns
    other measures or splits than `measures` declares, and what `score` raises.
    """
    candidate, oracle, settings = _limited(candidate, oracle, settings)
    if oracle is not None:
        require_finite(oracle.margins, "oracle")
    score_rng, value_rng, model_rng = rng.spawn(3)
    spreads: Spreads = {}
    if candidate.failed_models.size:
        values = _undefined_values(candidate, measures, axis)
    else:
        values = score(candidate, oracle, settings=settings, rng=score_rng)
        _require_declared(values, measures, candidate)
        if axis == "samples":
            spreads = _model_spreads(score, (candidate, oracle), settings, model_rng, model_resamples)
    rows: list[Row] = []
    for measure, declared in measures.items():
        for split in candidate.present(declared["splits"]):
            row = _counts(measure, split, candidate, oracle)
            if not row["n_failed"]:
                row |= _statistics(values[measure][split])
                row |= _value_intervals(values[measure][split], axis, value_rng, resamples)
            if (measure, split) in spreads:
                row |= _model_intervals(row, spreads[measure, split], declared)
            rows.append(row)
    return Summary(values, rows)


def _limited(
    candidate: Population, oracle: Population | None, settings: Settings
) -> tuple[Population, Population | None, Settings]:
    """Return the first `num_models` models of both sides, and settings without that limit: halves have fewer."""
    limit = getattr(settings, "num_models", None)
    if limit is None:
        return candidate, oracle, settings
    unlimited = settings.model_copy(update={"num_models": None})
    return candidate.first_models(limit), oracle and oracle.first_models(limit), unlimited


def _counts(measure: str, split: str, candidate: Population, oracle: Population | None) -> Row:
    """A row that says what it is about; every statistic still None."""
    return {
        "measure": measure,
        "split": split,
        **dict.fromkeys(STATISTICS),
        **dict.fromkeys(INTERVALS),
        "n_models": candidate.models,
        "n_oracles": oracle.models if oracle is not None else None,
        "n_samples": len(candidate.samples_of(split)),
        "n_failed": len(candidate.failed_models),
    }


def _statistics(values: NDArray) -> Row:
    results = {name: statistic(values) for name, statistic in STATISTICS.items()}
    return {name: None if result is None else float(result) for name, result in results.items()}


def _value_intervals(values: NDArray, axis: str, rng: np.random.Generator, resamples: int) -> Row:
    """Percentile bootstrap of the values, over samples or over models as the axis says."""
    if len(values) < 2:
        return {}
    drawn = np.array([_mean_and_p95(rng.choice(values, len(values))) for _ in range(resamples)])
    low, high = _quantiles(drawn)
    over = "" if axis == "samples" else "models_"
    return {
        f"mean_{over}low": low[0],
        f"mean_{over}high": high[0],
        f"p95_{over}low": low[1],
        f"p95_{over}high": high[1],
    }


def _model_intervals(row: Row, spread: NDArray, declared: Mapping[str, Any]) -> Row:
    low, high = _quantiles(np.array([row["mean"], row["p95"]], float) + spread)
    low, high = (np.clip(end, declared["low"], declared["high"]).tolist() for end in (low, high))
    return {
        "mean_models_low": low[0],
        "mean_models_high": high[0],
        "p95_models_low": low[1],
        "p95_models_high": high[1],
    }


def _model_spreads(
    score: Callable[..., Values],
    pools: Sequence[Population | None],
    settings: Settings,
    rng: np.random.Generator,
    resamples: int,
) -> Spreads:
    """Centred mean and p95 of each measure and split, [resamples, 2], over random halves of the models of all pools."""
    if any(pool and pool.models < 4 for pool in pools):
        return {}
    pools = _on_some_samples(pools, rng)
    drawn: dict[tuple[str, str], list[NDArray]] = {}
    for _ in range(resamples):
        halves = [pool and pool.take_models(rng.permutation(pool.models)[: pool.models // 2]) for pool in pools]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the estimate itself has warned already
            values = score(*halves, settings=settings, rng=rng)
        for measure, of_splits in values.items():
            for split, of_samples in of_splits.items():
                drawn.setdefault((measure, split), []).append(_mean_and_p95(of_samples))
    return {key: np.array(results) - np.mean(results, axis=0) for key, results in drawn.items()}


def _on_some_samples(pools: Sequence[Population | None], rng: np.random.Generator) -> list[Population | None]:
    split = next(pool.split for pool in pools if pool)
    samples = []
    for name in np.unique(split):
        of_split = np.flatnonzero(split == name)
        samples.append(rng.choice(of_split, min(len(of_split), SAMPLES_PER_MODEL_RESAMPLE), replace=False))
    chosen = np.sort(np.concatenate(samples))
    return [pool and pool.take_samples(chosen) for pool in pools]


def _mean_and_p95(values: NDArray) -> NDArray[np.float64]:
    return np.array([np.mean(values), np.percentile(values, 95)], np.float64)


def _quantiles(drawn: NDArray) -> tuple[list[float], list[float]]:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low.tolist(), high.tolist()


def _undefined_values(candidate: Population, measures: Mapping[str, Mapping[str, Any]], axis: str) -> Values:
    def undefined(split: str) -> NDArray[np.float64]:
        return np.full(len(candidate.samples_of(split)) if axis == "samples" else candidate.models, np.nan)

    return {
        measure: {split: undefined(split) for split in candidate.present(declared["splits"])}
        for measure, declared in measures.items()
    }


def _require_declared(values: Values, measures: Mapping[str, Mapping[str, Any]], candidate: Population) -> None:
    returned = {(measure, split) for measure, of_splits in values.items() for split in of_splits}
    declared = {
        (measure, split) for measure, declared in measures.items() for split in candidate.present(declared["splits"])
    }
    if returned != declared:
        different = ", ".join(f"{measure} of {split}" for measure, split in sorted(returned ^ declared))
        raise MetricError(
            f"the metric's values and its MEASURES differ in: {different}",
            expected="exactly the declared measures and splits",
            remedy="correct MEASURES or score in the metric's module",
        )
