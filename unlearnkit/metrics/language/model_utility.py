"""Model utility: the harmonic mean of probability, ROUGE and truth ratio on all that was not to be forgotten."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.language.answered import (
    log_truth_ratio,
    mean_of_defined,
    probability,
    probability_among_options,
    true_better,
)
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "answers", "generations")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "model_utility"
STATISTIC = "mean"
SPLITS = ("retain", "authors", "facts")
UNDEFINED = "where no question of a split has wrong answers"
WORDLESS = "where no true answer of a split has words"
PART = {"direction": "match", "low": 0.0, "high": 1.0, "splits": SPLITS}
MEASURES = {
    "model_utility": {
        "direction": "higher",
        "low": 0.0,
        "high": 1.0,
        "unit": "1",
        "label": "Model utility",
        "splits": ("all",),
        "undefined": f"{UNDEFINED}, or {WORDLESS}",
    },
    "probability": {"unit": "probability", "label": "Probability", "undefined": UNDEFINED, **PART},
    "rouge": {"unit": "fraction", "label": "ROUGE-L recall", "undefined": WORDLESS, **PART},
    "truth_ratio": {"unit": "ratio", "label": "max(0, 1 - R)", "undefined": UNDEFINED, **PART},
}


class Settings(BaseSettings):
    """Settings of model utility."""

    form: Literal["geometric", "arithmetic"] = Field(
        "geometric", description="mean over wrong answers: of log p (OpenUnlearning), or of p (TOFU's paper)"
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return model utility and the numbers that it is the harmonic mean of, per model, {measure: {split: [models]}}.

        model_utility = n / sum over the n numbers x of 1 / x,  0 if one of them is 0
        probability   = mean over questions of p(answer), of authors and facts p(answer) / (p(answer) + sum of p(wrong))
        rouge         = mean over questions of the recall of ROUGE-L
        truth_ratio   = mean over questions of max(0, 1 - R),  R = mean p of wrong answers (by form) / p(true answer)

    With splits authors and facts these are nine: on each split a probability, on authors and facts that among the
    options, recall of ROUGE-L, and max(0, 1 - R). Data without these splits have the three of retained questions. Only
    questions with wrong answers count in a truth ratio, only those whose true answer has words in ROUGE. `oracle` and
    `rng` are unused. Raises MetricError for non-finite margins and for a split whose questions were not observed.
    Source: Maini et al. 2024 (arXiv 2401.06121).
    """
    require_finite(candidate.margins, "candidate")
    parts: dict[str, dict[str, NDArray[np.float64]]] = {"probability": {}, "rouge": {}, "truth_ratio": {}}
    for split in candidate.present(SPLITS):
        answers, generations = candidate.seen("answers", split), candidate.seen("generations", split)
        of = probability if split == "retain" else probability_among_options
        parts["probability"][split] = mean_of_defined(of(answers))
        parts["rouge"][split] = mean_of_defined(generations["rougeL_recall"].astype(np.float64))
        parts["truth_ratio"][split] = mean_of_defined(true_better(log_truth_ratio(answers, settings.form)))
    numbers = np.stack([values for of_splits in parts.values() for values in of_splits.values()])
    return {"model_utility": {"all": harmonic_mean(numbers)}, **parts}


def harmonic_mean(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return n / (sum of 1 / x) of `numbers` [n, models], per model; 0 where one of them is 0, NaN where one is NaN.

    Raises MetricError for a negative number, of which there is no harmonic mean.
    """
    if (numbers < 0).any():
        raise MetricError(
            f"the harmonic mean got the number {np.nanmin(numbers):g}", expected="numbers of 0 or more, as shares are"
        )
    with np.errstate(divide="ignore"):
        return len(numbers) / (1 / numbers).sum(axis=0)
