"""Trials: a metric on oracles against other oracles, and on the same oracles with something planted in them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from unlearnkit.config.settings import Settings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.arena.plants import KINDS, plant, planted_share
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

NULL, KEPT = "none", "kept"
STATISTICS = {"mean": np.mean, "p95": lambda values: np.percentile(values, 95)}
COLUMNS = ("models", "trial", "kind", "share", "planted", "measure", "value", "distance")
Row = dict[str, Any]


@dataclass(frozen=True)
class Pools:
    """Models to draw from: oracles, originals, and perhaps oracles that kept a part of the forget set (`kept`)."""

    oracles: Population
    originals: Population
    kept: Population | None = None

    def __post_init__(self) -> None:
        for name, pool in (("oracle", self.oracles), ("original", self.originals), ("kept", self.kept)):
            if pool is not None:
                require_finite(pool.margins, name)


def on_some_samples(pools: Pools, count: int, rng: np.random.Generator) -> Pools:
    """Return the pools on at most `count` samples of each split, the same ones for all models."""
    split = pools.oracles.split
    places = [np.flatnonzero(split == name) for name in np.unique(split)]
    chosen = np.sort(np.concatenate([rng.choice(each, min(len(each), count), replace=False) for each in places]))
    kept = pools.kept and pools.kept.take_samples(chosen)
    return Pools(pools.oracles.take_samples(chosen), pools.originals.take_samples(chosen), kept)


def plants_of(shares: Sequence[float]) -> list[tuple[str, float]]:
    """Return what is planted in every trial: every kind with every share, and originals alone."""
    return [*((kind, share) for kind in KINDS for share in shares), ("models", 1.0)]


def run_trials(
    metric: ModuleType,
    settings: Settings,
    pools: Pools,
    *,
    plants: Sequence[tuple[str, float]],
    sizes: Sequence[int],
    trials: int,
    rng: np.random.Generator,
) -> list[Row]:
    """Return one row per size, trial, plant and measure: models, trial, kind, share, planted, measure, value, distance.

    `metric` is a metric module. For every size n and trial, n oracles are the reference and n others the candidate, all
    drawn without replacement; n originals are drawn beside them. The candidate is scored as it is (kind "none") and
    with every one of `plants` (`plants.plant`, kind and share), with the same random draws; oracles that kept a part of
    the forget set are a candidate of the kind "kept". `planted` is the share in whole models or samples, which is what
    the candidate holds: shares that plant nothing are left out, and of those that plant equally much all but the
    nearest. `value` is the metric's statistic ("mean" or "p95") on the forget
    samples (or on the first declared split), turned so that it is higher for worse candidates (`_as_badness`), and
    `distance` states whether it is a distance from a target, so without a sign. Raises MetricError if there are fewer
    than 2n oracles or n originals, and what the metric raises.
    """
    if hasattr(settings, "num_models"):
        settings = settings.model_copy(update={"num_models": None})
    rows: list[Row] = []
    for models in sizes:
        _require_enough(pools, models)
        of_size: list[Row] = []
        for trial in range(trials):
            key = {"models": models, "trial": trial}
            for (kind, share, planted), values in _trial(metric, settings, pools, models, plants, rng):
                of_plant = {**key, "kind": kind, "share": share, "planted": planted}
                of_size += [{**of_plant, "measure": name, "value": value} for name, value in values.items()]
        rows += _as_badness(of_size, metric)
    return rows


def _as_badness(rows: Sequence[Row], metric: ModuleType) -> list[Row]:
    """The rows of one size with values that are higher for worse candidates.

    Where higher values are better, they change their sign. Where the oracles' own value is the target, it is the mean
    over the unplanted trials, and the value is the distance from it. Values of metrics without oracles are differences
    from the oracles of the same trial already, so their distance from 0 counts.
    """
    targets: dict[str, float] = {}
    for name, measure in metric.MEASURES.items():
        clean = [row["value"] for row in rows if row["measure"] == name and row["kind"] == NULL]
        if not metric.NEEDS_ORACLE:
            targets[name] = 0.0
        elif measure["direction"] == "match":
            targets[name] = float(np.mean(clean))
    signs = {name: -1 if measure["direction"] == "higher" else 1 for name, measure in metric.MEASURES.items()}

    def worse(row: Row) -> float:
        name, value = row["measure"], row["value"]
        return abs(value - targets[name]) if name in targets else signs[name] * value

    return [{**row, "value": worse(row), "distance": row["measure"] in targets} for row in rows]


def _trial(
    metric: ModuleType,
    settings: Settings,
    pools: Pools,
    models: int,
    plants: Sequence[tuple[str, float]],
    rng: np.random.Generator,
) -> Iterator[tuple[tuple[str, float, float], dict[str, float]]]:
    drawn, seed = rng.permutation(pools.oracles.models), int(rng.integers(2**63))
    oracle, clean = (pools.oracles.take_models(part) for part in (drawn[:models], drawn[models : 2 * models]))
    original = pools.originals.take_models(rng.permutation(pools.originals.models)[:models])
    candidates: dict[tuple[str, float, float], Population | None] = {(NULL, 0.0, 0.0): clean}
    for (kind, share), planted in _whole_plants(plants, clean).items():
        candidates[kind, share, planted] = plant(kind, planted, clean, original, np.random.default_rng(seed))
    if pools.kept is not None:
        candidates[KEPT, 1.0, 1.0] = pools.kept.take_models(rng.permutation(pools.kept.models)[:models])
    none = dict.fromkeys(metric.MEASURES, 0.0)
    target = none if metric.NEEDS_ORACLE else _statistics(metric, settings, (oracle, oracle, original), seed)
    for key, candidate in candidates.items():
        if candidate is not None:
            statistics = _statistics(metric, settings, (candidate, oracle, original), seed)
            yield key, {name: value - target[name] for name, value in statistics.items()}


def _whole_plants(plants: Sequence[tuple[str, float]], clean: Population) -> dict[tuple[str, float], float]:
    """Kind and share -> the share that is planted: none that plants nothing, and no two that plant equally much."""
    planted = {key: planted_share(*key, clean) for key in plants}
    nearest: dict[tuple[str, float], tuple[str, float]] = {}
    for key in sorted(planted, key=lambda key: abs(key[1] - planted[key])):
        nearest.setdefault((key[0], planted[key]), key)
    return {key: share for key, share in planted.items() if share and nearest[key[0], share] == key}


def _statistics(metric: ModuleType, settings: Settings, sides: Sequence[Population], seed: int) -> dict[str, float]:
    candidate, oracle, original = sides
    third = {"original": original} if getattr(metric, "NEEDS_ORIGINAL", False) else {}
    second = oracle if metric.NEEDS_ORACLE else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = metric.score(candidate, second, **third, settings=settings, rng=np.random.default_rng(seed))
    return {name: _statistic(metric, name, values[name]) for name in metric.MEASURES}


def _statistic(metric: ModuleType, measure: str, by_split: Mapping[str, np.ndarray]) -> float:
    values = by_split["forget"] if "forget" in by_split else next(iter(by_split.values()))
    if not np.isfinite(values).all():
        why = metric.MEASURES[measure].get("undefined", "for some candidate")
        raise MetricError(f"{measure} is not finite {why}", expected="values of every candidate")
    return float(STATISTICS[metric.STATISTIC](values))


def _require_enough(pools: Pools, models: int) -> None:
    if pools.oracles.models < 2 * models or pools.originals.models < models:
        raise MetricError(
            f"there are {pools.oracles.models} oracles and {pools.originals.models} originals for trials of {models} "
            "models",
            expected=f"at least {2 * models} oracles and {models} originals",
            remedy="lower arena.sizes or train more models",
        )
