"""Originals, oracles and held-out oracles of an experiment, trained in memory, and what a method makes of them."""

from __future__ import annotations

import itertools
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench import CPU

from unlearnkit import registry
from unlearnkit.artifacts.attribution import Effects, GradientFile, write_gradients
from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import WeightFile, write_weights
from unlearnkit.attribution.effects import effects_of
from unlearnkit.attribution.gradients import ROLE, parameter_count, projected_gradients
from unlearnkit.attribution.influence import mean_scores
from unlearnkit.attribution.projection import projector_for
from unlearnkit.config.attributions.attribution import TrakAttribution
from unlearnkit.config.experiment import Experiment
from unlearnkit.data.forget_sets import subpopulation_forget_set
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.layout import MARGIN, logit
from unlearnkit.seeds import derive_seed
from unlearnkit.training.evaluation import Assemble, margins_of_models
from unlearnkit.training.originals import train_shard
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import ShardResult, Worker
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe


class Pool:
    """Models of an experiment on digits whose forget set is the smallest writing style of a nine."""

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self.experiment, self.recipe = experiment, experiment.training
        self.models = range(experiment.num_models)
        self.image_set = load_image_set("digits", None)
        self.forget = subpopulation_forget_set(self.image_set.train_images, self.image_set.train_labels, 9)
        self.retain = retain_set(self.image_set.train_size, self.forget).numpy()
        self.task = task_for(self.image_set, experiment.model.model_dump(), 0, CPU)
        self._folder, self._numbers = folder, itertools.count()
        everything = retain_set(self.image_set.train_size, None)
        kept = {"original": everything, "oracle": torch.from_numpy(self.retain)}
        kept["held_out_oracle"] = kept["oracle"]
        self.margins: dict[str, Margins] = {}
        self.files: dict[str, WeightFile] = {}
        for role, samples in kept.items():
            result = train_shard(
                self.task, self.recipe, samples, role=role, model_indices=self.models, worker=self._worker()
            )
            self.margins[role] = self._margins_of(result)[self.recipe.epochs]
            write_weights(folder / f"{role}.safetensors", result.states, {})
            self.files[role] = WeightFile(folder / f"{role}.safetensors")

    def unlearned(self, method: str, *snapshots: int, **settings: Any) -> dict[int, Margins]:
        """Return the margins of the unlearned models at each snapshot."""
        chosen = registry.load("method", method).Settings.model_validate(settings)
        result = unlearn_shard(
            self.task,
            UnlearningRecipe(method, chosen, snapshots, self.recipe),
            UnlearningSplit.of(self.image_set, self.forget),
            originals=self.files["original"],
            held_out_oracles=self.files["held_out_oracle"],
            model_indices=self.models,
            worker=self._worker(),
            oracle_pool=[self.files["held_out_oracle"]],
            effects=self._effects(chosen.attribution) if hasattr(chosen, "attribution") else None,
        )
        return self._margins_of(result, getattr(registry.load("method", method), "assemble", None))

    def forget_margins(self, margins: Margins) -> np.ndarray:
        """Return the mean margin of each model on the forget set."""
        return margins.margins[:, self.forget].mean(1)

    def gap(self, margins: Margins) -> float:
        """Return how far the mean margins of the forget samples lie from those of the oracles, nats, on average."""
        return float(np.abs(margins.margins[:, self.forget].mean(0) - self._oracles).mean())

    def accuracy(self, margins: Margins) -> float:
        """Return the mean validation accuracy."""
        return float(margins.correct[:, self.image_set.train_size :].mean())

    @cache  # noqa: B019  a pool lives as long as the tests of its module
    def _effects(self, name: str) -> Effects:
        """Return the effects of the forget set by an attribution of the experiment, which is of kind trak."""
        settings: Any = self.experiment.attributions[name]
        assert isinstance(settings, TrakAttribution)
        classes = len(self.image_set.class_names)
        outputs = [*map(logit, range(classes)), MARGIN]
        files = []
        for index in range(settings.checkpoints):
            model = self.task.architecture.load(self.files["original"].state(index))
            seed = derive_seed(self.task.base_seed, ROLE, index, "projection")
            projector = projector_for(
                settings.projector, parameter_count(model), settings.dimension, seed=seed, device=CPU, attribution=name
            )
            found = projected_gradients(model, classes, self.task.pixels, projector, lambda _: None)
            named = dict(zip(outputs, zip(found.projected, found.scale, strict=True), strict=True))
            path = self._folder / f"gradients_{name}_{index}.safetensors"
            write_gradients(path, named, found.probability, {})
            files.append(GradientFile(path))
        rows = (
            mean_scores(
                files,
                output,
                self.image_set.train_size,
                curvature=settings.curvature,
                ridge=settings.ridge,
                device=CPU,
                report=lambda _: None,
            ).numpy()[self.forget]
            for output in outputs[:-1]
        )
        return effects_of(rows, self.forget)

    def _worker(self) -> Worker:
        resume = ResumeFolder(str(self._folder / f"out_{next(self._numbers)}"), "key")
        return Worker(CPU, lambda: 0.0, resume, lambda _: None)

    @cached_property
    def _oracles(self) -> np.ndarray:
        return self.margins["oracle"].margins[:, self.forget].mean(0)

    def _margins_of(self, result: ShardResult, assemble: Assemble | None = None) -> dict[int, Margins]:
        epochs = sorted({epoch for _, epoch in result.states})
        models, worker = list(self.models), self._worker()
        return margins_of_models(result.whole_state, models, epochs, self.image_set, self.task, worker, assemble)
