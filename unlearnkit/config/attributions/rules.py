"""Rules of attributions, and of forget sets that are made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.attributions.attribution import DatamodelAttribution
from unlearnkit.config.forget_sets.images import ClipNeighboursForgetSet, PrincipalComponentForgetSet
from unlearnkit.config.forget_sets.measured import MemorisedForgetSet, OverlapForgetSet
from unlearnkit.config.rules import at_most
from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def attribution_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield subsets and checkpoints that do not exist, and references to nothing."""
    for name, settings in experiment.attributions.items():
        if isinstance(settings, DatamodelAttribution):
            yield from _subset_problems(experiment, name, settings)
        else:
            key, models = f"attributions.{name}.checkpoints", experiment.num_models
            yield from at_most(key, settings.checkpoints, models, f"there are {models} originals (num_models)")
    last = experiment.train_size - 1
    for name, forget_set in experiment.forget_sets.items():
        key = f"forget_sets.{name}"
        if isinstance(forget_set, PrincipalComponentForgetSet):
            yield from unknown_attribution(key, forget_set.attribution, experiment.attributions)
            yield from at_most(f"{key}.component", forget_set.component, last, f"there are {last + 1} samples")
        if isinstance(forget_set, ClipNeighboursForgetSet):
            yield from at_most(f"{key}.index", forget_set.index, last, f"training samples end at {last}")
        if isinstance(forget_set, OverlapForgetSet):
            yield from at_most(f"{key}.neighbours", forget_set.neighbours, last, f"a sample has {last} others")
        if isinstance(forget_set, MemorisedForgetSet):
            yield from unknown_attribution(key, forget_set.attribution, experiment.attributions)
            if getattr(experiment.attributions.get(forget_set.attribution), "kind", "datamodels") != "datamodels":
                yield ConfigError(
                    f"{key}.attribution is '{forget_set.attribution}', which trains no models on random subsets",
                    expected="an attribution of kind datamodels",
                    remedy="name one, or declare it under `attributions`",
                )


def unknown_attribution(key: str, asked: str, known: Collection[str]) -> Iterator[ConfigError]:
    """Yield an attribution that the block at `key` asks for and the configuration does not have."""
    if asked not in known:
        yield ConfigError(
            f"{key}.attribution is '{asked}', which is not an attribution of this configuration",
            remedy=suggest(asked, known) if known else "declare it under `attributions`",
        )


def _subset_problems(experiment: Experiment, name: str, settings: DatamodelAttribution) -> Iterator[ConfigError]:
    subset, recipe = int(settings.fraction * experiment.train_size), experiment.training
    if subset < (recipe.batch_size if recipe.drop_last else 1):
        yield ConfigError(
            f"attributions.{name}.fraction is {settings.fraction:g}, which leaves {subset} samples to train on",
            expected="at least one batch of training.batch_size" if recipe.drop_last else "at least one",
            remedy="raise it",
        )
