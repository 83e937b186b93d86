"""Rules of the arena: forget sets that are there, and numbers of models that the oracles suffice for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment
    from unlearnkit.config.forget_sets.measured import ImageForgetSet


def most_models(experiment: Experiment) -> int:
    """Return the most models of each side that trials can have: half of all oracles, at most all originals."""
    return min(experiment.num_models, (experiment.num_models + experiment.held_out_oracles) // 2)


def arena_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield forget sets that do not exist or are their own part, and sizes that are too large or do not rise."""
    arena = experiment.arena
    for whole, part in arena.kept.items():
        for name in (whole, part):
            if name not in experiment.forget_sets:
                yield ConfigError(
                    f"arena.kept names '{name}', which is no forget set", remedy=suggest(name, experiment.forget_sets)
                )
        if whole == part:
            yield ConfigError(f"arena.kept: '{whole}' is not a part of itself", expected="another forget set")
        elif {whole, part} <= experiment.forget_sets.keys() and (why := _no_part(experiment, whole, part)):
            yield ConfigError(
                f"arena.kept: '{part}' is no part of '{whole}': {why}",
                expected=f"a forget set whose samples are all in '{whole}', but which has fewer",
                remedy=f"correct arena.kept.{whole}",
            )
    if arena.kept and experiment.retain_evaluated is not None:
        yield ConfigError(
            "arena.kept compares oracles of two forget sets, but models are evaluated on some retained samples only",
            remedy="remove arena.kept",
        )
    sizes, most = arena.sizes or (), most_models(experiment)
    if list(sizes) != sorted({*sizes}):
        yield ConfigError(f"arena.sizes is {list(sizes)}", expected="rising numbers of models")
    if sizes and max(sizes) > most:
        yield ConfigError(
            f"arena.sizes asks for {max(sizes)} models, but trials have two disjoint sets of oracles beside as many "
            f"originals, so {most} at most",
            remedy="lower it, or raise num_models and held_out_oracles",
        )


def _no_part(experiment: Experiment, whole: str, part: str) -> str | None:
    """Return why a forget set cannot be a part of another one as far as the settings say, None if it can.

    Smaller draws with the same seed are a part of larger ones. The job compares the samples themselves.
    """
    large, small = experiment.forget_sets[whole], experiment.forget_sets[part]
    most, fewest = experiment.planned_size(whole), experiment.planned_size(part)
    if most and fewest and fewest >= most:
        return f"they have {fewest} and {most} samples"
    classes = [_class_of(experiment, forget_set) for forget_set in (small, large)]
    if classes[0] != classes[1] and None not in classes:
        return f"they hold the classes {classes[0]} and {classes[1]}"
    random = [forget_set.kind == "random" for forget_set in (small, large)]
    if any(random) and any(held is not None for held in classes):
        return "one of them is drawn from all classes, the other from one"
    if all(random) and getattr(small, "seed", 0) != getattr(large, "seed", 0):
        return "they are drawn with different seeds"
    return None


def _class_of(experiment: Experiment, forget_set: ImageForgetSet) -> int | None:
    """Return the number of the class that a forget set is drawn from, None if it is drawn from several."""
    label = getattr(forget_set, "label", None)
    names = list(experiment.image_facts.class_names) if isinstance(label, str) else []
    return names.index(label) if label in names else label if isinstance(label, int) else None
