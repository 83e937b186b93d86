"""Double threshold: unlearned models lie between two thresholds, or the oracles do."""

from __future__ import annotations

from unlearnkit.metrics.attacks.epsilon.cuts import Cuts
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides


def double(fit: Sides, worth: Array) -> Rule:
    """Return the best of all pairs of thresholds, by sorting; candidates are the midpoints between neighbours."""
    return Cuts.of(fit).best_between(worth)[1]
