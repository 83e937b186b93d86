"""The stages: every kind of artifact once, in the order in which they are made.

A row states where artifacts of a stage lie, what determines them beside their inputs, and what their models draw. From
this table derive what a path says (`places`), the parameters of the rules (`rules/common.smk`), what a record is
compared with (`workflow.present`) and the seeds that `unlearnkit trace` states (`lineage.seeding`). A new stage is a
path in `layout`, a row here, a rule and its script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unlearnkit import layout
from unlearnkit.registry import ALWAYS_OBSERVED, locate

Wildcards = Mapping[str, str]
Slice = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A kind of artifacts: the pattern of their paths, and what belongs to all of them.

    `settings` and `code` give the two parameters of the job that makes an artifact, from the present graphs
    (`unlearnkit.workflow.present.Present`) and the wildcards of its path. `role` is that of the models which a file is
    about, as seeds and settings name it, `draws` the stages of their random draws; text has other ones
    (`lineage.seeding`). `task` is the only one that has such artifacts.
    """

    pattern: str
    settings: Callable[[Any, Wildcards], Slice]
    code: Callable[[Any, Wildcards], str]
    role: str = ""
    draws: tuple[str, ...] = ()
    task: str = ""


_TRAINED = ("initial_weights", "batches")
_UNLEARNED: tuple[Callable[[Any, Wildcards], Slice], Callable[[Any, Wildcards], str]] = (
    lambda g, w: g.continual.unlearning_slice(w["forget_set"], w["variant"]),
    lambda g, w: g.graph.unlearning_code(w["variant"]),
)
_PROMPTED: tuple[Callable[[Any, Wildcards], Slice], Callable[[Any, Wildcards], str]] = (
    lambda g, w: g.attacks.prompted_slice(w["attack"]),
    lambda g, w: g.attacks.prompted_code(w["attack"]),
)


def _tokens(pattern: str) -> Stage:
    return Stage(pattern, lambda g, w: g.text.tokens_slice(), lambda g, w: g.graph.data_code("tokens"), task="text")


def _tokenizer() -> Stage:
    tokens = _tokens(layout.TOKENIZER)
    return Stage(
        layout.TOKENIZER,
        lambda g, w: g.text.pairs_slice() if g.text.has_pairs else tokens.settings(g, w),
        lambda g, w: g.graph.data_code("pairs") if g.text.has_pairs else tokens.code(g, w),
        task="text",
    )


def _trained(population: str, role: str) -> Stage:
    def code(g: Any, w: Wildcards) -> str:
        given = role in g.graph.experiment.given and w.get("forget_set") not in g.pools.pools
        script = "published" if g.published.weights_slice(role, w) else "given" if given else "train"
        return g.graph.model_code(script)

    def settings(g: Any, w: Wildcards) -> Slice:
        seeded = g.pools.role_of_oracles(w["forget_set"]) if role == "oracle" else role
        return g.published.weights_slice(role, w) or g.graph.training_slice(seeded)

    return Stage(layout.weights_of(population), settings, code, role, _TRAINED)


def _alternatives(pattern: str) -> Stage:
    return Stage(
        pattern,
        lambda g, w: g.text.alternatives_slice(),
        lambda g, w: g.graph.model_code("alternatives"),
        "alternatives",
        ("answers/0",),
        task="text",
    )


def _attributed(stage: str, pattern: str, role: str = "", draws: tuple[str, ...] = ()) -> Stage:
    return Stage(
        pattern,
        lambda g, w: g.attribution.slice_of(stage, w.get("attribution", "")),
        lambda g, w: g.attribution.code(stage, w.get("attribution", "")),
        role,
        draws,
    )


def _searched(pattern: str, stage: str) -> Stage:
    return Stage(
        pattern,
        lambda g, w: g.searches.slice_of(stage, w["search"], w.get("seed", "")),
        lambda g, w: g.searches.code(stage, w["search"]),
    )


