"""How many models a metric needs: its value on oracles and originals against the number of models, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.report.markup import inline
from unlearnkit.report.style import ORACLE, ORIGINAL, WIDTH, axis_title, styled, svg
from unlearnkit.seeds import derive_seed

Row = Mapping[str, Any]
DRAWS = 1000
FEWEST = 2
SIDES = {"floor": ("oracles", ORACLE, "o"), "original": ("originals", ORIGINAL, "s")}
"""Side of a point -> its label, colour and shape in the figure."""
STATISTICS = {"mean": np.mean, "p95": lambda values, axis: np.percentile(values, 95, axis=axis)}


@dataclass(frozen=True)
class Counts:
    """Values of a metric's headline against the number of models, on one forget set and split.

    `points` are as `metrics.arena.sizes.curves` returns them: models, and per side ("floor", "original") the value with
    `_low` and `_high`, the central 95 %; where they come from trials, `detectable` and `recommended` as well. Without
    points `why` says so. `drawn` is the curve.
    """

    points: Sequence[Row] = ()
    forget_set: str = ""
    split: str = ""
    why: str = ""
    from_trials: bool = False
    drawn: Markup = field(default_factory=Markup)


def read_counts(
    metrics: Mapping[str, ModuleType],
    references: Mapping[str, Mapping[str, str]],
    trials: Sequence[Row] | None,
    settings: Mapping[str, Any],
    configuration: str = "",
) -> dict[str, Counts]:
    """Return metric -> its curve, by `counts_of`.

    `references` metric -> side of SIDES -> score file on the first forget set, `settings` seed and forget sets,
    `configuration` the option by which a command names the configuration.
    """
    first = next(iter(settings["forget_sets"]))
    found = {}
    for name, metric in metrics.items():
        values = {side: read_final_scores(path, metric.HEADLINE) for side, path in references.get(name, {}).items()}
        seed = derive_seed(settings["seed"], f"counts {name}", 0, "bootstrap")
        found[name] = counts_of(metric, name, trials, values, first, seed, configuration)
    return found


def counts_of(
    metric: ModuleType,
    name: str,
    trials: Sequence[Row] | None,
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    forget_set: str,
    seed: int,
    configuration: str = "",
) -> Counts:
    """Return the curve of a metric from trials, else from its values per model, else why there is none.

    `trials` are the rows of the table `sizes`, None if that is not made; `values` side of SIDES -> split -> a value
    per model on `forget_set`, nothing where a metric has none.
    """
    of_metric = [row for row in trials or () if (row["metric"], row["measure"]) == (name, metric.HEADLINE)]
    if of_metric:
        first = of_metric[0]["forget_set"]
        of_metric = [row for row in of_metric if row["forget_set"] == first]
        return _with_curve(Counts(of_metric, first, "forget", from_trials=True), metric)
    split = next((split for by_split in values.values() for split in by_split), "")
    models = {side: by_split[split] for side, by_split in values.items() if split in by_split}
    models = {side: each[np.isfinite(each)] for side, each in models.items()}
    if models and all(len(each) > FEWEST for each in models.values()):
        return _with_curve(Counts(resampled(models, metric.STATISTIC, seed), forget_set, split), metric)
    return Counts(why=_why(metric, trials is not None, bool(models), configuration))


def resampled(values: Mapping[str, NDArray[np.float64]], statistic: str, seed: int) -> list[dict[str, float]]:
    """Return a point per number of models: what the statistic of so many would be, and the central 95 % of it.

    `values` side -> a value per model. So many models are drawn with replacement, DRAWS times: without, the interval
    would close at the number of models that there are, though other models would have given another value. The
    numbers are powers of two, and all models of the smaller side. The same seed gives the same points.
    """
    rng = np.random.default_rng(seed)
    most = min(map(len, values.values()))
    sizes = [*(size for size in (2**power for power in range(1, 20)) if size < most), most]
    points = []
    for size in sizes:
        point: dict[str, float] = {"models": size}
        for side, numbers in values.items():
            drawn = STATISTICS[statistic](rng.choice(numbers, (DRAWS, size)), axis=1)
            low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
            point |= {side: float(np.mean(drawn)), f"{side}_low": low, f"{side}_high": high}
        points.append(point)
    return points


@styled
def curve(points: Sequence[Row], declared: Mapping[str, Any]) -> Figure:
    """Return the values of oracles and originals against the number of models, bands for the central 95 %."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    sizes = [point["models"] for point in points]
    for side, (label, colour, marker) in SIDES.items():
        if side not in points[0]:
            continue
        low, middle, high = ([point[f"{side}{end}"] for point in points] for end in ("_low", "", "_high"))
        axes.fill_between(sizes, low, high, color=f"{colour}33", linewidth=0)
        axes.plot(sizes, middle, color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("models of a side")
    axes.set_ylabel(axis_title(declared))
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return figure


def _with_curve(counts: Counts, metric: ModuleType) -> Counts:
    declared = metric.MEASURES[metric.HEADLINE]
    alt = f"{declared['label']} of oracles and originals against the number of models. The values are in the table."
    drawn = inline(svg(curve(counts.points, declared)), "counts", alt)
    return replace(counts, drawn=drawn)


def _why(metric: ModuleType, tried: bool, of_models: bool, configuration: str) -> str:
    if of_models:
        return "There are too few models to draw fewer of them."
    if tried:
        return "The table of sizes has no row of it: `tables/sizes.md` gives the reason."
    one = "one value stands for all models" if metric.AXIS == "population" else "a sample's value is that of all models"
    if metric.AXIS == "models":
        return "There is one model of each kind, so no smaller number can be drawn."
    return (
        f"Here {one} together, so that every smaller number of models has to be scored for itself. "
        f"`snakemake sizes_all{configuration}` does that and recommends a number; "
        "with `arena: {sizes: [...]}` in the configuration the curve is shown here."
    )
