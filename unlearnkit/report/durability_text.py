"""The table `durability` as text: what the attacks are and cost, how to read a metric, and a line per candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Any

from unlearnkit.metrics.jackknife import FEWEST
from unlearnkit.report.durability import panels
from unlearnkit.report.numbers import between, shown
from unlearnkit.report.tables import markdown as table

Row = dict[str, Any]
NOTE = (
    "Models at their last snapshot, before and after each attack. Oracles never knew what was to be forgotten and "
    "go through the same attack; after it, metrics compare with oracles after the same attack. `apart`: after minus "
    "oracles after, how far from an attacked oracle a model is in the end. `more`: how much more the value changes "
    "than that of the oracles. 0: what comes back comes to a model that never knew, too. `more` does not say what a "
    "model knows: one that has forgotten nothing has little to relearn, so oracles change more. `floor`: `more` of "
    "further oracles, which never knew: one draw of how large it is by chance. Intervals are 95 % over models; "
    f"there are none for fewer than {FEWEST} models (2, where a metric has one value per model). Where a metric has "
    "no value per model, the interval of `more` takes values before and after for those of different models: it is "
    "far too wide rather than too narrow."
)
KNOWING = {
    "higher knows more": (
        *("margin", "text_mia", "reference_mia", "gradient_mia", "extraction_strength", "exact_memorisation"),
        *("extraction_likelihood", "continuation", "bert_score", "dialogue_f1", "last_word", "verbatim_memorisation"),
        *("knowledge_memorisation", "multiple_choice", "probability", "rouge"),
    ),
    "lower knows more": ("perplexity", "calibration", "closer_look", "priv_leak"),
}
"""On what was to be forgotten, of metrics whose target is the oracles' own value; not stated of others."""
DISTANCE = {
    "lower": "a distance: what grows by more than that of oracles comes back, or is destroyed",
    "higher": "a quality, of forgetting or of use: it is lost where it falls by more than that of oracles",
}


def markdown(
    rows: Sequence[Row],
    attacks: Mapping[str, Row],
    left_out: Sequence[str],
    prompts: Mapping[tuple[str, str], Row] = MappingProxyType({}),
) -> str:
    """Return the attacks with their cost, and one table per metric and forget set: a line per attack and candidate.

    `prompts` are the records of attacks on prompts by (attack, forget set).
    """
    parts = [NOTE, _attacks(rows, attacks), *_of_prompts(prompts), *_on_validation(attacks)]
    if left_out:
        parts.append(f"Not attacked: {', '.join(left_out)}.")
    header = ["attack", "samples", "candidate", "before", "after", "oracles before", "oracles after"]
    for panel in panels(rows):
        first = panel[0]
        title = f"{first['metric']}: {first['statistic']} of {first['measure']} [{first['unit']}, {reading(first)}]"
        known = " ".join([f"Forget set {first['forget_set']}", *_known(panel, attacks)])
        lines = table([*header, "apart", "more", "floor"], [*map(_cells, panel)])
        parts.append(f"### {title}\n\n{known}\n\n{lines}")
    return "\n\n".join(parts)


def reading(row: Row) -> str:
    """Return how to read a value of a row: which direction is that of knowing what was to be forgotten."""
    if row["direction"] != "match":
        return f"{row['direction']}; {DISTANCE[row['direction']]}"
    known = [words for words, metrics in KNOWING.items() if row["metric"] in metrics]
    return "; ".join(["match", *(known or ["the direction of knowing is not stated"])])


def _attacks(rows: Sequence[Row], attacks: Mapping[str, Row]) -> str:
    """Return the table of what each attack is and costs: the mean over candidates and forget sets."""
    lines = []
    for name, settings in attacks.items():
        of_attack = [row for row in rows if row["attack"] == name]
        stated = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "attack" and value is not None)
        costs = (_mean(row[key] for row in of_attack) for key in ("passes", "relative_passes", "seconds"))
        forms = zip(costs, (".0f", ".4f", ".4f"), strict=True)
        lines.append([name, settings["attack"], stated, *(shown(value, form) for value, form in forms)])
    return table(["attack", "what", "settings", "sample passes", "relative passes", "seconds"], lines) + (
        "\nPasses and seconds are per model; relative passes are divided by those of retraining."
    )


def _of_prompts(prompts: Mapping[tuple[str, str], Row]) -> Iterator[str]:
    """Yield what attacks on prompts change: which share of the forget prompts, and what their tokens cost."""
    for (attack, forget_set), record in prompts.items():
        before, after = (record["prompt_tokens"][when] for when in ("before", "after"))
        yield (
            f"{attack} asks {record['changed']} of the {record['forgotten']} questions of {forget_set} in another way: "
            f"prompts of {after:.1f} tokens on average in place of {before:.1f}. Models are those before; nothing is "
            "trained."
        )


def _on_validation(attacks: Mapping[str, Row]) -> Iterator[str]:
    trained = [name for name, settings in attacks.items() if settings.get("on") == "validation"]
    if trained:
        yield (
            f"Trained on validation samples: {', '.join(trained)}. After it, lines of validation samples are of "
            "samples that were seen, and metrics that take them for unseen (membership inference) say nothing."
        )


def _known(panel: Sequence[Row], attacks: Mapping[str, Row]) -> Iterator[str]:
    """Yield which share of the forgotten samples each attack has trained on, since values are of all of them."""
    sizes = {row["attack"]: row["n_samples"] for row in panel if row["split"] == "forget" and row["n_samples"]}
    for name, settings in attacks.items():
        if (items := settings.get("items")) and (size := sizes.get(name)):
            yield f"({name} trains on {min(items, size)} of its {size} samples, which are among those of the values)"


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


def _cells(row: Row) -> list[str]:
    def value(name: str) -> str:
        return f"{shown(row[name])} {between(row.get(f'{name}_low'), row.get(f'{name}_high'), 3)}".strip()

    names = ("before", "after", "oracle_before", "oracle_after", "apart", "more", "floor")
    values = [row["failed"]] * len(names) if row["failed"] else [value(name) for name in names]
    return [row["attack"], row["split"], row["candidate"], *values]
