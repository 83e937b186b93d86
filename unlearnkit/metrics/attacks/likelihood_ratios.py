"""Likelihood ratios of two sides, samples with and without training on them, with the attacked model left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.gaussians import Moments, least_variance
from unlearnkit.metrics.attacks.verdicts import Cases, chunks


@dataclass(frozen=True, eq=False)
class Side:
    """One side of the attack: values [models, samples], which of them count, and the groups that are left out."""

    values: NDArray
    chosen: NDArray[np.bool_]
    groups: NDArray[np.intp]

    def take(self, samples: slice) -> Side:
        """Return the side on some samples, values in float64."""
        return Side(self.values[:, samples].astype(np.float64), self.chosen[:, samples], self.groups)


Attack = tuple[Cases, Cases, NDArray[np.bool_]]
"""The scores of the cases of both sides, and which samples can be scored."""

Ratios = Callable[[Side, Side], Attack]
"""Of some samples: log-likelihood ratios, nats, above 0 for "with"."""


def attack(seen: Side, unseen: Side, ratios: Ratios) -> Attack:
    """Return the scores of all cases of both sides, log-likelihood ratios in nats, and which samples can be scored."""
    parts: tuple[list[Cases], list[Cases]] = ([], [])
    defined = []
    for samples in chunks(max(len(seen.values), len(unseen.values)), seen.values.shape[1]):
        *cases, can = ratios(seen.take(samples), unseen.take(samples))
        defined.append(can)
        for collected, of_side in zip(parts, cases, strict=True):
            collected.append(Cases.of(of_side.scores, of_side.samples + samples.start))
    return Cases.joined(parts[0]), Cases.joined(parts[1]), np.concatenate(defined)


def gaussian_ratios(seen: Side, unseen: Side) -> Attack:
    """Return log N(v; A) - log N(v; B) of the values of both sides, the attacked group left out of its own fit."""
    centre = seen.values.mean(axis=0)
    sides = [Side(side.values - centre, side.chosen, side.groups) for side in (seen, unseen)]
    fits = [Moments.of(side.values, side.chosen, side.groups) for side in sides]
    defined, floor = fits[0].defined & fits[1].defined, least_variance(*((s.values, s.chosen) for s in sides))
    cases = []
    for side, fit, other, sign in zip(sides, fits, fits[::-1], (1, -1), strict=True):
        models, samples = np.nonzero(side.chosen & defined)
        values = side.values[models, samples]
        log_density = fit.log_density(values, side.groups[models], samples, floor)
        ratio = log_density - other.log_density(values, other.all_of(samples), samples, floor)
        cases.append(Cases.of(sign * ratio, samples))
    return cases[0], cases[1], defined


def bernoulli_ratios(seen: Side, unseen: Side) -> Attack:
    """Return log P(v; A) - log P(v; B) of values that are 0 or 1, with P(1; A) = (ones + 1) / (number + 2)."""
    fits = [Moments.of(side.values, side.chosen, side.groups) for side in (seen, unseen)]
    defined = fits[0].defined & fits[1].defined
    ones = [(fit.count * np.nan_to_num(fit.mean) + 1) / (fit.count + 2) for fit in fits]
    cases = []
    for side, rates, other, sign in zip((seen, unseen), ones, ones[::-1], (1, -1), strict=True):
        models, samples = np.nonzero(side.chosen & defined)
        is_one, rows = side.values[models, samples] > 0, side.groups[models]
        chances = rates[rows, samples], other[-1, samples]
        first, second = (np.log(np.where(is_one, chance, 1 - chance)) for chance in chances)
        cases.append(Cases.of(sign * (first - second), samples))
    return cases[0], cases[1], defined
