"""The table `sustainability`: how far models are from oracles after each of the requests that come one after another.

After every request the models are compared with oracles that were trained without all rows that had been asked for, on
these rows together and, where values are per sample, on those of each request: the drift of what was forgotten first.
MUSE (Shi et al. 2024) calls it sustainability how measures change with further requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from unlearnkit.metrics.summary import STATISTICS
from unlearnkit.report.numbers import shown
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, UNLEARNED, WIDTH, styled
from unlearnkit.report.tables import markdown as table

COLUMNS = (
    *("metric", "measure", "statistic", "unit", "direction", "chain", "candidate", "request", "forget_set"),
    *("rows", "n_values", "value"),
)
NOTE = (
    "After each request, models of the last snapshot against oracles that were trained without all rows asked for so "
    "far. `forget`: all these rows; `only` a forget set: the rows that its request has added, where a metric has a "
    "value per sample. `oracle`: oracles against other oracles, the floor."
)
PANELS = 3
"""Panels beside each other in the figure."""
VARIANTS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", UNLEARNED, "#8c6d31", "#843c39", "#7b4173", "#637939", MUTED)
"""Colours of variants, one after another: the others of Okabe and Ito's palette, then darker ones."""
ONLY = "only "
Row = dict[str, Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """The headline of a metric at the last snapshot of a candidate on a forget set.

    `declared` is what the metric's module declares. `values` are split -> values, NaN where undefined, and `samples`
    split -> sample indices, None without values per sample.
    """

    metric: str
    declared: Any
    forget_set: str
    candidate: str
    values: Mapping[str, Floats]
    samples: Mapping[str, npt.NDArray[np.integer]] | None


def rows(
    scored: Sequence[Scored], chains: Sequence[Sequence[str]], asked: Mapping[str, npt.NDArray[np.integer]]
) -> list[Row]:
    """Return a row for every chain, metric, candidate, request and set of rows, with the metric's own statistic.

    `chains` are forget sets in the order of their requests, `asked` forget set -> the rows that its request has added.
    """
    return [
        {
            **_identity(headline),
            "chain": " -> ".join(chain),
            "request": request,
            "forget_set": headline.forget_set,
            **part,
        }
        for chain in chains
        for headline in scored
        if headline.forget_set in chain
        for request in (chain.index(headline.forget_set) + 1,)
        for part in _parts(headline, {name: asked[name] for name in chain[:request]})
    ]


def markdown(rows: Sequence[Row]) -> str:
    """Return one Markdown table per metric and chain: a line per candidate and request, a column per set of rows."""
    parts = [NOTE]
    for group in _tables(rows):
        first, columns = group[0], _columns(group)
        lines = [
            [key[0], str(key[1]), key[2], *_cells(group, key, columns)]
            for key in dict.fromkeys((row["candidate"], row["request"], row["forget_set"]) for row in group)
        ]
        title = f"{first['metric']}: {first['statistic']} of {first['measure']} [{first['unit']}, {first['direction']}]"
        header = ["candidate", "request", "forget set", *columns]
        parts.append(f"### {title}\n\nRequests {first['chain']}\n\n{table(header, lines)}")
    return "\n\n".join(parts)


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return a panel per metric and chain: the value after each request on all rows asked for, and on the first ones.

    Lines are solid on all rows and dotted on those of the first request; originals and oracles have their colours.
    """
    tables = _tables(rows)
    columns = max(1, min(PANELS, len(tables)))
    lines = max(1, -(-len(tables) // columns))
    drawn = Figure(figsize=(WIDTH, 2.8 * lines), layout="constrained")
    panels = drawn.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(tables) :]:
        axes.set_visible(False)
    colours = _colours(rows)
    for axes, group in zip(panels, tables, strict=False):
        first = group[0]
        for candidate, colour in colours.items():
            for part, style in (("forget", "-"), (ONLY + first["chain"].split(" -> ")[0], ":")):
                points = [row for row in group if (row["candidate"], row["rows"]) == (candidate, part)]
                label = candidate if style == "-" else None
                requests, values = ([row[name] for row in points] for name in ("request", "value"))
                axes.plot(requests, values, style, color=colour, marker="o", markersize=3, linewidth=1, label=label)
        axes.set_title(f"{first['metric']} [{first['unit']}]\n{first['direction']}", fontsize=8)
        axes.set_xticks(sorted({row["request"] for row in group}))
        axes.set_xlabel(first["chain"], fontsize=7)
    if tables:
        handles, names = panels[0].get_legend_handles_labels()
        drawn.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, labelcolor=MUTED, fontsize=7)
    return drawn


def _identity(scored: Scored) -> Row:
    headline = scored.declared.HEADLINE
    described = {name: scored.declared.MEASURES[headline][name] for name in ("unit", "direction")}
    own_names = {"metric": scored.metric, "measure": headline, "statistic": scored.declared.STATISTIC}
    return {**own_names, **described, "candidate": scored.candidate}


def _parts(scored: Scored, asked: Mapping[str, npt.NDArray[np.integer]]) -> Iterator[Row]:
    """Yield name, number of values and statistic of the forget set, of what each request has added, of other splits."""
    statistic = scored.declared.STATISTIC
    for split in sorted(scored.values, key=lambda name: (name != "forget", name)):
        yield _part(split, scored.values[split], statistic)
        if split == "forget" and scored.samples is not None:
            for name, added in asked.items():
                yield _part(ONLY + name, scored.values[split][np.isin(scored.samples[split], added)], statistic)


def _part(name: str, values: Floats, statistic: str) -> Row:
    defined = values[~np.isnan(values)]
    value = float(STATISTICS[statistic](defined)) if len(defined) else None
    return {"rows": name, "n_values": len(defined), "value": value}


def _tables(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each metric and chain."""
    keys = dict.fromkeys((row["metric"], row["chain"]) for row in rows)
    return [[row for row in rows if (row["metric"], row["chain"]) == key] for key in keys]


def _columns(group: Sequence[Row]) -> list[str]:
    """The sets of rows that have a value: all that are forgotten, what each request has added, other splits."""
    there = dict.fromkeys(row["rows"] for row in group if row["value"] is not None)
    return sorted(there, key=lambda name: (name != "forget", not name.startswith(ONLY)))


def _cells(group: Sequence[Row], key: tuple[str, int, str], columns: Sequence[str]) -> list[str]:
    found = {row["rows"]: row["value"] for row in group if (row["candidate"], row["request"], row["forget_set"]) == key}
    return [shown(found.get(name)) for name in columns]


def _colours(rows: Sequence[Row]) -> dict[str, Any]:
    """Candidate -> colour: of originals and oracles their own, of variants one after another."""
    references = {"original": ORIGINAL, "oracle": ORACLE}
    others = [name for name in dict.fromkeys(row["candidate"] for row in rows) if name not in references]
    return references | {name: VARIANTS[number % len(VARIANTS)] for number, name in enumerate(others)}
