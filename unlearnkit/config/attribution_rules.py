"""Rules of attributions, and of forget sets that are made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.attribution import DatamodelAttribution
from unlearnkit.config.forget_set import ClipNeighboursForgetSet, PrincipalComponentForgetSet
from unlearnkit.config.rules import whole_shards
from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def attribution_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield models that fill no shards, subsets and checkpoints that do not exist, and references to nothing."""
    for name, settings in experiment.attributions.items():
        if isinstance(settings, DatamodelAttribution):
            yield from _subset_problems(experiment, name, settings)
        elif settings.checkpoints > experiment.num_models:
            yield ConfigError(
                f"attributions.{name}.checkpoints is {settings.checkpoints}, but there are {experiment.num_models} "
                "originals (num_models)",
                expected=f"at most {experiment.num_models}",
            )
    for name, forget_set in experiment.forget_sets.items():
        if isinstance(forget_set, PrincipalComponentForgetSet):
            yield from _component_problems(experiment, name, forget_set)
        if isinstance(forget_set, ClipNeighboursForgetSet) and (forget_set.index or 0) >= experiment.train_size:
            yield ConfigError(
                f"forget_sets.{name}.index is {forget_set.index}, but training samples end at "
                f"{experiment.train_size - 1}",
                expected=f"at most {experiment.train_size - 1}",
            )


def unknown_attribution(key: str, asked: str, known: Collection[str]) -> Iterator[ConfigError]:
    """Yield an attribution that the block at `key` asks for and the configuration does not have."""
    if asked not in known:
        yield ConfigError(
            f"{key}.attribution is '{asked}', which is no attribution of this configuration",
            remedy=suggest(asked, known) if known else "declare it under `attributions`",
        )


def _subset_problems(experiment: Experiment, name: str, settings: DatamodelAttribution) -> Iterator[ConfigError]:
    if settings.models % experiment.shard_size:
        yield ConfigError(
            f"shard_size is {experiment.shard_size}, which does not divide attributions.{name}.models = "
            f"{settings.models}",
            expected="whole shards",
            remedy=f"set attributions.{name}.models to {whole_shards(settings.models, experiment.shard_size)}",
        )
    subset, recipe = int(settings.fraction * experiment.train_size), experiment.training
    if subset < (recipe.batch_size if recipe.drop_last else 1):
        yield ConfigError(
            f"attributions.{name}.fraction is {settings.fraction:g}, which leaves {subset} samples to train on",
            expected="at least one batch of training.batch_size" if recipe.drop_last else "at least one",
            remedy="raise it",
        )


def _component_problems(
    experiment: Experiment, name: str, forget_set: PrincipalComponentForgetSet
) -> Iterator[ConfigError]:
    yield from unknown_attribution(f"forget_sets.{name}", forget_set.attribution, experiment.attributions)
    if forget_set.component >= experiment.train_size:
        yield ConfigError(
            f"forget_sets.{name}.component is {forget_set.component}, but there are {experiment.train_size} samples",
            expected=f"at most {experiment.train_size - 1}",
        )
