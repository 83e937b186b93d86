"""What the page says first: what was asked, which method is best, and what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unlearnkit.ranking.significance import LEVEL
from unlearnkit.report.numbers import number, shown
from unlearnkit.report.words import Words

Document = Mapping[str, Any]


def question(settings: Mapping[str, Any], sizes: Sequence[int], words: Words) -> str:
    """Return in two sentences what was asked, and what is compared; `sizes` are the forget samples per forget set."""
    variants, count = settings["variants"], settings["num_models"]
    methods = len({variant["method"] for variant in variants.values()})
    span = f" of {min(sizes):,} to {max(sizes):,} {words.samples}" if sizes and min(sizes) < max(sizes) else ""
    span = f" of {sizes[0]:,} {words.samples}" if sizes and not span else span
    forgotten = f"{'a forget set' if len(sizes) == 1 else f'one of {len(sizes)} forget sets'}{span}"
    several = f"Which of {len(variants)} variants of {_counted(methods, 'method')} makes"
    makes = several if len(variants) > 1 else f"Does {_joined([*variants])} make"
    asked = f"{makes} models behave as if they had never seen {forgotten}?"
    unlearned = (
        f"Unlearned models ({settings['model']['name']}, trained on {settings['data']['name']}) are compared with"
    )
    if not settings.get("limits", {}).get("oracles", True):
        return f"{asked} {unlearned} their originals; no oracle was trained."
    return (
        f"{asked} {unlearned} {_counted(count, 'original')}, trained on all {words.samples}, and with "
        f"{_counted(count, 'oracle')} per forget set, trained without it."
    )


def answer(board: Document, costs: Mapping[str, float | None]) -> list[str]:
    """Return in sentences which variant is best, by how much that is sure, and at which cost; one if none is ranked.

    `board` is a leaderboard (ranking.leaderboard), `costs` variant -> mean passes relative to retraining.
    """
    if not board["rankings"]:
        return ["No method is called best here: nothing can be ranked."]
    overall = board["rankings"][0]
    entries = overall["entries"]
    first = [entry for entry in entries if entry["rank"] == 1]
    names = _joined([entry["method"] for entry in first])
    tie = "share the first place" if len(first) > 1 else "ranks first"
    said = [
        f"{names} {tie} of {_counted(len(entries), 'variant')}, by mean rank ({shown(first[0]['mean_rank'], '.2f')}) "
        f"over {_counted(overall['cells'], 'comparison')} (forget set × metric)."
        if len(entries) > 1
        else f"{names} is the only variant that is ranked: there is no other method here to compare it with."
    ]
    said += _sure(overall, first) if len(entries) > 1 else []
    return [*said, *_floor(board, first), *_price(first, costs), *_others(board, {entry["method"] for entry in first})]


def cannot(board: Document) -> list[str]:
    """Return what the ranking cannot say, each with its reason, in sentences."""
    overall = board["rankings"][0]["cannot"] if board["rankings"] else []
    left = [f"Nothing is ranked by {name}: {why}." for name, why in board["metrics_left_out"].items()]
    return [*board["cannot"], *overall, *left]


def shows_differences(ranking: Document) -> bool:
    """Return whether Friedman's test shows that variants of a ranking differ; Nemenyi's may only then be asked which.

    Source: Demsar 2006 (JMLR 7).
    """
    return ranking["friedman"] is not None and ranking["friedman"]["p"] < LEVEL


def _sure(overall: Document, first: Sequence[Document]) -> list[str]:
    """Whether the first place could be chance."""
    entries, test = overall["entries"], overall["friedman"]
    if len(first) == len(entries):
        return ["No variant is better than another: all tie."]
    if test is None:
        return ["Whether this order is more than chance cannot be tested: there are too few variants or comparisons."]
    if not shows_differences(overall):
        return [f"No variant is shown to be better than another (Friedman, p = {number(test['p'])})."]
    alike = [entry["method"] for entry in entries if entry["like_the_best"] and entry["rank"] > 1]
    behind, them = len(entries) - len(alike) - len(first), "them" if len(first) > 1 else "it"
    if not alike:
        others = "All others are" if behind > 1 else "The other is"
        return [f"{others} behind {them} by more than chance (Friedman and Nemenyi, 5 %)."]
    text = f"{_joined(alike)} cannot be distinguished from {them} (Friedman and Nemenyi, 5 %)"
    behind_it = f"{behind} other{' is' if behind == 1 else 's are'} behind"
    return [f"{text}; {behind_it}." if behind else f"{text}: no method is shown to be the best."]


def _floor(board: Document, first: Sequence[Document]) -> list[str]:
    """In how many comparisons each of the first is at the floor, and by which metrics."""
    found = [(entry["method"], entry["at_floor"], entry["compared_with_floor"]) for entry in first]
    every = {of: f"any of {of} comparisons" if of > 1 else "the only comparison that is tested" for _, _, of in found}
    return [
        f"{name} cannot be distinguished from retraining in {every[of]}."
        if reached == of
        else f"{name} is at the floor, not distinguished from retraining, in {reached} of {of} comparisons"
        f"{_by_metric(board, name)}."
        for name, reached, of in found
        if of
    ]


def _by_metric(board: Document, name: str) -> str:
    """The same for every metric that is compared with the floor, in parentheses; nothing if there is only one."""
    counts = [
        f"{ranking['of']} {entry['at_floor']} of {entry['compared_with_floor']}"
        for ranking in board["rankings"][1:]
        for entry in ranking["entries"]
        if entry["method"] == name and entry["compared_with_floor"]
    ]
    return f" ({', '.join(counts)})" if len(counts) > 1 else ""


def _price(first: Sequence[Document], costs: Mapping[str, float | None]) -> list[str]:
    known = [(entry["method"], cost) for entry in first if (cost := costs.get(entry["method"])) is not None]
    return [f"{name} costs {number(cost, 2)} of the passes of retraining." for name, cost in known]


def _others(board: Document, best: set[str]) -> list[str]:
    """Metrics by which another variant is first."""
    found = {
        ranking["of"]: [e["method"] for e in ranking["entries"] if e["rank"] == 1] for ranking in board["rankings"][1:]
    }
    other = {metric: names for metric, names in found.items() if not best & {*names}}
    texts = [f"by {metric} {_joined(names)}" for metric, names in other.items()]
    return [f"Metrics disagree: first is {'; '.join(texts)}."] if texts else []


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def _counted(count: Any, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
