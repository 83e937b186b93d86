"""Rules of the block `forget_sets`: sizes, labels, and sets that name one another."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from unlearnkit.config.forget_sets.images import EasyDubForgetSet
from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def forget_set_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield forget sets that leave nothing to retain, labels that do not exist and unknown or circular references."""
    classes, samples = experiment.num_classes, experiment.train_size
    for name, forget_set in experiment.forget_sets.items():
        size, label = experiment.planned_size(name), getattr(forget_set, "label", None)
        if size is not None and size >= samples:
            yield ConfigError(
                f"forget_sets.{name} has {size} samples, but there are {samples} training samples",
                expected=f"at most {samples - 1}, so that a retain set is left",
            )
        if isinstance(label, str):
            if label not in (names := experiment.image_facts.class_names):
                yield ConfigError(
                    f"forget_sets.{name}.label is '{label}', which is not a class of {experiment.data.name}",
                    remedy=suggest(label, names),
                )
        elif label is not None and label >= classes:
            yield ConfigError(
                f"forget_sets.{name}.label is {label}, but {experiment.data.name} has {classes} classes",
                expected=f"a label from 0 to {classes - 1}",
            )
        if isinstance(forget_set, EasyDubForgetSet):
            yield from _published_order(experiment, name, forget_set.name.split("/")[0])
        for other in forget_set.disjoint_from:
            yield from _other_set(experiment, name, other)
    yield from _circle(experiment)


def _published_order(experiment: Experiment, name: str, data_set: str) -> Iterator[ConfigError]:
    data = experiment.data
    found = {"name": data.name, "split": data.split, "train_size": data.train_size}
    for key, wanted in {"name": data_set, "split": "official", "train_size": None}.items():
        if found[key] != wanted:
            yield ConfigError(
                f"forget_sets.{name} holds positions in the published training set of {data_set}, but data.{key} is "
                f"{found[key]}",
                expected=f"data.{key}: {wanted or 'null'}",
                remedy="change it, or choose another kind of forget set",
            )


def _other_set(experiment: Experiment, name: str, other: str) -> Iterator[ConfigError]:
    key = f"forget_sets.{name}.disjoint_from"
    if other == name:
        yield ConfigError(f"{key} names the set itself", remedy=f"remove '{name}' from the list")
    elif other not in experiment.forget_sets:
        yield ConfigError(
            f"{key} names '{other}', which is not a forget set", remedy=suggest(other, experiment.forget_sets)
        )


def _circle(experiment: Experiment) -> Iterator[ConfigError]:
    # a set's file is made after those of the sets that it names
    sets = experiment.forget_sets
    named = {name: {*block.disjoint_from, *filter(None, [block.after])} - {name} for name, block in sets.items()}
    try:
        graphlib.TopologicalSorter(named).prepare()
    except graphlib.CycleError as error:
        # the sorter runs from the named set to the one that names it
        names = error.args[1][::-1]
        apart = [later in sets[name].disjoint_from for name, later in pairwise(names)]
        yield ConfigError(
            f"forget_sets.{names[0]}.{'disjoint_from' if apart[0] else 'after'} leads back to the set itself: "
            f"{' -> '.join(names)}",
            expected="sets that name one another in one direction",
            remedy="it holds for both sets: state it once, in one of them"
            if any(apart)
            else "let the chain begin with a set without `after`",
        )
