"""What metrics with PARTIAL read: observations that leave out whole splits."""

from __future__ import annotations

from unlearnkit.metrics.population import Observation, Population


def partly_seen(candidate: Population, name: str, split: str) -> Observation:
    """Return what the observation `name` holds of the samples of a split: of all of them, or of none.

    Raises MetricError if it holds only some.
    """
    found = candidate.of_split(split).observed[name]
    return candidate.seen(name, split) if len(found.samples) else found
