"""Tables of experiments that were never run: variants whose values are known."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.stats import t as student

from unlearnkit.ranking.cells import Cell

Row = dict[str, Any]
MODELS = 4
T = float(student.ppf(0.975, MODELS - 1))
"""What an interval over so many models reaches from its middle, in standard errors."""


def declared(
    direction: str = "lower", splits: tuple[str, ...] = ("forget", "validation"), high: float | None = None
) -> Any:
    """What a metric module declares."""
    measure = {"direction": direction, "low": 0.0, "high": high, "unit": "nats", "label": "Gap", "splits": splits}
    return SimpleNamespace(
        AXIS="samples", HEADLINE="gap", STATISTIC="mean", MEASURES={"gap": measure, "other": measure}
    )


def row(forget_set: str, candidate: str, split: str, value: float | None, error: float | None = 0.1) -> Row:
    """A row of a metric's table; None: two of four models failed."""
    low, high = (None if value is None or error is None else value + sign * T * error for sign in (-1, 1))
    return {
        "forget_set": forget_set,
        "candidate": candidate,
        "epoch": 3,
        "measure": "gap",
        "split": split,
        "mean": value,
        "mean_models_low": low,
        "mean_models_high": high,
        "n_models": MODELS,
        "n_failed": 2 if value is None else 0,
    }


def table(
    values: Mapping[str, Mapping[str, float | None]], error: float | None = 0.1, floor: float | None = 0.2
) -> list[Row]:
    """Return the rows of a metric: forget set -> variant -> value on forget samples, 0.5 on validation samples."""
    rows = []
    for forget_set, own in values.items():
        everyone = own if floor is None else {**own, "oracle": floor}
        for candidate, value in everyone.items():
            rows += [
                row(forget_set, candidate, split, at, error)
                for split, at in (("forget", value), ("validation", None if value is None else 0.5))
            ]
    return rows


def cell(values: list[float], errors: float = 0.1, direction: str = "lower", floor: float = 0.0) -> Cell:
    """A cell with one split."""
    own, freedom = np.array(values)[:, None], float(MODELS - 1)
    sides = (
        (own, np.full_like(own, errors), np.full_like(own, freedom)),
        map(np.array, ([floor], [float(errors)], [freedom])),
    )
    return Cell("some", "gap", direction, 0.0, *sides[0], *sides[1])


def settings(*variants: str, outside: Mapping[str, str] | None = None, metrics: tuple[str, ...] = ("gap",)) -> Row:
    """What LeaderboardGraph.settings() states."""
    return {
        "experiment": "made",
        "protocol": {
            "data": {"name": "digits"},
            "model": {"name": "mlp"},
            "num_models": 4,
            "forget_sets": {"some": {}},
        },
        "metrics": {metric: {} for metric in metrics},
        "variants": {name: {"method": f"method_{name}", "settings": {"lr": 0.1}} for name in variants},
        "outside": dict(outside or {}),
    }
