"""A leaderboard for readers: CSV, Markdown and a page of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from unlearnkit.ranking.standing import GROUPS
from unlearnkit.report.markup import inline, setting, templates
from unlearnkit.report.numbers import number, shown
from unlearnkit.report.passive import require_passive
from unlearnkit.report.tables import markdown
from unlearnkit.report.tuned import MARK, TunedOn

Document = Mapping[str, Any]
NOTES = (
    "Rank 1 is the best; = marks equal scores. Overall variants are ordered by their mean rank over comparisons "
    "(forget set × metric), of a metric by its mean value over forget sets, in the unit and the direction that the "
    "heading states; where it is to match the oracles, by the mean distance from their value.",
    "Group: the variants divided into three by their scores, with the share of bootstrap draws (comparisons, and "
    "values as other models might have given them) in which the variant is in that group.",
    "Like the best: within the critical difference of the best mean rank (Friedman and Nemenyi, 5 %). At the floor: "
    "comparisons in which the variant cannot be distinguished from the oracles (5 %, corrected by Benjamini and "
    "Hochberg).",
    "Tests take comparisons for independent. Those of several metrics of the same models are not, so differences "
    "between variants are less certain than they state.",
)
"""How to read a ranking."""


def leaderboard_rows(document: Document) -> list[dict[str, Any]]:
    """Return one flat row per ranking and variant, for CSV; a row of Nones if nothing is ranked."""
    found = [
        {
            "ranking": ranking["of"],
            "rank": entry["rank"],
            "variant": entry["method"],
            "method": document["variants"][entry["method"]]["method"],
            "tied": entry["tied"],
            **({"tuned_on": " ".join(_tuned_on(document).get(entry["method"], ()))} if _tuned_on(document) else {}),
            "group": entry["group"],
            **{f"share_{name}": (entry["confidence"] or {}).get(name) for name in GROUPS},
            **{name: entry[name] for name in ("score", "value", "mean_rank", "like_the_best")},
            **{name: entry[name] for name in ("at_floor", "compared_with_floor")},
            "cells": ranking["cells"],
        }
        for ranking in document["rankings"]
        for entry in ranking["entries"]
    ]
    names = ("ranking", "rank", "variant", "method", "tied", "group", "score", "value", "mean_rank", "cells")
    return found or [dict.fromkeys(names)]


LEFT_OUT = {
    "Outside the ranking": "outside",
    "Forget sets that rank nothing": "forget_sets_left_out",
    "Metrics that rank nothing": "metrics_left_out",
}
"""Heading -> what a leaderboard lists below it with the reasons."""


def leaderboard_markdown(document: Document) -> str:
    """Return the leaderboard as Markdown: a table per ranking, what it cannot say, and who is outside."""
    parts = [f"## Leaderboard of `{document['experiment']}`\n\n" + "\n\n".join(notes_of(document))]
    for ranking in document["rankings"]:
        table = markdown(header(document, ranking), shown_entries(document, ranking))
        parts.append(f"### {title(document, ranking)}\n\n{table}" + _listed(ranking["cannot"]))
    parts += [text for text in (_listed(document["cannot"]),) if text]
    for heading, key in LEFT_OUT.items():
        if document[key]:
            parts.append(f"### {heading}\n\n" + markdown(("name", "why"), [*document[key].items()]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def leaderboard_page(document: Document, svg: str) -> str:
    """Return the leaderboard as one HTML file that needs nothing but itself; every text is escaped.

    Raises ArtifactError if the figure holds more than shapes and text.
    """
    figure = require_passive(svg, "critical_difference.svg")
    template = templates().get_template("leaderboard.html")
    return template.render(
        document=document,
        left_out=[(heading, document[key]) for heading, key in LEFT_OUT.items() if document[key]],
        notes=notes_of(document),
        stated=[(key, setting(value)) for key, value in {**document["rule"], **document["protocol"]}.items()],
        boards=[
            (
                title(document, ranking),
                ranking,
                header(document, ranking),
                shown_entries(document, ranking),
                shown_pairs(ranking),
            )
            for ranking in document["rankings"]
        ],
        figure=inline(figure, "cd", "Mean ranks over all comparisons; bars join variants that do not differ.")
        if document["rankings"]
        else Markup(""),
    )


def notes_of(document: Document) -> tuple[str, ...]:
    """Return how to read the rankings, and which variants were tuned on forget sets that they are ranked by."""
    tuned = "; ".join(f"{name} on {', '.join(sets)}" for name, sets in _tuned_on(document).items())
    return (*NOTES, f"{MARK} tuned on forget sets that are ranked by ({tuned}), which flatters it.") if tuned else NOTES


def _direction(document: Document, ranking: Document) -> str | None:
    """The direction of the metric that a ranking is of; None overall."""
    return document["metrics"].get(ranking["of"], {"direction": None})["direction"]


def _tuned_on(document: Document) -> TunedOn:
    return document.get("tuned_on", {})


def title(document: Document, ranking: Document) -> str:
    """Return what a ranking is of: overall, or the headline of a metric."""
    over = f"{ranking['cells']} comparison{'s' * (ranking['cells'] != 1)}"
    if ranking["of"] not in document["metrics"]:
        return f"{ranking['of']}, {over}"
    metric, direction = document["metrics"][ranking["of"]], _direction(document, ranking)
    ideal = "to match the oracles, a lower distance is better" if direction == "match" else f"{direction} is better"
    return f"{ranking['of']}: {metric['statistic']} of {metric['headline']} [{metric['unit']}], {ideal}, {over}"


def header(document: Document, ranking: Document) -> list[str]:
    """Return the headings of a ranking's table; a metric's values are shown before the mean ranks of its variants."""
    direction = _direction(document, ranking)
    value = {None: [], "match": ["distance from the oracles"]}.get(direction, ["mean value"])
    return ["rank", "variant", "method", "group", *value, "mean rank", "like the best", "at the floor"]


def shown_entries(document: Document, ranking: Document) -> list[list[str]]:
    """Return the cells of a ranking's table, as text."""
    direction = _direction(document, ranking)
    shown_value = {None: (), "match": ("score",)}.get(direction, ("value",))
    return [
        [
            f"{entry['rank']}{' =' * entry['tied']}",
            entry["method"] + f" {MARK}" * (entry["method"] in _tuned_on(document)),
            document["variants"][entry["method"]]["method"],
            _group(entry),
            *(number(entry[name]) for name in shown_value),
            shown(entry["mean_rank"], ".2f"),
            {None: "", True: "yes", False: "no"}[entry["like_the_best"]],
            f"{entry['at_floor']} of {entry['compared_with_floor']}" if entry["compared_with_floor"] else "",
        ]
        for entry in ranking["entries"]
    ]


def shown_pairs(ranking: Document) -> list[list[str]]:
    """Return pairs of variants with the p values of Wilcoxon's test, as they are and after Holm, as text."""
    return [[pair["a"], pair["b"], f"{pair['p']:.3g}", f"{pair['p_holm']:.3g}"] for pair in ranking["pairs"]]


def _group(entry: Document) -> str:
    if entry["group"] is None:
        return ""
    share = "" if entry["confidence"] is None else f" ({entry['confidence'][entry['group']]:.0%})"
    return f"{entry['group']}{share}"


def _listed(cannot: Sequence[str]) -> str:
    return f"\nWhat cannot be said: {' '.join(cannot)}\n" if cannot else ""
