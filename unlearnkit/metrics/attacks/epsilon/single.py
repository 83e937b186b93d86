"""Single threshold: unlearned models lie above it, or below it."""

from __future__ import annotations

from unlearnkit.metrics.attacks.epsilon.cuts import Cuts
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides


def single(fit: Sides, worth: Array) -> Rule:
    """Return the best of all thresholds, by sorting; candidates are the midpoints between neighbouring values."""
    return Cuts.of(fit).best_above(worth, either=True)[1]
