"""What the trials of a search run on: originals, tuning forget sets, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from unlearnkit import registry
from unlearnkit.artifacts.margins import Margins, read_selection
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.config.execution import Execution
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.forget_sets import split_labels
from unlearnkit.metrics.population import Population
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for, worker_for
from unlearnkit.training.shard import Task, Worker
from unlearnkit.training.unlearning_recipe import UnlearningRecipe


@dataclass(frozen=True)
class Tuned:
    """A forget set that trials unlearn: its name, its samples as an unlearner sees them, what it is compared with."""

    name: str
    split: UnlearningSplit
    original: Population
    oracle: Population | None


@dataclass(frozen=True)
class Bench:
    """All that the trials of some studies have in common; `settings` is the slice of the job that runs them.

    Originals are looked up by model index in `files`. `references` are the margins of originals ("") and of oracles, by
    forget set.
    """

    settings: Mapping[str, Any]
    dataset: Any
    task: Task
    worker: Worker
    files: Sequence[WeightFile]
    forget: Mapping[str, np.ndarray]
    references: Mapping[str, Margins]

    @property
    def objective(self) -> ModuleType:
        """What is minimised."""
        return registry.load_objective(self.settings["objective"])

    @property
    def method(self) -> ModuleType:
        """The method that is tuned."""
        return registry.load("method", self.settings["method"])

    @property
    def from_first(self) -> bool:
        """Whether all models start from original 0."""
        return self.settings["unlearned_from"] == "first"

    def models(self, study: int) -> range:
        """Return the originals of a study."""
        count = self.settings["models"]
        return range(study * count, (study + 1) * count)

    def groups(self, models: Sequence[int]) -> list[tuple[WeightFile, Sequence[int]]]:
        """Return the files that models start from, each with the models that do."""
        if self.from_first:
            return [(self.files[0], models)]
        groups = [(file, [index for index in models if index in file.model_indices]) for file in self.files]
        return [(file, indices) for file, indices in groups if indices]

    def recipe(self, settings: Any) -> UnlearningRecipe:
        """Return the method with some settings, whose models are kept at the end."""
        method = self.method
        by_recipe = getattr(method, "LAST_EPOCH", None) == "training"
        last = self.settings["training_epochs"] if by_recipe else length_of(settings)
        training = self.settings.get("training")
        return UnlearningRecipe(
            self.settings["method"],
            settings,
            (last,),
            Recipe.model_validate(training) if training else None,
            self.from_first,
        )

    def tuned(self, models: Sequence[int]) -> list[Tuned]:
        """Return the forget sets, compared with the originals that models start from, and with oracles."""
        starts = [0] * len(models) if self.from_first else models
        return [
            Tuned(
                name,
                UnlearningSplit.of(self.dataset, forget),
                self._population("", starts, forget),
                self._population(name, models, forget) if name in self.references else None,
            )
            for name, forget in self.forget.items()
        ]

    def _population(self, reference: str, models: Sequence[int], forget: np.ndarray) -> Population:
        return population_of([self.references[reference].take_models(models)], forget)


def length_of(settings: Any) -> int:
    """Return the epochs or steps of a method's settings, 0 if it has neither."""
    return getattr(settings, "epochs", getattr(settings, "steps", 0))


def population_of(parts: Sequence[Margins], forget: np.ndarray) -> Population:
    """Return what an objective receives of models that were observed on the same images, for one forget set."""
    labels = split_labels(parts[0].split, parts[0].sample_index, forget)
    margins, correct = ([getattr(part, name) for part in parts] for name in ("margins", "correct"))
    return Population(np.concatenate(margins), np.concatenate(correct), labels)


class NothingKept(ResumeFolder):
    """The resume folder of trials, which are short: one that was interrupted begins again."""

    def __init__(self) -> None:
        super().__init__("", "")

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store nothing."""

    def load(self, name: str) -> None:
        """Return None: nothing is stored."""

    def discard(self, name: str | None = None) -> None:
        """Remove nothing."""


@dataclass(frozen=True)
class Inputs:
    """Paths of what a job with trials reads; forget sets are in the order of the slice."""

    dataset: str
    forget_sets: Sequence[str]
    originals: Sequence[str]
    margins: Sequence[str]


def bench_of(
    inputs: Inputs,
    settings: Mapping[str, Any],
    models: range,
    *,
    execution: Mapping[str, Any],
    threads: int,
) -> Bench:
    """Read what trials on some originals run on; raises ArtifactError for files that do not hold it."""
    worker = worker_for(Execution.model_validate(execution), threads, NothingKept(), lambda _: None)
    dataset = registry.task_of_model(settings["model"]["name"]).read(inputs.dataset)
    names = settings["forget_sets"]
    oracles = names if registry.load_objective(settings["objective"]).NEEDS_ORACLE else []
    first = settings["unlearned_from"] == "first"
    folders = {"": "original", **{name: f"oracle/{name}" for name in oracles}}
    return Bench(
        settings,
        dataset,
        task_for(dataset, settings["model"], settings["seed"], worker.device),
        worker,
        [WeightFile(path) for path in inputs.originals],
        {name: read_array(path) for name, path in zip(names, inputs.forget_sets, strict=True)},
        {name: _margins(inputs, folder, models if name or not first else range(1)) for name, folder in folders.items()},
    )


def _margins(inputs: Inputs, folder: str, models: range) -> Margins:
    by_epoch = read_selection(inputs.margins, [(folder, models.start, models.stop)])
    return by_epoch[max(by_epoch)]
