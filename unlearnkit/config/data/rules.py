"""Rules of the block `data` of images: sizes of splits, and a warm-up within the training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.blocks import declared
from unlearnkit.config.rules import at_most
from unlearnkit.errors import ConfigError

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def data_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield subsets larger than the data set, and training settings that do not fit it."""
    data, recipe = experiment.data, experiment.training
    if data.holdout is not None and not getattr(declared("data set", data.name), "HOLDS_OUT", False):
        yield ConfigError(
            f"data.holdout is {data.holdout}, but {data.name} has a validation split of its own",
            expected="null",
            remedy="remove the key",
        )
    if data.split != "official" and experiment.image_facts.test_size:
        yield ConfigError(
            f"data.split is {data.split}, but {data.name} has three splits already", expected="official, or two splits"
        )
    for split, held in experiment.split_sizes._asdict().items():
        wanted = getattr(data, f"{split}_size")
        if wanted is not None and not held:
            yield ConfigError(
                f"data.{split}_size is {wanted}, but the split '{data.split}' has no {split} samples",
                expected="null, or data.split: deep_unlearn",
            )
        else:
            yield from at_most(f"data.{split}_size", wanted, held, f"{data.name} has {held} samples there", null=True)
    if recipe.schedule == "triangular" and recipe.warmup_epochs > recipe.epochs:
        yield ConfigError(
            f"training.warmup_epochs is {recipe.warmup_epochs:g}, but training.epochs is {recipe.epochs}",
            expected=f"at most {recipe.epochs}",
        )
