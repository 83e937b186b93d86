"""The table `durability`: what metrics show before and after attacks, of unlearned models and of oracles.

What an attack brings back of a model counts only as far as it does not bring it to a model that never knew: oracles go
through the same attack, with the same draws, and distances of attacked models are distances from attacked oracles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from unlearnkit.metrics.regained import Regained, regained
from unlearnkit.report.cost import Record, cost_rows
from unlearnkit.report.numbers import between, shown
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, UNLEARNED, WIDTH, styled
from unlearnkit.report.tables import failure, interval_of
from unlearnkit.report.tables import markdown as table

Row = dict[str, Any]
SPLITS = ("forget", "validation")
"""Samples that a table has lines for: what was forgotten, and what the attack costs elsewhere."""
COLUMNS = (
    *("attack", "forget_set", "metric", "measure", "statistic", "unit", "direction", "split", "candidate"),
    *("before", "before_low", "before_high", "after", "after_low", "after_high", "failed"),
    *("oracle_before", "oracle_after", "more", "more_low", "more_high", "n_values"),
    *("passes", "relative_passes", "seconds"),
)
NOTE = (
    "Models at their last snapshot, before and after each attack, with 95 % intervals over models. Oracles never knew "
    "what was to be forgotten and go through the same attack; after it, metrics compare with oracles after the same "
    "attack. `more`: how much more the value changes than that of the oracles, with a 95 % bootstrap interval over "
    "samples (or models, where a metric has one value per model). 0: what comes back comes to a model that never knew, "
    "too."
)
COLOURS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", UNLEARNED, "#8c6d31", "#843c39", "#7b4173", "#637939", MUTED)
"""Colours of variants, one after another."""


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
            (forget_set, f"{attack}/{candidate}" if attack else "oracle"): own
            for (attack, forget_set, candidate), own in records.items()
        }
    )
    named = ((row["candidate"].partition("/"), row) for row in priced)
    return {(attack, row["forget_set"], candidate): row for (attack, slash, candidate), row in named if slash}


def rows(scored: Iterable[Scored], costs: Mapping[tuple[str, str, str], Row], seed: int) -> list[Row]:
    """Return a row for every attack, forget set, metric, split and candidate.

    `costs` are rows of `report.cost` by (attack, forget set, candidate), `seed` is that of the bootstrap.
    """
    found = {(own.attack, own.metric, own.forget_set, own.candidate): own for own in scored}
    made = []
    for (attack, metric, forget_set, candidate), after in found.items():
        if not attack:
            continue
        before = found["", metric, forget_set, candidate]
        oracles = [found.get((when, metric, forget_set, "oracle")) for when in ("", attack)]
        cost = costs.get((attack, forget_set, candidate), {})
        for split in (name for name in after.summaries if name in SPLITS or len(after.summaries) == 1):
            own = {"attack": attack, "forget_set": forget_set, **_identity(after), "split": split}
            rng = np.random.default_rng(seed)
            own |= {"candidate": candidate, **_values(before, after, oracles, split, rng)}
            made.append({**own, **{name: cost.get(name) for name in ("passes", "relative_passes", "seconds")}})
    return made


def _identity(own: Scored) -> Row:
    headline = own.declared.HEADLINE
    described = {name: own.declared.MEASURES[headline][name] for name in ("unit", "direction")}
    return {"metric": own.metric, "measure": headline, "statistic": own.declared.STATISTIC, **described}


def _values(
    before: Scored, after: Scored, oracles: Sequence[Scored | None], split: str, rng: np.random.Generator
) -> Row:
    """Return values before and after with their intervals, those of the oracles, and what comes back beyond them."""
    statistic, row = after.declared.STATISTIC, dict[str, Any]()
    for name, side in (("before", before), ("after", after)):
        summary = side.summaries[split]
        low, high = interval_of(summary, statistic)
        row |= {name: summary[statistic], f"{name}_low": low, f"{name}_high": high}
    row["failed"] = "; ".join(filter(None, (failure(side.summaries[split]) for side in (before, after))))
    reference = [side.summaries[split][statistic] if side else None for side in oracles]
    row |= {"oracle_before": reference[0], "oracle_after": reference[1]}
    more = _more([before, after, *oracles], split, statistic, rng) if after.candidate != "oracle" else None
    value, low, high, count = more or Regained(None, None, None, len(after.values[split]))
    return {**row, "more": value, "more_low": low, "more_high": high, "n_values": count}


def _more(sides: Sequence[Scored | None], split: str, statistic: str, rng: np.random.Generator) -> Regained | None:
    values = [side.values[split] for side in sides if side]
    if len(values) < len(sides) or len({len(own) for own in values}) > 1:
        return None
    return regained(*values, statistic=statistic, rng=rng)


def markdown(rows: Sequence[Row], attacks: Mapping[str, Row], left_out: Sequence[str]) -> str:
    """Return the attacks with their cost, and one table per metric and forget set: a line per attack and candidate."""
    parts = [NOTE, _attacks(rows, attacks)]
    if left_out:
        parts.append(f"Not attacked: {', '.join(left_out)}.")
    for own in _panels(rows):
        first = own[0]
        title = f"{first['metric']}: {first['statistic']} of {first['measure']} [{first['unit']}, {first['direction']}]"
        header = ["attack", "samples", "candidate", "before", "after", "oracles before", "oracles after", "more"]
        parts.append(f"### {title}\n\nForget set {first['forget_set']}\n\n{table(header, [*map(_cells, own)])}")
    return "\n\n".join(parts)


def _attacks(rows: Sequence[Row], attacks: Mapping[str, Row]) -> str:
    """Return the table of what each attack is and costs: the mean over candidates and forget sets."""
    lines = []
    for name, settings in attacks.items():
        own = [row for row in rows if row["attack"] == name]
        stated = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "attack" and value is not None)
        costs = (_mean(row[key] for row in own) for key in ("passes", "relative_passes", "seconds"))
        forms = zip(costs, (".0f", ".4f", ".4f"), strict=True)
        lines.append([name, settings["attack"], stated, *(shown(value, form) for value, form in forms)])
    return table(["attack", "what", "settings", "sample passes", "relative passes", "seconds"], lines) + (
        "\nPasses and seconds are per model; relative passes are divided by those of retraining."
    )


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


def _cells(row: Row) -> list[str]:
    def value(name: str) -> str:
        return f"{shown(row[name])} {between(row.get(f'{name}_low'), row.get(f'{name}_high'), 3)}".strip()

    names = ("before", "after", "oracle_before", "oracle_after", "more")
    own = [row["failed"]] * len(names) if row["failed"] else [value(name) for name in names]
    return [row["attack"], row["split"], row["candidate"], *own]


def _panels(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each metric and forget set, by attack, samples and candidate."""
    keys = dict.fromkeys((row["metric"], row["forget_set"]) for row in rows)
    return [[row for row in rows if (row["metric"], row["forget_set"]) == key] for key in keys]


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return a panel per metric and forget set: before and after each attack, candidates as points, oracles as bars."""
    panels = [[row for row in own if row["split"] != "validation"] for own in _panels(rows)]
    columns = max(1, min(2, len(panels)))
    lines = max(1, -(-len(panels) // columns))
    drawn = Figure(figsize=(WIDTH, 3.0 * lines), layout="constrained")
    axes = drawn.subplots(lines, columns, squeeze=False).ravel()
    for own in axes[len(panels) :]:
        own.set_visible(False)
    names = [name for name in dict.fromkeys(row["candidate"] for row in rows) if name not in ("original", "oracle")]
    colours = {"original": ORIGINAL} | {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    for own, panel in zip(axes, panels, strict=False):
        _panel(own, panel, colours)
    if panels:
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
