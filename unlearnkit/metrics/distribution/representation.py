"""Representation distance: do unlearned models represent the samples as oracles do, or as originals do?

Forgetting in outputs is not forgetting: features may still know what the classifier no longer says (arXiv 2605.27569).
Networks that are trained from other weights have no common basis of features, so features are not compared, but what a
rotation of them leaves alone: a model is its centred Gram matrix over the samples, scaled to length 1. The inner
product of two such models is their linear CKA (Kornblith et al. 2019, arXiv 1905.00414), and their squared distance
2 - 2 CKA. With these distances the relative test of `relative` asks which population is nearer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.distribution.relative import compared, tested_on
from unlearnkit.metrics.distribution.three_samples import Matrix, coins, kernel_of
from unlearnkit.metrics.distribution.verdicts import concluded
from unlearnkit.metrics.population import Population

AXIS = "population"
READS = ("margins", "hidden")
NEEDS_ORACLE = True
NEEDS_ORIGINAL = True
MIN_MODELS = 6
HEADLINE = "to_oracles"  # not the statistic: damaged models are far from both, and still nearer to one
STATISTIC = "mean"
VERDICTS = {"nearer_to": "nearer to", "p_holm": "p (Holm)"}
SPLITS = ("forget", "validation")
CHANCE = {"low": 0.0, "high": 1.0, "unit": "probability", "splits": SPLITS, "interval": False}
DIVERGENCE = {"low": None, "high": None, "unit": "1", "splits": SPLITS}
SIMILARITY = {"low": 0.0, "high": 1.0, "unit": "1", "splits": SPLITS}
MEASURES = {
    "statistic": {
        "direction": "lower",
        "low": None,
        "high": None,
        "unit": "standard errors",
        "label": "Features nearer to oracles (below 0) or originals",
        "splits": SPLITS,
    },
    "cka_oracles": {"direction": "match", "label": "CKA with oracles", **SIMILARITY},
    "cka_originals": {"direction": "match", "label": "CKA with originals", **SIMILARITY},
    "to_oracles": {"direction": "lower", "label": "Divergence of features from oracles", **DIVERGENCE},
    "to_originals": {"direction": "higher", "label": "Divergence of features from originals", **DIVERGENCE},
    "p_oracle": {"direction": "lower", "label": "p of features nearer to oracles", **CHANCE},
    "p_original": {"direction": "higher", "label": "p of features nearer to originals", **CHANCE},
    "p_same": {"direction": "higher", "label": "p of features having the law of oracles", **CHANCE},
    "verdict": {
        "direction": "lower",
        "low": -1.0,
        "high": 1.0,
        "unit": "-1 oracles, 0 undecided, 1 originals",
        "label": "Verdict on features",
        "splits": SPLITS,
        "interval": False,
    },
}


class Settings(BaseSettings):
    """How the distance of representations is tested."""

    statistic: Literal["mmd", "hockey_stick"] = Field(
        "mmd", description="the divergence: squared maximum mean discrepancy, or the hockey-stick divergence"
    )
    gamma: float = Field(1.0, ge=1, description="of the hockey-stick divergence; 1: total variation, exp(epsilon)")
    ridge: float = Field(0.1, gt=0, description="of the hockey-stick divergence: ridge of its kernel regression")
    permutations: int = Field(
        999, ge=99, description="random exchanges of oracles and originals; all 2^N if these are no more"
    )
    level: float = Field(0.05, gt=0, lt=1, description="probability of any verdict where neither is true")
    samples: int = Field(128, ge=2, description="samples per split, drawn at random if there are more")
    num_models: int | None = Field(None, ge=6, description="models per side; null: all")


def score(
    candidate: Population, oracle: Population, *, original: Population, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return similarities and the relative test on forget and validation samples, {measure: {split: [1]}}.

    `cka_oracles` and `cka_originals` are means of the linear CKA over pairs of a candidate's model and an oracle, or an
    original, of another index: in [0, 1], higher is more similar; read them against the value that oracles have among
    themselves (candidate `oracle`). All others are those of `relative.score`. Raises MetricError as that does, for
    features that are not finite or constant, and for fewer than two samples.
    """
    sides = compared(candidate, oracle, original, settings.num_models)
    signs = coins(sides[0].models, settings.permutations, rng)
    results: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in MEASURES}
    for split in SPLITS:
        features = [side.of_split(split).observed["hidden"]["features"] for side in sides]
        similarity = linear_cka(_on_some(features, settings.samples, rng))
        for measure, value in _values(similarity, signs, settings).items():
            results[measure][split] = np.array([value], np.float64)
    return results


def linear_cka(features: NDArray[np.floating]) -> Matrix:
    """Return the linear CKA between all models, [models, models], from their features [models, samples, width].

        CKA(i, j) = <K_i, K_j> / (|K_i| |K_j|),    K = F F^T of features F that are centred over the samples

    Values are in [0, 1], 1 for features that differ by a rotation, a shift and a scale (Kornblith et al. 2019, arXiv
    1905.00414). Raises MetricError for features that are not finite or the same on all samples.
    """
    models = features.astype(np.float64)
    models -= models.mean(axis=1, keepdims=True)
    grams = (models @ models.swapaxes(1, 2)).reshape(len(models), -1)
    lengths = np.linalg.norm(grams, axis=1)
    unusable = ~(np.isfinite(lengths) & (lengths > 0))
    if unusable.any():
        raise MetricError(
            f"{unusable.sum()} of {len(models)} models have features that are not finite, or the same on all samples",
            expected="features that distinguish two samples or more",
            remedy="observe more samples, or leave out this metric",
        )
    grams /= lengths[:, None]
    return grams @ grams.T


def conclude(rows: Sequence[Mapping[str, Any]], *, settings: Settings) -> list[dict[str, Any]]:
    """Return the rows of the table with verdicts in words, corrected over forget sets (`verdicts.concluded`)."""
    return concluded(rows, settings.level, settings.permutations)


def _values(similarity: Matrix, signs: Matrix, settings: Settings) -> dict[str, float]:
    count = len(signs)
    tests = tested_on(kernel_of(np.maximum(2 - 2 * similarity, 0)), signs, settings)
    others = ~np.eye(count, dtype=bool)
    blocks = {"cka_oracles": similarity[:count, count : 2 * count], "cka_originals": similarity[:count, 2 * count :]}
    return {**{name: min(1.0, float(block[others].mean())) for name, block in blocks.items()}, **tests}


def _on_some(features: Sequence[NDArray], count: int, rng: np.random.Generator) -> NDArray:
    samples = features[0].shape[1]
    chosen = np.sort(rng.choice(samples, count, replace=False)) if samples > count else np.arange(samples)
    return np.concatenate([side[:, chosen] for side in features])
