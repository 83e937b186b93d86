"""The strongest of several attacks on every sample: its epsilon, with rates in sample or on models held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.epsilon.attacks import ATTACKS
from unlearnkit.metrics.attacks.epsilon.rates import epsilon_from_rates, widened_epsilon
from unlearnkit.metrics.attacks.epsilon.rules import Array, Counts, Sides
from unlearnkit.metrics.attacks.epsilon.worth import worth_table


class Found(NamedTuple):
    """Of every sample: the largest `epsilon` of any attack, nats, and whether any had a `valid` threshold, [samples].

    Where an attack has none, a rate of 0 counts as one error in its epsilon, which is then a lower estimate.
    """

    epsilon: Array
    valid: NDArray[np.bool_]


def strongest(sides: Sides, attacks: Sequence[str], *, delta: float, held_out: bool) -> Found:
    """Return the largest epsilon that the named `attacks` reach, for values of finite `sides`.

    Held out, rules are fitted on every other model of both sides and tested on the rest, then the reverse; the errors
    of both ways are added, so that every model is tested once, by a rule that it had no part in. Otherwise rules are
    fitted and tested on all models, which finds an epsilon above 0 even between two halves of one pool. Needs 4 models
    a side held out, otherwise 2.
    """
    oracles, unlearned = sides.sizes
    epsilons, valid = [], []
    for name in attacks:
        positives, negatives = _held_out_errors(name, sides, delta) if held_out else _errors(name, sides, sides, delta)
        fpr, fnr = positives / oracles, negatives / unlearned
        epsilon = epsilon_from_rates(fpr, fnr, delta=delta)
        valid.append(~np.isnan(epsilon))
        widened = widened_epsilon(fpr, fnr, oracles=oracles, unlearned=unlearned, delta=delta)
        epsilons.append(np.where(valid[-1], epsilon, widened))
    return Found(np.max(epsilons, axis=0), np.any(valid, axis=0))


def _held_out_errors(name: str, sides: Sides, delta: float) -> tuple[Counts, Counts]:
    halves = [Sides(*(side[start::2] for side in sides)) for start in (0, 1)]
    (positives, negatives), (more_positives, more_negatives) = (
        _errors(name, halves[fit], halves[1 - fit], delta) for fit in (0, 1)
    )
    return positives + more_positives, negatives + more_negatives


def _errors(name: str, fit: Sides, tested: Sides, delta: float) -> tuple[Counts, Counts]:
    return ATTACKS[name](fit, worth_table(*fit.sizes, delta)).errors(tested)
