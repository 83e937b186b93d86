"""Closer look: model utility and forget efficacy of six kinds of numbers, three of them about what a model writes.

    entropy     of the tokens of an answer, 0 where it repeats one token
    similarity  of an answer and the true one by an embedder, which tables name
    entailment  share of answers from which the true one follows, or, outside of forget sets, that follow from it

The other three are probability, recall of ROUGE-L and the truth ratio. Without a classifier of entailment there are
five kinds; what is computed from these has a name of its own, and the published numbers are empty. Source: Yuan et al.
2024 (arXiv 2410.08109).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import (
    closer_to_1,
    log_truth_ratio,
    mean_of_defined,
    probability,
    probability_among_options,
    true_better,
)
from unlearnkit.metrics.language.model_utility import harmonic_mean
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "answers", "generations", "similarities")
READS_IF_ASKED = ("entailments",)
STATES = ("embedded_by", "entailed_by")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "forget_efficacy_without_entailment"
STATISTIC = "mean"
FURTHER = ("authors", "facts")
KEPT = ("retain", *FURTHER)
SPLITS = ("forget", *KEPT)
ENTAILMENT = "entailment"
NO_CLASSIFIER = "observations.entailments names no classifier of entailment"
NO_ANSWERS = "a split has no wrong answers, or no true answer with words"
NO_FURTHER = "the data have no splits authors and facts"
ALL = {"low": 0.0, "high": 1.0, "unit": "1", "splits": ("all",), "direction": "higher"}
FORGET = {"low": 0.0, "high": 1.0, "unit": "1", "splits": ("forget",), "direction": "match"}
PART = {"low": 0.0, "high": 1.0, "unit": "fraction", "splits": SPLITS, "direction": "match"}
MEASURES = {
    "utility": {
        "label": "Model utility of 18 numbers",
        "undefined": f"where {NO_CLASSIFIER}, {NO_FURTHER}, or {NO_ANSWERS}",
        **ALL,
    },
    "utility_without_entailment": {
        "label": "Model utility of 15 numbers, without entailment",
        "undefined": f"where {NO_FURTHER}, or {NO_ANSWERS}",
        **ALL,
    },
    "retain_utility": {
        "label": "Utility of 6 numbers of retained questions",
        "undefined": f"where {NO_CLASSIFIER}, or {NO_ANSWERS}",
        **ALL,
    },
    "retain_utility_without_entailment": {
        "label": "Utility of 5 numbers of retained questions, without entailment",
        "undefined": f"where {NO_ANSWERS}",
        **ALL,
    },
    "forget_efficacy": {
        "label": "Forget efficacy of 5 numbers",
        "undefined": f"where {NO_CLASSIFIER}, or {NO_ANSWERS}",
        **FORGET,
    },
    "forget_efficacy_without_entailment": {
        "label": "Forget efficacy of 4 numbers, without entailment",
        "undefined": f"where {NO_ANSWERS}",
        **FORGET,
    },
    "entropy": {"label": "Token entropy", **PART},
    "similarity": {"label": "Similarity to the true answer", **PART},
    "entailment": {"label": "Entailment", "undefined": f"where {NO_CLASSIFIER}", **PART},
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return utility, forget efficacy, and the kinds of numbers that no other metric has, {measure: {split: [models]}}.

        utility         harmonic mean of probability, ROUGE, max(0, 1 - R), entropy, similarity and entailment on each
                        of retain, authors and facts, or on retain alone; 0 if one of them is 0
        forget efficacy 1 - mean of probability, ROUGE, 1 - min(R, 1 / R), similarity and entailment on the forget set

    R is geometric. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for a split
    whose questions were not observed.
    """
    require_finite(candidate.margins, "candidate")
    kinds = {split: _kinds(candidate, split) for split in candidate.present(SPLITS)}
    further, absent = all(split in kinds for split in FURTHER), np.full(candidate.models, np.nan)
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for ending, skipped in (("", ()), ("_without_entailment", ("entailment",))):
        kept = {split: [values for kind, values in of.items() if kind not in skipped] for split, of in kinds.items()}
        every = [number for split in KEPT for number in kept.get(split, ())]
        found[f"utility{ending}"] = {"all": harmonic_mean(np.stack(every)) if further else absent}
        found[f"retain_utility{ending}"] = {"all": harmonic_mean(np.stack(kept["retain"]))}
        lost = [values for kind, values in kinds["forget"].items() if kind not in (*skipped, "entropy")]
        found[f"forget_efficacy{ending}"] = {"forget": 1 - np.mean(lost, axis=0)}
    parts = {kind: {split: of[kind] for split, of in kinds.items()} for kind in ("entropy", "similarity", "entailment")}
    return {**found, **parts}


def _kinds(candidate: Population, split: str) -> dict[str, NDArray[np.float64]]:
    """Return the six numbers of a split, in the orientation of Closer look, each [models]; NaN where one is missing."""
    answers, written = candidate.seen("answers", split), candidate.seen("generations", split)
    ratio = log_truth_ratio(answers, "geometric")
    of = probability_among_options if split in FURTHER else probability
    return {
        "probability": mean_of_defined(of(answers)),
        "rouge": mean_of_defined(written["rougeL_recall"].astype(np.float64)),
        "truth_ratio": mean_of_defined(1 - closer_to_1(ratio) if split == "forget" else true_better(ratio)),
        "entropy": written["entropy"].mean(axis=1, dtype=np.float64),
        "similarity": candidate.seen("similarities", split)["similarity"].mean(axis=1, dtype=np.float64),
        "entailment": _entailment(candidate, split),
    }


def _entailment(candidate: Population, split: str) -> NDArray[np.float64]:
    """Return the share of answers with entailment, [models]; NaN without a classifier.

    Of forget sets the true answer is to follow from the generated one, of others the generated from the true one.
    """
    if "entailments" not in candidate.observed:
        return np.full(candidate.models, np.nan)
    labels = candidate.seen("entailments", split)["answer_label" if split == "forget" else "generated_label"]
    return (labels == ENTAILMENT).mean(axis=1, dtype=np.float64)
