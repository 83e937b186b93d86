"""The three-sample certificate: are unlearned models nearer to the oracles, to the originals, or undecided at this N?

A test of equality between unlearned models and oracles rejects even exact retraining if recipes differ slightly, and
accepts anything if there are few models. The relative question has three answers, one of which is that N is too small.
A model is one point, its margins on the samples of a split. With U the unlearned models, O the oracles and P the
originals, and MMD the maximum mean discrepancy (`statistic: hockey_stick`: another divergence in its place),

    statistic = (MMD^2(U, O) - MMD^2(U, P)) / its standard error

which is below 0 where U is nearer to O. The relative question is that of Ribero et al. 2026 (arXiv 2601.19755). See
docs/certificate.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.distribution.hockey_stick import relative_hockey_stick
from unlearnkit.metrics.distribution.three_samples import (
    Matrix,
    Nearness,
    coins,
    kernel_of,
    relative_mmd,
    same_law,
    squared_distances,
)
from unlearnkit.metrics.distribution.verdicts import concluded, verdict_of
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_same_samples

AXIS = "population"
READS = ("margins",)
NEEDS_ORACLE = True
NEEDS_ORIGINAL = True
MIN_MODELS = 6  # of fewer models the exchanges are too few for a p value below 2.5 %
DEFINED_FROM = 4  # models that the standard error needs; intervals leave some models out
HEADLINE = "to_oracles"  # not the statistic: damaged models are far from both, and still nearer to one
STATISTIC = "mean"
VERDICTS = {"nearer_to": "nearer to", "p_holm": "p (Holm)"}
SPLITS = ("forget", "retain", "validation", "test")
CHANCE = {"low": 0.0, "high": 1.0, "unit": "probability", "splits": SPLITS, "interval": False}
DIVERGENCE = {"low": None, "high": None, "unit": "1", "splits": SPLITS}
MEASURES = {
    "statistic": {
        "direction": "lower",
        "low": None,
        "high": None,
        "unit": "standard errors",
        "label": "Nearer to oracles (below 0) or originals",
        "splits": SPLITS,
    },
    "to_oracles": {"direction": "lower", "label": "Divergence from oracles", **DIVERGENCE},
    "to_originals": {"direction": "higher", "label": "Divergence from originals", **DIVERGENCE},
    "p_oracle": {"direction": "lower", "label": "p of being nearer to oracles", **CHANCE},
    "p_original": {"direction": "higher", "label": "p of being nearer to originals", **CHANCE},
    "p_same": {"direction": "higher", "label": "p of having the law of oracles", **CHANCE},
    "verdict": {
        "direction": "lower",
        "low": -1.0,
        "high": 1.0,
        "unit": "-1 oracles, 0 undecided, 1 originals",
        "label": "Verdict",
        "splits": SPLITS,
        "interval": False,
    },
}


class Settings(BaseSettings):
    """Which divergence is compared, and how it is tested."""

    statistic: Literal["mmd", "hockey_stick"] = Field(
        "mmd", description="the divergence: squared maximum mean discrepancy, or the hockey-stick divergence"
    )
    gamma: float = Field(1.0, ge=1, description="of the hockey-stick divergence; 1: total variation, exp(epsilon)")
    ridge: float = Field(0.1, gt=0, description="of the hockey-stick divergence: ridge of its kernel regression")
    permutations: int = Field(
        999, ge=99, description="random exchanges of oracles and originals; all 2^N if these are no more"
    )
    level: float = Field(0.05, gt=0, lt=1, description="probability of any verdict where neither is true")
    samples: int = Field(2000, ge=1, description="samples per split, drawn at random if there are more")
    num_models: int | None = Field(None, ge=6, description="models per side; null: all")


def score(
    candidate: Population, oracle: Population, *, original: Population, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the relative test on every split, {measure: {split: [1]}}.

    A model is its margins on the samples of the split, each divided by its standard deviation over all models,
    so that exchanging models of two sides changes no scale. `statistic` is the studentised difference of the
    divergences `to_oracles` and `to_originals`, negative where the candidate is nearer to the oracles; `p_oracle` and
    `p_original` are one-sided p values of being nearer to the one or the other, at least 1 / (permutations + 1) and
    2^-N; `verdict` is -1 or 1 where one of them is at most half the level, else 0; `p_same` is the p value of the
    candidate having the law of the oracles. Formulas and sources are in `three_samples` and `hockey_stick`. Raises
    MetricError for unequal numbers of models, other samples, non-finite margins and models without differences.
    """
    sides = compared(candidate, oracle, original, settings.num_models)
    signs = coins(sides[0].models, settings.permutations, rng)
    results: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in MEASURES}
    for split in sides[0].present(SPLITS):
        kernel = kernel_of(squared_distances(_points([side.of_split(split).margins for side in sides], settings, rng)))
        for measure, value in tested_on(kernel, signs, settings).items():
            results[measure][split] = np.array([value], np.float64)
    return results


def compared(
    candidate: Population, oracle: Population, original: Population, count: int | None
) -> tuple[Population, Population, Population]:
    """Return the first `count` models of all sides; raises MetricError unless they are as many, on the same samples."""
    sides = candidate.first_models(count), oracle.first_models(count), original.first_models(count)
    numbers = [side.models for side in sides]
    if len({*numbers}) > 1 or numbers[0] < DEFINED_FROM:
        raise MetricError(
            "there are {} models of the candidate, {} oracles and {} originals".format(*numbers),
            expected=f"as many of each, {DEFINED_FROM} or more",
            remedy="set num_models to the smallest of these numbers",
        )
    for name, side in zip(("candidate", "oracle", "original"), sides, strict=True):
        require_finite(side.margins, name)
        require_same_samples(side, oracle)
    return sides


def tested_on(kernel: Matrix, signs: Matrix, settings: Any) -> dict[str, float]:
    """Return measure -> value from the kernel matrix of all models, by the `statistic` of the settings."""
    nearness = _nearness(kernel, signs, settings)
    verdict = verdict_of(nearness.p_oracle, nearness.p_original, settings.level)
    return {**nearness._asdict(), "p_same": same_law(kernel, signs), "verdict": float(verdict)}


def conclude(rows: Sequence[Mapping[str, Any]], *, settings: Settings) -> list[dict[str, Any]]:
    """Return the rows of the table with verdicts in words, corrected over forget sets (`verdicts.concluded`)."""
    return concluded(rows, settings.level, settings.permutations)


def _nearness(kernel: Matrix, signs: Matrix, settings: Any) -> Nearness:
    if settings.statistic == "mmd":
        return relative_mmd(kernel, signs)
    return relative_hockey_stick(kernel, signs, gamma=settings.gamma, ridge=settings.ridge)


def _points(margins: Sequence[NDArray], settings: Settings, rng: np.random.Generator) -> Matrix:
    """Margins of all models on some samples, [3N, samples], in standard deviations over all models."""
    samples = margins[0].shape[1]
    if samples > settings.samples:
        chosen = np.sort(rng.choice(samples, settings.samples, replace=False))
        margins = [side[:, chosen] for side in margins]
    points = np.concatenate(margins).astype(np.float64)
    # over all sides: a scale of some sides only would shrink their models and leave those of the other as they are
    spread = points.std(axis=0, ddof=1)
    return points / np.where(spread > 0, spread, 1)
