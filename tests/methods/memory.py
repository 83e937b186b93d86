"""A language model that has memorised made sequences or pairs, its oracle, and what methods leave of its knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench import CPU
from torch import nn

from unlearnkit import registry
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.training.language.sequence_values import values_of_sequences
from unlearnkit.training.originals import train_shard
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker
from unlearnkit.training.unlearning import run_method
from unlearnkit.training.unlearning_recipe import UnlearningRecipe


@dataclass(frozen=True)
class Known:
    """What a model knows: mean margin of the forget set, mean loss per target of both sets, nats."""

    forget_margin: float
    forget_loss: float
    retain_loss: float


class Memory:
    """An original that was trained on a text set and an oracle, each when it is asked for first."""

    def __init__(
        self, folder: Path, text: TextSet, model: dict[str, Any], recipe: TextRecipe, forget: np.ndarray
    ) -> None:
        self.text, self._folder, self._recipe, self._forget = text, folder, recipe, forget
        self.task = task_for(text, model, 0, CPU)
        self.split = UnlearningSplit.of(text, forget)

    @cached_property
    def original(self) -> nn.Module:
        """A model of all training sequences."""
        return self._trained("original", torch.arange(self.text.train_size))

    @cached_property
    def oracle(self) -> nn.Module:
        """A model of the retain set."""
        return self._trained("oracle", self.split.retain)

    def unlearned(self, method: str, settings: dict[str, Any]) -> nn.Module:
        """Return the original after the last step of a method."""
        module = registry.load("method", method)
        chosen = module.Settings.model_validate(settings)
        last = getattr(chosen, "epochs", getattr(chosen, "steps", 0))
        procedure = UnlearningRecipe(method, chosen, (last,))
        references = {"held_out_oracles": self.oracle} if "held_out_oracles" in module.NEEDS else {}
        kept = run_method(self.task, procedure, self.split, self.original, references, (0,), self._worker(method))
        return self.task.architecture.load(kept.states[last][0]).eval()

    def known(self, model: nn.Module) -> Known:
        """Return what a model knows of the training sequences, as margins are computed."""
        values = values_of_sequences(model, self.task.source, torch.arange(self.text.train_size))
        forget, retain = (
            # a unit of one sequence: the last token has no target
            float(values["loss_sum"][rows].sum() / self.text.targets[rows].sum())
            for rows in (self._forget, self.split.retain.numpy())
        )
        return Known(float(values["margins"][self._forget].mean()), forget, retain)

    def _trained(self, role: str, rows: torch.Tensor) -> nn.Module:
        result = train_shard(self.task, self._recipe, rows, role=role, model_indices=[0], worker=self._worker(role))
        (state,) = result.states.values()
        return self.task.architecture.load(state).eval()

    def _worker(self, name: str) -> Worker:
        return Worker(CPU, lambda: 0.0, ResumeFolder(str(self._folder / name), "key"), lambda _: None)
