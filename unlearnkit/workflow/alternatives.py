"""Which variants train on wrong answers that a model has written, and what says how it wrote them."""

from __future__ import annotations

from unlearnkit.config.experiment import Experiment
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.stages import Slice


def alternatives_slice(experiment: Experiment, variant: str) -> Slice:
    """How the wrong answers that a variant trains on are generated; nothing if it trains on none that are."""
    if not isinstance(experiment, TextExperiment) or not experiment.generates_alternatives:
        return {}
    reads = getattr(declarations(locate("method", experiment.variants[variant].method)), "VIEWS", ())
    if "alternatives" not in reads:
        return {}
    return {"alternatives": experiment.pair_settings.alternatives.model_dump(mode="json")}
