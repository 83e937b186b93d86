"""Rules of the arena: forget sets that are there, and numbers of models that the oracles suffice for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


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
