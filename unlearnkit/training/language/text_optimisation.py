"""Steps of language models: AdamW, or Muon for the hidden matrices and AdamW for the rest, with rates by kind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.parameter_groups import hidden_matrices
from unlearnkit.training.optimisation import scheduled_lr


class TextOptimizer:
    """The optimiser of a recipe over all parameters of one model.

    Rates are peaks times one factor (`rate_factor`). Weight decay applies to matrices, embeddings and head, not to
    vectors. Muon is PyTorch's (K. Jordan 2024): Nesterov momentum, made orthogonal by Newton-Schulz iterations in
    bfloat16, times sqrt(max(1, outputs / inputs)) of the matrix.
    """

    def __init__(self, model: nn.Module, adapter: Adapter, recipe: TextRecipe, steps: int) -> None:
        self._recipe, self._steps = recipe, steps
        self._names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
        kinds = kinds_of_parameters(model, adapter)
        by_muon = {name for name, kind in kinds.items() if kind == "matrix" and recipe.optimizer == "muon"}
        groups = list(_adamw_groups(model, recipe, {k: v for k, v in kinds.items() if k not in by_muon}))
        # fused: one pass over the memory instead of eight (benchmarks/results/language.md)
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, lr=recipe.lr, betas=recipe.betas, eps=recipe.eps, fused=True)
        ]
        if by_muon:
            a, b, c = recipe.newton_schulz_coefficients
            self._parts.append(
                torch.optim.Muon(
                    list(_muon_groups(model, recipe, by_muon)),
                    lr=recipe.muon_lr,
                    weight_decay=recipe.weight_decay,
                    momentum=recipe.muon_momentum,
                    ns_coefficients=(a, b, c),
                    ns_steps=recipe.newton_schulz_steps,
                )
            )

    def step(self, step: int) -> float:
        """Take step `step`, counted from 0, along the gradients, clear them, and return `lr` times the schedule."""
        factor = rate_factor(self._recipe, step, self._steps)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = group["peak"] * factor
                if "momentum" in group:
                    group["momentum"] = muon_momentum(self._recipe, step)
            part.step()
            part.zero_grad(set_to_none=True)
        return self._recipe.lr * factor

    def state(self) -> dict[str, Tensor]:
        """Return "<parameter>/<name>" -> what the next steps depend on besides the parameters."""
        return {
            f"{self._names[parameter]}/{name}": value
            for part in self._parts
            for parameter, state in part.state.items()
            for name, value in state.items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from the `state()` of an optimiser of the same recipe and model."""
        by_parameter: dict[str, dict[str, Tensor]] = {}
        for key, value in state.items():
            parameter, _, name = key.rpartition("/")
            by_parameter.setdefault(parameter, {})[name] = value
        for part in self._parts:
            for group in part.param_groups:
                for parameter in group["params"]:
                    if held := by_parameter.get(self._names[parameter]):
                        part.state[parameter] = dict(held)


def kinds_of_parameters(model: nn.Module, adapter: Adapter) -> dict[str, str]:
    """Return name -> "embedding", "head", "matrix" or "scalar" for every parameter; a tied head is an embedding."""
    tables = tuple(f"{name}." for name, part in model.named_modules() if isinstance(part, nn.Embedding))
    matrices = set(hidden_matrices(model, adapter))

    def kind(name: str, parameter: Tensor) -> str:
        if name in matrices:
            return "matrix"
        if name.startswith(tables):
            return "embedding"
        return "head" if parameter.ndim > 1 else "scalar"

    return {name: kind(name, parameter) for name, parameter in model.named_parameters()}


def rate_factor(recipe: TextRecipe, step: int, steps: int) -> float:
    """Return the learning rate of step `step` of `steps`, counted from 0, as a fraction of its peak."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    rest = (step - recipe.warmup_steps) / max(1, steps - recipe.warmup_steps)
    if recipe.schedule == "trapezoidal":
        return min(1.0, (1 - rest) / recipe.cooldown) if recipe.cooldown else 1.0
    return scheduled_lr({"linear": "triangular"}.get(recipe.schedule, recipe.schedule), 1.0, rest)


def muon_momentum(recipe: TextRecipe, step: int) -> float:
    """Return the momentum of Muon in step `step`, counted from 0: linear from its start, then constant."""
    rest = min(1.0, step / recipe.muon_momentum_steps) if recipe.muon_momentum_steps else 1.0
    return recipe.muon_momentum_start * (1 - rest) + recipe.muon_momentum * rest


def _adamw_groups(model: nn.Module, recipe: TextRecipe, kinds: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    rates = {"embedding": recipe.embedding_lr, "head": recipe.head_lr, "scalar": recipe.scalar_lr}
    parameters = dict(model.named_parameters())
    for kind in sorted(set(kinds.values())):
        yield {
            "params": [parameters[name] for name, of_parameter in kinds.items() if of_parameter == kind],
            "peak": rates.get(kind) or recipe.lr,
            "weight_decay": 0.0 if kind == "scalar" else recipe.weight_decay,
        }


def _muon_groups(model: nn.Module, recipe: TextRecipe, names: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the groups of Muon, which takes matrices for [outputs, inputs]; transposed ones have their own rate.

    Muon scales the update of a transposed matrix by sqrt(max(1, inputs / outputs)); times sqrt(outputs / inputs) this
    is sqrt(max(1, outputs / inputs)).
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for part_name, part in model.named_modules():
        for own_name, parameter in part.named_parameters(recurse=False):
            if f"{part_name}.{own_name}" in names:
                transposed = type(part).__name__ == "Conv1D"  # of transformers, in GPT-2: [inputs, outputs]
                ratio = math.sqrt(parameter.shape[1] / parameter.shape[0]) if transposed else 1.0
                groups.setdefault(ratio, []).append(parameter)
    for ratio, parameters in groups.items():
        yield {
            "params": parameters,
            "peak": recipe.muon_lr * ratio,
            "weight_decay": recipe.weight_decay / ratio,
        }
