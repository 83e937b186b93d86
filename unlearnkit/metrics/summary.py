"""Summaries of every metric, made in one place: statistics, their intervals, and the number of models behind them.

Two kinds of 95 % interval answer two questions. Over *samples* (`mean_low` ...): how much would the number move with
other samples of the same kind? A percentile bootstrap of the per-sample values. Over *models* (`mean_models_low` ...):
how much would it move had other models been trained? A jackknife of the models (`jackknife`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from unlearnkit.config.settings import Settings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.jackknife import (
    Errors,
    Sides,
    Values,
    defined,
    independent,
    mean_and_p95,
    scored,
    standard_errors,
)
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

LEVEL = 0.95
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

Row = dict[str, str | int | float | None]


class Summary(NamedTuple):
    """A metric's values, {measure: {split: values}}, and one row of statistics for each measure and split."""

    values: Values
    rows: list[Row]


def summarise(
    score: Callable[..., Values],
    candidate: Population,
    oracle: Population | None,
    *,
    original: Population | None = None,
    settings: Settings,
    measures: Mapping[str, Mapping[str, Any]],
    axis: str,
    rng: np.random.Generator,
    resamples: int = 200,
    model_resamples: int = 100,
) -> Summary:
    """Score `candidate` and return the values with one row of statistics per measure and split.

    `score`, `settings`, `measures` and `axis` are the metric module's `score`, `Settings(...)`, `MEASURES` and `AXIS`;
    `score` receives `original` by name if there is one. If the settings have `num_models`, that many first models of
    each side are used. A row holds measure, split; mean, median, p95, p99, max, min, sd (n - 1; percentiles interpolate
    linearly); n_models, n_oracles (None without oracles), n_samples, n_failed, and where several models come from one
    n_independent, the independent ones of the smaller side; and low and high ends of 95 % intervals
    of mean and p95, over samples (`mean_low` ...) and over models (`mean_models_low` ...), None where there are too few
    of them.

    AXIS "samples": the interval over samples is the percentile bootstrap of the per-sample values, `resamples` times,
    None for fewer than two of them. The one over models is the estimate -+ t s, clipped to the measure's range: s is
    the standard error by `model_resamples` subsets (`jackknife.standard_errors`), t the 97.5 % quantile of Student's t
    at n - 1 degrees of freedom, n the independent models of the smaller side; None for fewer than jackknife.FEWEST.
    AXIS "population": one value for each split, which every statistic repeats; intervals are over models alone.
    AXIS "models": statistics are over models, and so is the only interval, a percentile bootstrap of the per-model
    values, None for fewer than two models. benchmarks/coverage.py shows how often intervals hold the true value.

    A candidate with failed models (non-finite margins) gets rows with n_failed > 0 and None for every statistic, and
    NaN values: the survivors alone would flatter it. A NaN among the values of other candidates marks a sample for
    which the metric is not defined: statistics leave it out, and n_samples counts the rest. Raises MetricError if
    oracles or originals have failed or if `score` returns other measures or splits than `measures` declares, and what
    `score` raises.
    """
    (candidate, oracle, original), settings = _limited((candidate, oracle, original), settings)
    for name, side in (("oracle", oracle), ("original", original)):
        if side is not None:
            require_finite(side.margins, name)
    score_rng, value_rng, model_rng = rng.spawn(3)
    errors: Errors = {}
    if candidate.failed_models.size:
        values = _undefined_values(candidate, measures, axis)
    else:
        values = scored(score, (candidate, oracle, original), settings, score_rng)
        _require_declared(values, measures, candidate)
        if axis != "models":
            errors = standard_errors(score, (candidate, oracle, original), settings, model_rng, model_resamples)
    rows: list[Row] = []
    smallest = min(independent(side) for side in (candidate, oracle) if side)
    for measure, declared in measures.items():
        for split in candidate.present(declared["splits"]):
            row = _counts(measure, split, candidate, oracle)
            row |= {} if candidate.origin is None else {"n_independent": smallest}
            if not row["n_failed"]:
                row |= _of_values(defined(values[measure][split]), axis, value_rng, resamples)
            if (measure, split) in errors and declared.get("interval", True) and row["mean"] is not None:
                row |= _model_intervals(row, errors[measure, split], declared, smallest)
            rows.append(row)
    return Summary(values, rows)


def _limited(sides: Sides, settings: Settings) -> tuple[Sides, Settings]:
    """Return the first `num_models` models of every side, and settings without that limit: subsets have fewer."""
    limit = getattr(settings, "num_models", None)
    if limit is None:
        return sides, settings
    candidate, oracle, original = sides
    limited = candidate.first_models(limit), oracle and oracle.first_models(limit)
    return (*limited, original and original.first_models(limit)), settings.model_copy(update={"num_models": None})


def _counts(measure: str, split: str, candidate: Population, oracle: Population | None) -> Row:
    """A row that states its subject; every statistic is still None."""
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


def _of_values(values: NDArray, axis: str, rng: np.random.Generator, resamples: int) -> Row:
    """Statistics and intervals of the values of a split, and their number where they are those of samples."""
    counted: Row = {"n_samples": len(values)} if axis == "samples" else {}
    return {**counted, **_statistics(values), **_value_intervals(values, axis, rng, resamples)}


def _statistics(values: NDArray) -> Row:
    if not len(values):
        return {}
    results = {name: statistic(values) for name, statistic in STATISTICS.items()}
    return {name: None if result is None else float(result) for name, result in results.items()}


def _value_intervals(values: NDArray, axis: str, rng: np.random.Generator, resamples: int) -> Row:
    """Percentile bootstrap of the values, over samples or over models, whichever the axis states."""
    if len(values) < 2:
        return {}
    drawn = np.array([mean_and_p95(rng.choice(values, len(values))) for _ in range(resamples)])
    low, high = _quantiles(drawn)
    over = "" if axis == "samples" else "models_"
    return {
        f"mean_{over}low": low[0],
        f"mean_{over}high": high[0],
        f"p95_{over}low": low[1],
        f"p95_{over}high": high[1],
    }


def _model_intervals(row: Row, error: NDArray, declared: Mapping[str, Any], models: int) -> Row:
    if not np.isfinite(error).all():
        return {}
    reach = float(stdtrit(models - 1, (1 + LEVEL) / 2)) * error
    estimate = np.array([row["mean"], row["p95"]], float)
    low, high = (
        np.clip(end, declared["low"], declared["high"]).tolist() for end in (estimate - reach, estimate + reach)
    )
    return {
        "mean_models_low": low[0],
        "mean_models_high": high[0],
        "p95_models_low": low[1],
        "p95_models_high": high[1],
    }


def _quantiles(drawn: NDArray) -> tuple[list[float], list[float]]:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low.tolist(), high.tolist()


def _undefined_values(candidate: Population, measures: Mapping[str, Mapping[str, Any]], axis: str) -> Values:
    def undefined(split: str) -> NDArray[np.float64]:
        length = {"samples": len(candidate.samples_of(split)), "models": candidate.models, "population": 1}
        return np.full(length[axis], np.nan)

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
