"""The last k stages of a model, for methods that retrain these and keep the rest (Goel et al. 2022)."""

from __future__ import annotations

from unlearnkit.errors import TrainingError
from unlearnkit.models.adapter import Adapter


def last_stages(adapter: Adapter, count: int) -> tuple[list[str], list[str]]:
    """Return the submodules of the last `count` stages with the classifier, and those of all stages before them.

    The classifier is not counted as one of them. Raises TrainingError if the model has fewer stages before its
    classifier: Deep Unlearn's code then takes all of them, so that all larger settings are the same.
    """
    stages = len(adapter.stages) - 1
    if count > stages:
        raise TrainingError(
            f"k is {count}, but the model has {stages} stages before its classifier",
            expected=f"k from 1 to {stages}",
            remedy="lower k, or choose a deeper model",
        )
    first = stages - count
    kept, last = adapter.stages[:first], adapter.stages[first:]
    return [part for stage in last for part in stage], [part for stage in kept for part in stage]
