"""What metrics compute of the answers of models: probabilities and truth ratios, one number per model and question.

`answers` is the observation of that name, whose values are means of log p over the tokens of an answer, so that all
probabilities here are normalised by length. The true answer is compared by its paraphrase, where there is one.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

from unlearnkit.metrics.population import Observation

Form = Literal["geometric", "arithmetic"]
"""How the probabilities of wrong answers are averaged: by their logarithms, or as they are."""


def probability(answers: Observation) -> NDArray[np.float64]:
    """Return the probability of the answer, [models, items] in [0, 1]: exp of the mean of log p over its tokens."""
    return np.exp(answers["given"].astype(np.float64))


def probability_among_options(answers: Observation) -> NDArray[np.float64]:
    """Return p / (p + sum of p of the wrong answers), [models, items] in [0, 1]; NaN where there are no wrong ones."""
    given, wrong = (answers[name].astype(np.float64) for name in ("given", "wrong"))
    options = np.concatenate([given[..., None], np.where(np.isnan(wrong), -np.inf, wrong)], axis=-1)
    return np.where(_has_wrong(wrong), np.exp(given - np.asarray(logsumexp(options, axis=-1))), np.nan)


def log_truth_ratio(answers: Observation, form: Form) -> NDArray[np.float64]:
    """Return log R, R the mean probability of wrong answers over that of the true one, [models, items].

    0: as likely; below 0: the true answer is likelier; NaN where there are no wrong ones. "geometric" averages
    logarithms (the aggregation script of TOFU, OpenUnlearning), "arithmetic" probabilities (the paper and the utility
    module of TOFU; Maini et al. 2024, arXiv 2401.06121).
    """
    wrong = answers["wrong"].astype(np.float64)
    given, paraphrase = (answers[name].astype(np.float64) for name in ("given", "paraphrase"))
    true = np.where(np.isnan(paraphrase), given, paraphrase)
    there = ~np.isnan(wrong)
    count = np.where(_has_wrong(wrong), there.sum(axis=-1), np.nan)
    if form == "geometric":
        return np.where(there, wrong, 0).sum(axis=-1) / count - true
    with np.errstate(divide="ignore"):  # without wrong answers the sum is 0, and the result NaN
        return np.asarray(logsumexp(np.where(there, wrong, -np.inf), axis=-1)) - np.log(count) - true


def closer_to_1(log_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return min(R, 1 / R), in [0, 1]: 1 where true and wrong answers are as likely. Of forget sets, as in TOFU."""
    return np.exp(-np.abs(log_ratio))


def true_better(log_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return max(0, 1 - R), in [0, 1]: 0 where wrong answers are as likely or likelier. Of other sets, as in TOFU."""
    return -np.expm1(np.minimum(log_ratio, 0))


def prob_mean(log_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + R), the true answer's share, in [0, 1]; 0.5 where they are as likely. OpenUnlearning (2025)."""
    return expit(-log_ratio)


def mean_of_defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the items that have a value, [models]; NaN where none has. Every model has the same ones."""
    defined = ~np.isnan(values).all(axis=0)
    return values[:, defined].mean(axis=1) if defined.any() else np.full(len(values), np.nan)


def _has_wrong(wrong: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((~np.isnan(wrong)).any(axis=-1))
