"""One trial: settings within the budget, models unlearned with them, and the values of the objective."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unlearnkit.artifacts.margins import Margins
from unlearnkit.errors import ArtifactError
from unlearnkit.facts.search_space import fitted
from unlearnkit.search.bench import Bench, Tuned, population_of
from unlearnkit.seeds import derive_seed
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.shard import ShardResult
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

COMPLETE, FAILED, OVER_BUDGET = "complete", "failed", "over budget"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: its state, why unless it is complete, the settings that it ran with, values, and its cost.

    `passes` are sample passes per model, summed over forget sets; `seconds` are those that the trial took.
    """

    state: str
    settings: Mapping[str, Any]
    reason: str = ""
    values: tuple[float, ...] = ()
    passes: float = 0.0
    seconds: float = 0.0

    @property
    def norm(self) -> float:
        """The Euclidean norm of the values, infinite unless the trial is complete."""
        return math.hypot(*self.values) if self.state == COMPLETE else math.inf


@dataclass
class _Runs:
    """What the forget sets of a trial have shown and cost so far."""

    values: list[np.ndarray] = field(default_factory=list)
    passes: float = 0.0


def run_trial(bench: Bench, study: int, drawn: Mapping[str, Any]) -> Outcome:
    """Run a trial of a study with the settings that were drawn for it; a failure is an outcome, not an error.

    Epochs are lowered until the trial fits the budget. Raises only what keeps any trial from running: damaged inputs,
    or a disk or memory that is full.
    """
    values, start = {**bench.settings["fixed"], **drawn}, bench.worker.clock()
    runs = _Runs()
    try:
        bench.method.Settings.model_validate(values)
        within = within_budget(bench, values)
        if within is None:
            return Outcome(OVER_BUDGET, values, f"costs more than {bench.settings['budget']:g} of retraining")
        values = within
        recipe = bench.recipe(bench.method.Settings.model_validate(values))
        for tuned in bench.tuned(bench.models(study)):
            _unlearn(bench, study, recipe, tuned, runs)
    except (ArtifactError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever a method does with unusual settings is a property of these settings
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Outcome(FAILED, values, reason, passes=runs.passes, seconds=bench.worker.clock() - start)
    means = np.mean(runs.values, axis=(0, 1))
    if not np.isfinite(means).all():
        return Outcome(FAILED, values, "a value of the objective is not a number", passes=runs.passes)
    seconds = bench.worker.clock() - start
    return Outcome(COMPLETE, values, "", tuple(map(float, means)), runs.passes, seconds)


def within_budget(bench: Bench, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return settings that cost no more than the budget, with fewer epochs if needed; None if that does not suffice.

    The cost is what the method states: sample passes over the retain and the forget set, summed over forget sets.
    Retraining costs the epochs of the originals times the samples that are kept.
    """
    sizes = [(bench.dataset.train_size - len(forget), len(forget)) for forget in bench.forget.values()]
    retraining = bench.settings["training_epochs"] * sum(retain for retain, _ in sizes)

    def cost(tried: Mapping[str, Any]) -> float:
        settings = bench.method.Settings.model_validate(tried)
        last = bench.recipe(settings).snapshots[-1]
        return sum(settings.passes(retain, forget, last) for retain, forget in sizes)

    return fitted(values, cost, bench.settings["budget"] * retraining)


def _unlearn(bench: Bench, study: int, recipe: UnlearningRecipe, tuned: Tuned, runs: _Runs) -> None:
    """Unlearn one forget set from all models of a trial, and add what this shows and costs."""
    models, parts = bench.models(study), list[Margins]()
    for file, indices in bench.groups(models):
        result = unlearn_shard(
            bench.task,
            recipe,
            tuned.split,
            originals=file,
            held_out_oracles=None,
            model_indices=indices,
            worker=bench.worker,
        )
        parts.append(_observed(bench, result, indices))
        runs.passes += result.passes[recipe.snapshots[-1]] * len(indices) / len(models)
    candidate = population_of(parts, bench.forget[tuned.name])
    if failed := len(candidate.failed_models):
        raise FloatingPointError(f"{failed} of {len(models)} models diverged on {tuned.name}")
    # the same draws in every trial, so that chance in an attack distinguishes no two of them
    seed = derive_seed(bench.settings["seed"], f"search {bench.settings['search']}", study, "objective")
    rng = np.random.default_rng(seed)
    runs.values.append(bench.objective.values(candidate, tuned.original, tuned.oracle, rng))


def _observed(bench: Bench, result: ShardResult, indices: Sequence[int]) -> Margins:
    assemble, epochs = getattr(bench.method, "assemble", None), sorted(result.passes)
    state_of, loaded = result.whole_state, (bench.dataset, bench.task, bench.worker, assemble)
    return margins_of_models(state_of, indices, epochs, *loaded)[epochs[-1]]
