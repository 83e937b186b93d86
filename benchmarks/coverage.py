"""How often do intervals over models contain the true value? `python benchmarks/coverage.py` (about 6 minutes).

Writes benchmarks/results/coverage.md. Margins are drawn repeatedly from a known distribution. The true value of a
statistic at N is its mean over all draws; an interval covers it if it contains that value.
"""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from types import ModuleType

import numpy as np
from klom import processor

from unlearnkit.metrics.distribution import klom, margin_distance
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.summary import summarise

SAMPLES = 100
INTERVALS, DRAWS = 100, 400
SHIFTS = (0, 1, 2, 3, 4, 5)
ENDS = (("mean_models_low", "mean_models_high"), ("p95_models_low", "p95_models_high"))
RESULT = Path(__file__).parent / "results" / "coverage.md"


def pools(rng: np.random.Generator, models: int, shift: float, together: float) -> tuple[Population, Population]:
    """Return unlearned models and oracles of unit variance, of which the share `together` is common to all samples."""
    common, alone = rng.normal(size=(2, models, 1)), rng.normal(size=(2, models, SAMPLES + 2))
    margins = (np.sqrt(together) * common + np.sqrt(1 - together) * alone).astype(np.float32)
    margins[0] += shift
    split = np.repeat(["forget", "retain", "validation"], [SAMPLES, 1, 1])
    unlearned, oracle = (Population(side, side > 0, split) for side in margins)
    return unlearned, oracle


def statistics(metric: ModuleType, measure: str, sides: tuple[Population, Population]) -> np.ndarray:
    """Return mean and 95th percentile of the measure's values."""
    values = metric.score(*sides, settings=metric.Settings(), rng=np.random.default_rng(0))[measure]["forget"]
    return np.array([values.mean(), np.percentile(values, 95)])


def of_halves(metric: ModuleType, measure: str, sides: tuple[Population, Population], rng: np.random.Generator):
    """Return the former interval, [low and high, 2]: the quantiles of 50 centred random halves."""
    half = sides[0].models // 2
    drawn = []
    for _ in range(50):
        unlearned, oracle = (side.take_models(rng.permutation(side.models)[:half]) for side in sides)
        drawn.append(statistics(metric, measure, (unlearned, oracle)))
    return statistics(metric, measure, sides) + np.quantile(drawn - np.mean(drawn, axis=0), [0.025, 0.975], axis=0)


def of_jackknife(metric: ModuleType, measure: str, sides: tuple[Population, Population], rng: np.random.Generator):
    """Return the interval in the tables, [low and high, 2]."""
    options = {"settings": metric.Settings(), "measures": metric.MEASURES, "axis": metric.AXIS, "rng": rng}
    rows = summarise(metric.score, *sides, **options, resamples=1).rows
    row = next(row for row in rows if row["measure"] == measure)
    return np.array([[row[ends[0]] for ends in ENDS], [row[ends[1]] for ends in ENDS]], float)


def line(metric: ModuleType, measure: str, models: int, shift: float, together: float) -> str:
    """Return a table line: coverage and mean width over that of the true 95 % interval, of both intervals."""
    rng = np.random.default_rng([models, int(shift), int(10 * together)])
    drawn = np.array([statistics(metric, measure, pools(rng, models, shift, together)) for _ in range(DRAWS)])
    truth, width = drawn.mean(axis=0), np.ptp(np.quantile(drawn, [0.025, 0.975], axis=0), axis=0)
    ends = np.array(
        [
            [interval(metric, measure, sides, rng) for interval in (of_halves, of_jackknife)]
            for sides in (pools(rng, models, shift, together) for _ in range(INTERVALS))
        ]
    )  # [interval, kind, low and high, statistic]
    covered = ((ends[:, :, 0] <= truth) & (truth <= ends[:, :, 1])).mean(axis=0)
    wider = np.ptp(ends, axis=2).mean(axis=0) / width
    cells = [
        f"{covered[kind, statistic]:.2f} ({wider[kind, statistic]:.1f})" for statistic in (0, 1) for kind in (0, 1)
    ]
    text = f"| {measure} | {models} | {shift} | {truth[0]:.2f}, {truth[1]:.2f} | {' | '.join(cells)} |"
    print(text, flush=True)
    return text


def table(together: float) -> str:
    """Return the table's lines at one share of common variance."""
    lines = [line(klom, "klom", models, shift, together) for models in (100, 20) for shift in SHIFTS]
    for measure in ("wasserstein", "gaussian_kl") if together else ():
        lines += [line(margin_distance, measure, models, 3, together) for models in (100, 8)]
    return "\n".join(lines)


def report() -> str:
    """Return the measurements as Markdown."""
    head = """| measure | N | shift | mean, p95 | mean: halves | mean: jackknife | p95: halves | p95: jackknife |
|---|---|---|---|---|---|---|---|"""
    return f"""# Coverage of the intervals over models

Made by `python benchmarks/coverage.py` on {datetime.date.today()}.
{processor()}, {os.cpu_count()} logical cores, one thread used. Python {platform.python_version()},
NumPy {np.__version__}.

N unlearned models and N oracles, {SAMPLES} samples, normal margins of standard deviation 1; those of unlearned models
are shifted by `shift` standard deviations. A cell has the share of {INTERVALS} nominal 95 % intervals that contain
the true value, and in brackets their mean width relative to the central 95 % of {DRAWS:,} values. At a true coverage
of 0.95 the standard deviation of the share is 0.02. "halves" is the former interval: the value plus the quantiles of
50 centred random halves. "jackknife" is the interval in the tables (docs/metrics.md, Intervals).

The margins of the samples vary independently:

{head}
{table(0)}

Half of the variance is common to all samples of a model, as when a model fits all of them better:

{head}
{table(0.5)}
"""


if __name__ == "__main__":
    text = report()
    RESULT.write_text(text)
    print(text)
