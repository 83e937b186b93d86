"""Originals and oracles whose training has diverged: every metric needs all of them, so their job refuses them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from unlearnkit.config.settings import Settings
from unlearnkit.errors import TrainingError

MEASURED = {
    "original": "originals",
    "oracle": "oracles",
    "held_out_oracle": "held-out oracles",
    "pool": "models of the pool",
}
"""Beginnings of the roles that are refused, in words. An attribution's fit leaves out failed models on random subsets,
and an unlearned model that is not finite is a result."""

_NAMED = 10
"""Number of models that an error names; it counts the rest."""


def finite_models(model: nn.Module, models: int) -> list[bool]:
    """Return for a model, or for each of the `models` of a stack, whether all its weights and statistics are finite."""
    tensors = [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
    return torch.stack([tensor.isfinite().reshape(models, -1).all(1) for tensor in tensors]).all(0).tolist()


def refuse_diverged(
    finite: Sequence[bool], role: str, model_indices: Sequence[int], reached: str, recipe: Settings
) -> None:
    """Raise TrainingError, naming them, if models of `role` are not `finite` at "epoch 3 of 12" or "step 50 of 200"."""
    failed = [str(index) for index, good in zip(model_indices, finite, strict=True) if not good]
    kind, _, _ = role.partition("/")
    if not failed or kind not in MEASURED:
        return
    named = ", ".join(failed[:_NAMED]) + (f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else "")
    settings = recipe.model_dump()
    used = [name for name in settings if name != "muon_lr" or settings["optimizer"] == "muon"]
    rates = [f"training.{name}: {settings[name]:g}" for name in used if name.endswith("lr") and settings[name]]
    raise TrainingError(
        f"training has diverged: by {reached} the weights of {len(failed)} of {len(finite)} {MEASURED[kind]} trained "
        f"together are not finite (model{'s' * (len(failed) > 1)} {named})",
        expected="finite weights, without which no model can be evaluated",
        remedy=f"lower the learning rate ({', '.join(rates)}), to a tenth for instance, or let it warm up for longer; "
        "then run the same command again, which trains all originals and oracles by the new recipe",
    )
