"""What membership attacks on text compute of the tokens of a sequence: one number each, larger for less likely members.

Lists are [..., width], of which the first `counts` [...] entries count; scores are [...] float64, NaN where none does.
An attack calls sequences with low scores members, so its area under the ROC curve is the probability that a forgotten
sequence has a lower score than an unseen one: 1 where forgotten ones are surely known, 0.5 where attacks learn nothing,
and below 0.5 where forgotten ones are less likely than unseen ones, as after too much unlearning.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.mia import attack_auc
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.tokens import counted, mean_of_counted, without_end


def loss(scores: Observation) -> NDArray[np.float64]:
    """Return the mean of -log p over all targets, nats, [models, items] (Yeom et al. 2018, arXiv 1709.01604)."""
    return -mean_of_counted(scores["log_p"], scores["targets"])


def compressed_loss(scores: Observation) -> NDArray[np.float64]:
    """Return the loss over the bytes that zlib needs for the text of the targets, nats per byte; NaN without that text.

    Source: Carlini et al. 2021 (arXiv 2012.07805), with the mean loss, as OpenUnlearning (2025) has it.
    """
    sizes = scores["compressed"]
    return loss(scores) / np.where(sizes > 0, sizes, np.nan)


def lowest(values: NDArray, counts: NDArray[np.integer], share: float) -> NDArray[np.float64]:
    """Return the mean of -value over the lowest `share` of the entries, rounded down, at least one.

    Of log p this is Min-K%, nats (Shi et al. 2023, arXiv 2310.16789), of standardised log p Min-K%++ (Zhang et al.
    2024, arXiv 2404.02936).
    """
    rising = np.sort(np.where(counted(counts, values.shape[-1]), values, np.inf), axis=-1)
    return -mean_of_counted(rising, np.where(counts > 0, np.maximum((share * counts).astype(int), 1), 0))


def min_k(scores: Observation, share: float) -> NDArray[np.float64]:
    """Return Min-K% of every sequence, [models, items]; the token that ends an answer does not count."""
    return lowest(scores["log_p"], without_end(scores), share)


def min_k_plus_plus(scores: Observation, share: float) -> NDArray[np.float64]:
    """Return Min-K%++ of every sequence, [models, items]; the token that ends an answer does not count."""
    return lowest(scores["standardised"], without_end(scores), share)


def area(population: Population, observation: str, attack: Callable[[Observation], NDArray]) -> NDArray[np.float64]:
    """Return the area of an attack on every model, [models] in [0, 1], NaN where a sequence has no score.

    Forgotten sequences are its members, those of the validation split its non-members. Raises MetricError if some of
    them were not observed.
    """
    members, others = (attack(population.seen(observation, split)) for split in ("forget", "validation"))
    defined = ~(np.isnan(members).any(axis=1) | np.isnan(others).any(axis=1))
    return np.where(defined, attack_auc(members, others), np.nan)
