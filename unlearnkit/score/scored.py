"""Metrics of margins against oracles, beside what other oracles score: the noise floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unlearnkit import registry
from unlearnkit.declarations import declarations
from unlearnkit.metrics.distribution.verdicts import concluded
from unlearnkit.metrics.jackknife import FEWEST
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.scoring import score_candidate

FEWEST_FOR_VERDICT = FEWEST
"""Models of each side below which there is no interval, so no verdict."""
CERTIFICATE = "relative"
DEFAULT = ("klom", "margin_distance")
SEED = 0

Row = dict[str, Any]


def scorable() -> tuple[str, ...]:
    """Return the metrics that compare margins alone with oracles, sample by sample: smaller values are nearer."""
    found = []
    for name, module in registry.METRICS.items():
        stated = declarations(module)
        alone = stated.NEEDS_ORACLE and tuple(stated.READS) == ("margins",) and stated.AXIS == "samples"
        if alone and dict(stated.MEASURES)[stated.HEADLINE]["direction"] == "lower":
            found.append(name)
    return tuple(found)


def scores(sides: Mapping[str, Population], metrics: Sequence[str]) -> list[Row]:
    """Return a row for every metric and split: value, interval, floor at the same N, and what these say.

    `sides` are "candidate", "oracle", perhaps "original" and "floor", other oracles. Without other oracles half of them
    are the floor and the other half the reference. The certificate is added where there are originals. `verdict` is
    "above the floor" where the intervals of candidate and floor lie apart, "at the floor" where they do not, and "too
    few models" where there are no intervals. Raises MetricError as metrics do.
    """
    candidate, oracle = sides["candidate"], sides["oracle"]
    rows = []
    for name in metrics:
        whole = _of(name, candidate, oracle)
        count, values, floor = _beside_floor(name, sides)
        for split, row in whole.items():
            rows.append(
                {"metric": name, "split": split, **row, **_compared(count, values.get(split), floor.get(split))}
            )
    return rows + (_certificate(sides) if "original" in sides else [])


def _of(name: str, candidate: Population, oracle: Population) -> dict[str, Row]:
    """Return split -> statistic of the headline of a metric, with its interval over models."""
    metric = registry.load("metric", name)
    summary = score_candidate(metric, metric.Settings(), {0: candidate}, oracle, seed=SEED)[0]
    statistic = metric.STATISTIC
    return {
        str(row["split"]): {
            "measure": metric.HEADLINE,
            "statistic": statistic,
            "unit": metric.MEASURES[metric.HEADLINE]["unit"],
            "value": row[statistic],
            "low": row.get(f"{statistic}_models_low"),
            "high": row.get(f"{statistic}_models_high"),
            "n_models": candidate.models,
            "n_oracles": oracle.models,
            "n_samples": row["n_samples"],
        }
        for row in summary.rows
        if row["measure"] == metric.HEADLINE
    }


def _beside_floor(name: str, sides: Mapping[str, Population]) -> tuple[int, dict[str, Row], dict[str, Row]]:
    """Return how many models are compared with as many oracles, and split -> row of candidate and of the floor."""
    candidate, oracle, other = sides["candidate"], sides["oracle"], sides.get("floor")
    count = min(candidate.models, oracle.models // 2 if other is None else min(oracle.models, other.models))
    if count < 2:
        return count, {}, {}
    reference = oracle.first_models(count)
    floor = oracle.take_models(slice(count, 2 * count)) if other is None else other.first_models(count)
    return count, _of(name, candidate.first_models(count), reference), _of(name, floor, reference)


def _compared(count: int, row: Row | None, floor: Row | None) -> Row:
    if row is None or floor is None:
        return {"floor_n": count, "value_at_floor_n": None, "floor": None, "verdict": "too few models"}
    found = {"floor_n": count, "value_at_floor_n": row["value"], "floor": floor["value"]}
    if row["low"] is None or floor["high"] is None:
        return {**found, "verdict": "too few models"}
    return {**found, "verdict": "above the floor" if row["low"] > floor["high"] else "at the floor"}


def _certificate(sides: Mapping[str, Population]) -> list[Row]:
    """Return what the certificate says of the forget set, in the words of its table."""
    metric = registry.load("metric", CERTIFICATE)
    count = min(sides[name].models for name in ("candidate", "oracle", "original"))
    common = {"metric": CERTIFICATE, "split": "forget", "measure": "p_holm", "unit": "probability", "n_models": count}
    if count < metric.MIN_MODELS:
        return [{**common, "value": None, "verdict": "too few models"}]
    settings = metric.Settings(num_models=count)
    candidate, oracle, original = (sides[name] for name in ("candidate", "oracle", "original"))
    found = score_candidate(metric, settings, {0: candidate}, oracle, original=original, seed=SEED)[0]
    identity = {"candidate": "candidate", "epoch": 0, "forget_set": "forget"}
    rows = concluded([{**identity, **row} for row in found.rows], settings.level, settings.permutations)
    row = next(row for row in rows if row["split"] == "forget")
    verdict = row["nearer_to"]
    words = f"nearer to {verdict}" if verdict in ("oracles", "originals") else verdict
    return [{**common, "value": row["p_holm"], "n_samples": int((candidate.split == "forget").sum()), "verdict": words}]
