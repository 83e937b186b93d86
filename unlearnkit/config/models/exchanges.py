"""Rules of tests that exchange models: can any outcome be a verdict, with so many exchanges, models and forget sets?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unlearnkit.config.blocks import declared
from unlearnkit.errors import ConfigError

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def family(experiment: Experiment) -> list[str]:
    """Return the forget sets that verdicts are corrected for: those that no settings were searched on, or else all."""
    chosen = [experiment.searches.get(block.tuned_by or "") for block in experiment.methods.values()]
    searched = {name for search in chosen if search for name in search.forget_sets}
    return [name for name in experiment.forget_sets if name not in searched] or list(experiment.forget_sets)


def exchange_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield metrics with so few exchanges that no p value, corrected over the forget sets, can reach their level."""
    count = len(family(experiment))
    for metric, settings in _tested(experiment):
        needed = math.ceil(2 * count / settings.level - 1e-9) - 1
        if settings.permutations < needed:
            models = max(experiment.models_compared(metric), _fewest_models(count, settings.level))
            yield ConfigError(
                f"metrics.{metric}.permutations is {settings.permutations}: corrected over {count} forget sets, no p "
                f"value is below {2 * count / (settings.permutations + 1):.3g}, so none reaches the level of "
                f"{settings.level:g}",
                expected=f"{needed} or more, and N = {models} models or more",
                remedy=f"raise metrics.{metric}.permutations to {needed}",
            )


def undecidable(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Yield what metrics cannot decide because there are too few models, and the remedy."""
    count = len(family(experiment))
    for metric, settings in _tested(experiment):
        models, fewest = experiment.models_compared(metric), _fewest_models(count, settings.level)
        if models < fewest:
            sets = "forget set" if count == 1 else "forget sets"
            yield (
                f"metrics.{metric} can decide nothing: N is {models}, and corrected over {count} {sets} no p value is "
                f"below {count * 2.0 ** (1 - models):.3g}, above the level of {settings.level:g}",
                f"raise num_models to {fewest} or more, or have fewer forget sets",
            )


def _tested(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    for metric, settings in experiment.metric_settings.items():
        if "p_holm" in getattr(declared("metric", metric), "VERDICTS", {}):
            yield metric, settings


def _fewest_models(count: int, level: float) -> int:
    """The fewest models of which 2^N exchanges allow a corrected two-sided p value of at most the level."""
    return 1 + math.ceil(math.log2(count / level) - 1e-9)
