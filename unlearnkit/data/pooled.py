"""Populations of a pool: margins of its models beside what each is trained on and forgets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.membership import Membership
from unlearnkit.metrics.population import Population


def pool_populations(margins: Mapping[int, Margins], membership: Membership, draws: int) -> dict[int, Population]:
    """Return epoch -> what a metric that is scored on pools receives of the margins of all models of a pool.

    `membership` is that of all models on the evaluated samples (`Membership.on`), which candidates and oracles share;
    `draws` models after each other come from one. Of models before they forget there is only that one, which then
    stands for each of them. Training samples that a model forgets are of the split "forget", the others of "retain".
    """
    return {epoch: _population(part, membership, draws) for epoch, part in margins.items()}


def _population(part: Margins, membership: Membership, draws: int) -> Population:
    models, of_training = len(membership.member), np.where(membership.forgotten.any(axis=0), "forget", "retain")
    return Population(
        _repeated(part.margins, models),
        _repeated(part.correct, models),
        np.where(part.split == "train", of_training, part.split),
        member=membership.member,
        forgotten=membership.forgotten,
        origin=np.arange(models) // draws if draws > 1 else None,
    )


def _repeated(values: np.ndarray, models: int) -> np.ndarray:
    return values if len(values) == models else np.repeat(values, models // len(values), axis=0)
