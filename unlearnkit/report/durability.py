"""The values of the table `durability`: what metrics show before and after attacks, of unlearned models and of oracles.

What an attack brings back of a model counts only as far as it does not bring it to a model that never knew: oracles go
through the same attack, and distances of attacked models are distances from attacked oracles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from unlearnkit.metrics.regained import Contrast, Estimate, contrast, of_interval, of_models
from unlearnkit.report.cost import Record, cost_rows
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, UNLEARNED, WIDTH, styled
from unlearnkit.report.tables import failure, interval_of

Row = dict[str, Any]
SPLITS = ("forget", "validation")
"""Samples that a table has lines for: what was forgotten, and what the attack costs elsewhere."""
COLUMNS = (
    *("attack", "forget_set", "metric", "measure", "statistic", "unit", "direction", "split", "candidate"),
    *("before", "before_low", "before_high", "after", "after_low", "after_high", "failed"),
    *("oracle_before", "oracle_after", "apart", "apart_low", "apart_high", "more", "more_low", "more_high", "floor"),
    *("n_models", "n_samples", "passes", "relative_passes", "seconds"),
)
COLOURS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", UNLEARNED, "#8c6d31", "#843c39", "#7b4173", "#637939", MUTED)
"""Colours of variants, one after another."""


UNTRAINED: Row = {"passes": 0.0, "relative_passes": 0.0, "seconds": 0.0}
"""The costs of an attack that leaves models as they are."""


@dataclass(frozen=True)
class Scored:
    """The headline of a metric for a candidate on a forget set, after an `attack` ("": before any).

    `declared` is what the metric's module declares, `summaries` split -> row of statistics, `values` split -> values.
    """

    attack: str
    metric: str
    declared: Any
    forget_set: str
    candidate: str
    summaries: Mapping[str, Row]
    values: Mapping[str, NDArray]


def costs_of(records: Mapping[tuple[str, str, str], Sequence[Record]]) -> dict[tuple[str, str, str], Row]:
    """Return the last row of `cost_rows` for every (attack, forget set, candidate), from their provenance records.

    Those of oracles as they were trained, whose attack is "", are what costs are divided by.
    """
    priced = cost_rows(
        {
            (forget_set, f"{attack}/{candidate}" if attack else "oracle"): of_candidate
            for (attack, forget_set, candidate), of_candidate in records.items()
        }
    )
    named = ((row["candidate"].partition("/"), row) for row in priced)
    return {(attack, row["forget_set"], candidate): row for (attack, slash, candidate), row in named if slash}


def rows(scored: Iterable[Scored], costs: Mapping[tuple[str, str, str], Row], held_out: str | None = None) -> list[Row]:
    """Return a row for every attack, forget set, metric, split and candidate.

    `costs` are rows of `report.cost` by (attack, forget set, candidate), "" standing for all candidates; `held_out` is
    the candidate, if there is one, whose models are further oracles: what comes back of these is the `floor` of the
    others.
    """
    found = {
        (headline.attack, headline.metric, headline.forget_set, headline.candidate): headline for headline in scored
    }
    made = []
    for (attack, metric, forget_set, candidate), after in found.items():
        if not attack:
            continue
        before = found["", metric, forget_set, candidate]
        oracles = [found.get((when, metric, forget_set, "oracle")) for when in ("", attack)]
        cost = costs.get((attack, forget_set, candidate)) or costs.get((attack, forget_set, ""), {})
        for split in (name for name in after.summaries if name in SPLITS or len(after.summaries) == 1):
            row = {"attack": attack, "forget_set": forget_set, **_identity(after), "split": split}
            row |= {"candidate": candidate, **_values(before, after, oracles, split)}
            row |= {name: after.summaries[split].get(name) for name in ("n_models", "n_samples")}
            made.append({**row, **{name: cost.get(name) for name in ("passes", "relative_passes", "seconds")}})
    _add_floors(made, held_out)
    return made


def _add_floors(made: Sequence[Row], held_out: str | None) -> None:
    keys = ("attack", "forget_set", "metric", "split")
    floors = {tuple(row[key] for key in keys): row["more"] for row in made if row["candidate"] == held_out}
    for row in made:
        if row["candidate"] not in (held_out, "oracle"):
            row["floor"] = floors.get(tuple(row[key] for key in keys))


def _identity(scored: Scored) -> Row:
    headline = scored.declared.HEADLINE
    described = {name: scored.declared.MEASURES[headline][name] for name in ("unit", "direction")}
    return {"metric": scored.metric, "measure": headline, "statistic": scored.declared.STATISTIC, **described}


def _values(before: Scored, after: Scored, oracles: Sequence[Scored | None], split: str) -> Row:
    """Return values before and after with their intervals, those of the oracles, and what comes back beyond them."""
    statistic, row = after.declared.STATISTIC, dict[str, Any]()
    for name, side in (("before", before), ("after", after)):
        summary = side.summaries[split]
        low, high = interval_of(summary, statistic)
        row |= {name: summary[statistic], f"{name}_low": low, f"{name}_high": high}
    row["failed"] = "; ".join(filter(None, (failure(side.summaries[split]) for side in (before, after))))
    reference = [side.summaries[split][statistic] if side else None for side in oracles]
    row |= {"oracle_before": reference[0], "oracle_after": reference[1]}
    apart = more = Contrast(None, None, None)
    if after.candidate != "oracle" and (oracle_before := oracles[0]) and (oracle_after := oracles[1]):
        apart = contrast([_estimate(after, split)], [_estimate(oracle_after, split)])
        gained, lost = _change(before, after, split)
        oracle_gained, oracle_lost = _change(oracle_before, oracle_after, split)
        more = contrast([*gained, *oracle_lost], [*lost, *oracle_gained])
    for name, difference in (("apart", apart), ("more", more)):
        row |= {name: difference.value, f"{name}_low": difference.low, f"{name}_high": difference.high}
    return {**row, "floor": None}


def _change(before: Scored, after: Scored, split: str) -> tuple[list[Estimate], list[Estimate]]:
    """Return estimates whose sum, and whose sum to subtract, is the change: one, by model, where models have values."""
    sides = after.values[split], before.values[split]
    if _has_values_of_models(after) and len(sides[0]) == len(sides[1]):
        return [of_models(sides[0] - sides[1])], []
    return [_estimate(after, split)], [_estimate(before, split)]


def _estimate(side: Scored, split: str) -> Estimate:
    if _has_values_of_models(side):
        return of_models(side.values[split])
    row, statistic = side.summaries[split], side.declared.STATISTIC
    # a metric along models has a bootstrap of them, which states no standard error
    low, high = (row.get(f"{statistic}_models_{end}") for end in ("low", "high"))
    ends = (None, None) if side.declared.AXIS == "models" else (low, high)
    smaller = min(number for number in (row["n_models"], row.get("n_oracles")) if number is not None)
    return of_interval(row[statistic], *ends, row.get("n_independent") or smaller)


def _has_values_of_models(side: Scored) -> bool:
    return side.declared.AXIS == "models" and side.declared.STATISTIC == "mean"


def panels(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each metric and forget set, by attack, samples and candidate."""
    keys = dict.fromkeys((row["metric"], row["forget_set"]) for row in rows)
    return [[row for row in rows if (row["metric"], row["forget_set"]) == key] for key in keys]


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return a panel per metric and forget set: before and after each attack, candidates as points, oracles as bars."""
    drawn_rows = [[row for row in table if row["split"] != "validation"] for table in panels(rows)]
    columns = max(1, min(2, len(drawn_rows)))
    lines = max(1, -(-len(drawn_rows) // columns))
    drawn = Figure(figsize=(WIDTH, 3.0 * lines), layout="constrained")
    axes = drawn.subplots(lines, columns, squeeze=False).ravel()
    for subplot in axes[len(drawn_rows) :]:
        subplot.set_visible(False)
    names = [name for name in dict.fromkeys(row["candidate"] for row in rows) if name not in ("original", "oracle")]
    colours = {"original": ORIGINAL} | {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    for subplot, panel in zip(axes, drawn_rows, strict=False):
        _panel(subplot, panel, colours)
    if drawn_rows:
        handles, labels = axes[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, labelcolor=MUTED, fontsize=7)
    return drawn


def _panel(axes: Axes, panel: Sequence[Row], colours: Mapping[str, str]) -> None:
    attacks = list(dict.fromkeys(row["attack"] for row in panel))
    places = {(row["attack"], row["candidate"]): row for row in panel}
    for position, name in enumerate(["before", *attacks]):
        when, key = ("before", attacks[0]) if name == "before" else ("after", name)
        if (oracle := places.get((key, "oracle"))) and oracle[when] is not None:
            label = "_" if position else "oracle"
            axes.hlines(oracle[when], position - 0.4, position + 0.4, color=ORACLE, linewidth=2, label=label)
        for number, (candidate, colour) in enumerate(colours.items()):
            row = places.get((key, candidate), {})
            if row.get(when) is not None:
                place = position + 0.6 * ((number + 0.5) / len(colours) - 0.5)
                axes.plot(place, row[when], "o", color=colour, markersize=5, label=None if position else candidate)
    first = panel[0]
    axes.set_xticks(range(len(attacks) + 1), ["before", *attacks], rotation=20, fontsize=7)
    axes.set_title(f"{first['metric']} [{first['unit']}, {first['direction']}], {first['forget_set']}", fontsize=8)
