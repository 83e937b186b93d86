"""Originals that know the digit three and oracles that do not, trained in memory, and what methods and attacks make."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unlearnkit import registry
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import State, WeightFile, write_weights
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.training.attacking import Attack, attack_shard
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.originals import train_shard
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import ShardResult, Worker
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

CPU = torch.device("cpu")
RECIPE = Recipe.model_validate({"epochs": 8, "batch_size": 32, "lr": 0.1, "warmup_epochs": 1})
MODELS = range(3)


class KnownThrees:
    """Perceptrons on 400 digits, of which all threes are to be forgotten: name -> file with their weights."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()
        self.images = load_image_set("digits", None, train_size=400, validation_size=20)
        self.forget = np.flatnonzero(self.images.train_labels == 3)
        self.split = UnlearningSplit.of(self.images, self.forget)
        self.task = task_for(self.images, {"name": "mlp", "hidden": [32]}, 0, CPU)
        self.files: dict[str, WeightFile] = {}
        for role, rows in (("original", retain_set(400, None)), ("oracle", self.split.retain)):
            result = train_shard(self.task, RECIPE, rows, role=role, model_indices=MODELS, worker=self.worker())
            self._keep(role, result)

    def unlearn(self, method: str, **settings: Any) -> None:
        """Keep the models that a method makes of the originals, under its name."""
        chosen = registry.load("method", method).Settings.model_validate(settings)
        procedure = UnlearningRecipe(method, chosen, (getattr(chosen, "epochs", 0),), RECIPE)
        result = unlearn_shard(
            self.task,
            procedure,
            self.split,
            originals=self.files["original"],
            held_out_oracles=None,
            model_indices=MODELS,
            worker=self.worker(),
        )
        self._keep(method, result)

    def attacked(
        self, candidate: str, attack: str, indices: Sequence[int] = MODELS, stack: int | None = None, **settings: Any
    ) -> ShardResult:
        """Return what an attack makes of the models of a candidate."""
        return attack_shard(
            self.task,
            Attack.of(attack, settings),
            self.split,
            state_of=self.files[candidate].state,
            model_indices=indices,
            worker=self.worker(stack),
        )

    def states(self, candidate: str, attack: str = "", **settings: Any) -> Callable[[int], State]:
        """Return index -> state of the models of a candidate, after an attack if there is one."""
        if not attack:
            return self.files[candidate].state
        states = self.attacked(candidate, attack, **settings).states
        return lambda index: next(own for (model, _), own in states.items() if model == index)

    def knows(self, candidate: str, attack: str = "", **settings: Any) -> float:
        """Return the mean margin on the threes, nats: how well models know what was to be forgotten."""
        state_of = self.states(candidate, attack, **settings)
        margins = margins_of_models(
            lambda index, _: state_of(index), list(MODELS), [0], self.images, self.task, self.worker(), rows=self.forget
        )
        return float(margins[0].margins.mean())

    def worker(self, stack_size: int | None = None) -> Worker:
        """Return a worker with a resume folder of its own."""
        resume = ResumeFolder(str(self._folder / f"out_{next(self._numbers)}"), "key")
        return Worker(CPU, time.perf_counter, resume, lambda _: None, stack_size)

    def _keep(self, name: str, result: ShardResult) -> None:
        write_weights(self._folder / f"{name}.safetensors", result.states, {})
        self.files[name] = WeightFile(self._folder / f"{name}.safetensors")


def brings_back(models: KnownThrees, candidate: str, attack: str, **settings: Any) -> float:
    """Return how much more an attack raises the margins of a candidate than those of models that never knew, nats."""
    of = partial(models.knows, attack=attack, **settings)
    return of(candidate) - models.knows(candidate) - (of("oracle") - models.knows("oracle"))
