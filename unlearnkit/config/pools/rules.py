"""Rules of pools: names of their own, parts that can be trained on, and models that can be unlearned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.attributions.attribution import DatamodelAttribution
from unlearnkit.config.pools.pool import DrawsPool, RandomPool
from unlearnkit.config.pools.sizes import forgotten_of, part_of
from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment

SUFFIXES = (".npy", ".npz")


def pool_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield pools whose names are taken, whose models have nothing to learn or to keep, or that cannot be unlearned."""
    taken = dict.fromkeys(experiment.forget_sets, "forget_sets")
    taken |= {name: "attributions" for name, block in experiment.attributions.items() if _has_subsets(block)}
    for name, pool in experiment.pools.items():
        if name in taken:
            yield ConfigError(
                f"pools has the name '{name}', which {taken[name]} has too, but both name folders of the same kind",
                remedy="rename one of them",
            )
        if isinstance(pool, RandomPool):
            yield from _part_problems(experiment, name, pool)
        elif isinstance(pool, DrawsPool):
            yield from _draws_problems(experiment, name, pool)
        elif not pool.file.endswith(SUFFIXES):
            yield ConfigError(f"pools.{name}.file is {pool.file}", expected="a .npy or .npz file with boolean matrices")
    unlearned = [name for name, pool in experiment.pools.items() if pool.forgets]
    if unlearned and experiment.unlearned_from == "first":
        yield ConfigError(
            f"unlearned_from is first, but models of pools.{unlearned[0]} forget samples of their own",
            expected="each, since such a model can start only from itself",
            remedy=f"set unlearned_from to each, or take from pools.{unlearned[0]} what it is to forget",
        )


def _has_subsets(attribution: object) -> bool:
    return isinstance(attribution, DatamodelAttribution)


def _part_problems(experiment: Experiment, name: str, pool: RandomPool) -> Iterator[ConfigError]:
    part, recipe = pool.planned_part(experiment.train_size), experiment.training
    least = recipe.batch_size if recipe.drop_last else 1
    if part < least:
        yield ConfigError(
            f"pools.{name}.fraction is {pool.fraction:g}, which leaves {part} samples to train on",
            expected="at least one batch of training.batch_size" if recipe.drop_last else "at least one",
            remedy="raise it",
        )
    elif pool.forget >= part:
        yield ConfigError(
            f"pools.{name}.forget is {pool.forget}, but each of its models is trained on {part} samples",
            expected=f"at most {part - 1}, so that a retain set is left",
        )


def _draws_problems(experiment: Experiment, name: str, pool: DrawsPool) -> Iterator[ConfigError]:
    trained = [other for other, block in experiment.pools.items() if not isinstance(block, DrawsPool)]
    if pool.of not in trained:
        why = "whose models are those of another pool" if pool.of in experiment.pools else "which is no pool"
        yield ConfigError(
            f"pools.{name}.of is '{pool.of}', {why}",
            expected="the name of a pool that has models of its own",
            remedy=suggest(pool.of, trained) if trained else "add one of the kind random",
        )
        return
    part, forgotten = (of(experiment.pools, name, experiment.train_size) for of in (part_of, forgotten_of))
    if part and not forgotten:
        yield ConfigError(
            f"pools.{name}.fraction is {pool.fraction:g}, which is less than one of the {part} samples that each model "
            f"of pools.{pool.of} is trained on",
            expected=f"at least {1 / part:g}",
            remedy="raise it",
        )