def _observed(name: str) -> Stage:
    def settings(g: Any, w: Wildcards) -> Slice:
        if published := g.published.observed_slice(name, w):
            return published
        if name == ALWAYS_OBSERVED and layout.attack_in(w) in g.attacks.on_weights:
            return g.attacks.attacked_slice(layout.attack_in(w), w["candidate"])
        return g.observations.slice_of(name, layout.variant_in(w), layout.subject_in(w), layout.attack_in(w))

    def code(g: Any, w: Wildcards) -> str:
        if g.published.observed_slice(name, w):
            return g.graph.code("published_margins")
        if name == ALWAYS_OBSERVED and layout.attack_in(w) in g.attacks.on_weights:
            return g.attacks.attacked_code(layout.attack_in(w))
        return g.observations.code(name, layout.variant_in(w), layout.attack_in(w))

    return Stage(layout.observation(name), settings, code)


def _score(pattern: str) -> Stage:
    def settings(g: Any, w: Wildcards) -> Slice:
        key = w["metric"], w["forget_set"], w["candidate"]
        return g.attacks.score_slice(w["attack"], *key) if "attack" in w else g.scores(key[0]).score_slice(*key)

    def code(g: Any, w: Wildcards) -> str:
        return (g.graph if "attack" in w else g.scores(w["metric"])).score_code(w["metric"])

    return Stage(pattern, settings, code, draws=("summary",))


def _forget_set_code(g: Any, w: Wildcards) -> str:
    return g.graph.code("unit_forget_set" if g.text else g.attribution.forget_set_rule(w["forget_set"]))


