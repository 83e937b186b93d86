"""Summaries of every metric, made in one place: statistics, their intervals, and the number of models behind them.

Two kinds of 95 % interval answer two questions. Over *samples* (`mean_low` ...): how much would the number move with
other samples of the same kind? A percentile bootstrap of the per-sample values. Over *models* (`mean_models_low` ...):
how much would it move had other models been trained? A jackknife of the models.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from unlearnkit.config.settings import Settings
from unlearnkit.errors import MetricError, TooFewError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

LEVEL = 0.95
# scored for every subset of the models: enough to keep the spread, and a bound on the cost
SAMPLES_PER_MODEL_RESAMPLE = 2000
# with 4 or 5 models a side the 95th percentile of KLOM is often equal in all subsets, and its interval a single point
FEWEST = 6
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
Errors = dict[tuple[str, str], NDArray[np.float64]]
Sides = tuple[Population, Population | None, Population | None]
"""Candidate, oracles, originals: None where the metric does not compare with them."""


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
    linearly); n_models, n_oracles (None without oracles), n_samples, n_failed; and low and high ends of 95 % intervals
    of mean and p95, over samples (`mean_low` ...) and over models (`mean_models_low` ...), None where there are too few
    of them.

    AXIS "samples": the interval over samples is the percentile bootstrap of the per-sample values, `resamples` times.
    The one over models is the estimate -+ t s, clipped to the measure's range; t is the 97.5 % quantile of Student's t
    at n - 1 degrees of freedom, n the models of the smaller side, and s the delete-d jackknife's standard error

        s^2 = (n - d) / d * mean over subsets of (value of a subset - mean of these values)^2,    d = n / 10, at least 1

    from `model_resamples` random subsets of n - d models of either side, scored on at most 2,000 samples of each split.
    Subsets of nearly n models have histograms like those of n, which halves do not, and repeat no model, which the
    bootstrap does. Source: Shao & Wu 1989 (doi 10.1214/aos/1176347263). None over samples for fewer than two of them,
    over models for fewer than FEWEST a side. benchmarks/coverage.py shows how often the interval holds the true value.

    AXIS "population": one value for each split, which every statistic repeats; the interval over models is the same,
    that over samples None. A measure with `interval: False` has none. With originals, a subset has the same models of
    all sides, since original k, oracle k and the model that unlearned original k belong together.

    AXIS "models": statistics are over models, and so is the only interval, a percentile bootstrap of the per-model
    values, None for fewer than two models; those over samples are None.

    A candidate with failed models (non-finite margins) gets rows with n_failed > 0 and None for every statistic, and
    NaN values: the survivors alone would flatter it. A NaN among the values of other candidates marks a sample for
    which the metric is not defined: statistics leave it out, and n_samples counts the rest. Where several models come
    from one (`Population.origin`), n and d count those, and subsets leave out all that come from one. Raises
    MetricError if oracles or originals have failed or if `score` returns other measures or splits than `measures`
    declares, and what `score` raises.
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
        values = _scored(score, (candidate, oracle, original), settings, score_rng)
        _require_declared(values, measures, candidate)
        if axis != "models":
            errors = _model_errors(score, (candidate, oracle, original), settings, model_rng, model_resamples)
    rows: list[Row] = []
    smallest = min(_units(side) for side in (candidate, oracle) if side)
    for measure, declared in measures.items():
        for split in candidate.present(declared["splits"]):
            row = _counts(measure, split, candidate, oracle)
            if not row["n_failed"]:
                own = _defined(values[measure][split])
                row |= {"n_samples": len(own)} if len(own) < len(values[measure][split]) else {}
                row |= _statistics(own)
                row |= _value_intervals(own, axis, value_rng, resamples)
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


def _scored(score: Callable[..., Values], sides: Sides, settings: Settings, rng: np.random.Generator) -> Values:
    candidate, oracle, original = sides
    third = {} if original is None else {"original": original}
    return score(candidate, oracle, **third, settings=settings, rng=rng)


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


def _statistics(values: NDArray) -> Row:
    if not len(values):
        return {}
    results = {name: statistic(values) for name, statistic in STATISTICS.items()}
    return {name: None if result is None else float(result) for name, result in results.items()}


def _value_intervals(values: NDArray, axis: str, rng: np.random.Generator, resamples: int) -> Row:
    """Percentile bootstrap of the values, over samples or over models, whichever the axis states."""
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


def _model_errors(
    score: Callable[..., Values],
    sides: Sides,
    settings: Settings,
    rng: np.random.Generator,
    resamples: int,
) -> Errors:
    """Jackknife standard errors of mean and p95 of each measure and split, [2], over the models of all sides."""
    models = [_units(side) for side in sides if side]
    if min(models) < FEWEST:
        return {}
    scale = max((n - _left_out(n)) / _left_out(n) for n in models)
    sides = _on_some_samples(sides, rng)
    drawn: dict[tuple[str, str], list[NDArray]] = {}
    for _ in range(resamples):
        subsets = _subsets(sides, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the estimate itself has warned already
            try:
                values = _scored(score, subsets, settings, rng)
            except TooFewError:
                return {}
        for measure, of_splits in values.items():
            for split, of_samples in of_splits.items():
                drawn.setdefault((measure, split), []).append(_mean_and_p95(_defined(of_samples)))
    return {key: np.sqrt(scale * np.var(results, axis=0, ddof=1)) for key, results in drawn.items()}


def _left_out(models: int) -> int:
    return max(1, models // 10)


def _units(side: Population) -> int:
    return int(side.units.max()) + 1


def _drawn(side: Population, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return all models but those of some units, in random order where each is one of its own."""
    kept = rng.permutation(_units(side))[_left_out(_units(side)) :]
    return kept if side.origin is None else np.flatnonzero(np.isin(side.units, kept))


def _defined(values: NDArray) -> NDArray:
    undefined = np.isnan(values)
    return values[~undefined] if undefined.any() else values


def _subsets(sides: Sides, rng: np.random.Generator) -> Sides:
    """Return some models of every side, drawn without replacement; with originals, the same ones of all sides."""
    candidate, oracle, original = sides
    kept = _drawn(candidate, rng)
    others = oracle and oracle.take_models(kept if original else _drawn(oracle, rng))
    return candidate.take_models(kept), others, original and original.take_models(kept)


def _on_some_samples(sides: Sides, rng: np.random.Generator) -> Sides:
    candidate, oracle, original = sides
    split = candidate.split
    samples = []
    for name in np.unique(split):
        of_split = np.flatnonzero(split == name)
        samples.append(rng.choice(of_split, min(len(of_split), SAMPLES_PER_MODEL_RESAMPLE), replace=False))
    chosen = np.sort(np.concatenate(samples))
    others = oracle and oracle.take_samples(chosen), original and original.take_samples(chosen)
    return candidate.take_samples(chosen), *others


def _mean_and_p95(values: NDArray) -> NDArray[np.float64]:
    if not len(values):
        return np.full(2, np.nan)
    return np.array([np.mean(values), np.percentile(values, 95)], np.float64)


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