STAGES: Mapping[str, Stage] = {
    "base": Stage(layout.BASE, lambda g, w: g.base.slice(), lambda g, w: g.graph.code("base"), task="text"),
    "judge base": Stage(layout.JUDGE, lambda g, w: g.judge.slice(), lambda g, w: g.graph.code("base"), task="text"),
    "pairs": Stage(
        layout.PAIRS, lambda g, w: g.text.pairs_slice(), lambda g, w: g.graph.data_code("pairs"), task="text"
    ),
    "tokenizer": _tokenizer(),
    "training tokens": _tokens(layout.TRAIN_TOKENS),
    "validation tokens": _tokens(layout.VALIDATION_TOKENS),
    "data": Stage(
        layout.DATASET,
        lambda g, w: (g.text or g.graph).dataset_slice(),
        lambda g, w: g.text.dataset_code() if g.text else g.graph.data_code("dataset"),
    ),
    "rows": Stage(
        layout.ROWS, lambda g, w: g.graph.dataset_slice(), lambda g, w: g.graph.data_code("dataset"), task="image"
    ),
    "units": Stage(layout.UNITS, lambda g, w: {}, lambda g, w: g.graph.code("units"), task="text"),
    "embeddings": _attributed("embeddings", layout.EMBEDDINGS),
    "parts": Stage(
        layout.PARTS,
        lambda g, w: g.pools.part_slice(w["pool"]),
        lambda g, w: g.graph.code("membership"),
        draws=("subset",),
        task="image",
    ),
    "membership": Stage(
        layout.MEMBERSHIP,
        lambda g, w: g.pools.membership_slice(w["pool"]),
        lambda g, w: g.pools.membership_code(w["pool"]),
        draws=("subset", "forgotten"),
        task="image",
    ),
    "originals": _trained(layout.ORIGINAL, "original"),
    "datamodel outputs": _attributed("datamodel outputs", layout.DATAMODELS, "datamodel", _TRAINED),
    "gradients": _attributed("gradients", layout.GRADIENTS, "trak", ("projection",)),
    "attributions": _attributed("attributions", layout.MATRIX),
    "components": _attributed("components", layout.COMPONENTS),
    "memorisation": _attributed("memorisation", layout.MEMORISATION),
    "requests": Stage(layout.REQUEST, lambda g, w: g.graph.forget_set_slice(w["forget_set"]), _forget_set_code),
    "forget sets": Stage(
        layout.FORGET_SET,
        lambda g, w: g.continual.forget_set_slice(w["forget_set"]),
        lambda g, w: (
            g.graph.code("forget_set_after") if w["forget_set"] in g.continual.names else _forget_set_code(g, w)
        ),
    ),
    "alternatives": _alternatives(layout.ALTERNATIVES),
    "alternative data": _alternatives(layout.ALTERNATIVE_DATA),
    "partners": Stage(layout.PARTNERS, lambda g, w: g.partners.slice(), lambda g, w: g.partners.code(), task="text"),
    "effects": _attributed("effects", layout.EFFECTS),
    "oracles": _trained(layout.ORACLE, "oracle"),
    "held-out oracles": _trained(layout.HELD_OUT_ORACLE, "held_out_oracle"),
    "pools": Stage(
        layout.weights_of(layout.POOL),
        lambda g, w: g.pools.training_slice(w["pool"]),
        lambda g, w: g.graph.model_code("train"),
        "pool",
        _TRAINED,
        task="image",
    ),
    "studies": _searched(layout.STUDY, "studies"),
    "chosen settings": _searched(layout.CHOSEN, "chosen settings"),
    "search reports": _searched(layout.SEARCH_REPORT, "search reports"),
    "unlearned": Stage(
        layout.weights_of(layout.UNLEARNED),
        *_UNLEARNED,
        "unlearned",
        ("initial_weights", "method", "retain_batches", "forget_batches", "validation", "stochastic_depth"),
    ),
    "attacked": Stage(
        layout.weights_of(layout.ATTACKED),
        lambda g, w: g.attacks.attacked_slice(w["attack"], w["candidate"]),
        lambda g, w: g.attacks.attacked_code(w["attack"]),
        "attacked",
        ("attack", "retain_batches", "forget_batches", "validation"),
    ),
    "prompted": Stage(layout.PROMPTED, *_PROMPTED, "attacked", ("prompts",), task="text"),
    "stops": Stage(layout.STOPS, *_UNLEARNED, task="text"),
    "curves": Stage(
        layout.CURVES,
        lambda g, w: g.graph.training_slice(w["population"]),
        lambda g, w: g.graph.model_code("train"),
    ),
    "merged": Stage(
        layout.MERGED,
        lambda g, w: {"model": g.graph.model_slice()},
        lambda g, w: g.graph.model_code("merge"),
        task="text",
    ),
    ALWAYS_OBSERVED: _observed(ALWAYS_OBSERVED),
    "harness": Stage(
        layout.HARNESS,
        lambda g, w: g.harness.slice_of(w["task"], layout.variant_in(w), layout.subject_in(w), layout.attack_in(w)),
        lambda g, w: g.harness.code(),
        task="text",
    ),
    "scores": _score(layout.SCORES),
    "summaries": _score(layout.SUMMARY),
    "attacked scores": _score(layout.ATTACKED_SCORES),
    "attacked summaries": _score(layout.ATTACKED_SUMMARY),
    "trials": Stage(
        layout.TRIALS,
        lambda g, w: g.arena.trials_slice(w["metric"], w["forget_set"]),
        lambda g, w: g.graph.code("trials", locate("metric", w["metric"])),
        draws=("trials",),
    ),
    "tables": Stage(
        layout.TABLE,
        lambda g, w: g.table_slice(w["table"].partition(".")[0]),
        lambda g, w: g.table_code(w["table"].partition(".")[0]),
    ),
    "figures": Stage(
        layout.FIGURE, lambda g, w: g.page.figure_slice(w["forget_set"]), lambda g, w: g.graph.code("figures")
    ),
    "leaderboard": Stage(
        layout.LEADERBOARD,
        lambda g, w: g.leaderboard.settings(),
        lambda g, w: g.leaderboard.code(),
        draws=("bootstrap",),
    ),
    "artifact graph": Stage(
        layout.ARTIFACT_GRAPH,
        lambda g, w: {"experiment": g.graph.experiment.experiment},
        lambda g, w: g.site.graph_code(),
    ),
    "report": Stage(layout.PAGE, lambda g, w: g.page.report_slice(), lambda g, w: g.site.code()),
}
"""Name -> stage; other observations than margins, which a user may add, are no rows (`stage_of`)."""

DOCUMENTS = ("tables", "figures", "leaderboard", "report", "artifact graph")
"""Stages that present results, and compute none."""

POPULATIONS = {
    STAGES[name].role: name for name in ("originals", "oracles", "held-out oracles", "pools", "unlearned", "attacked")
}
"""Role -> stage that holds the weights of the models."""


def is_observation(name: str) -> bool:
    """Return whether a stage is an observation, and called so: every name that is not in the table is one."""
    return name == ALWAYS_OBSERVED or name not in STAGES


def stage_of(name: str) -> Stage:
    """Return a stage by its name: one of the table, or an observation."""
    return STAGES.get(name) or _observed(name)
