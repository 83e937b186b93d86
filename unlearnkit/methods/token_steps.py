"""The loop of methods for language models: AdamW steps along a loss of batches of the forget and the retain set."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn, optim

from unlearnkit.config.language import LanguageSettings
from unlearnkit.data.sequences import Sequences
from unlearnkit.training.unlearning import Context


@dataclass(frozen=True)
class TokenBatch:
    """Sequences of one set: inputs and labels, int64 [B, n]; labels are IGNORE where there is no target."""

    inputs: Tensor
    labels: Tensor


Loss = Callable[[nn.Module, Mapping[str, TokenBatch]], Tensor]
"""(model, batch of every set by its name) -> scalar to be minimised."""


def descend(
    model: nn.Module, sets: Mapping[str, Sequences], settings: LanguageSettings, context: Context, loss: Loss
) -> nn.Module:
    """Return a copy of `model`, in eval mode, after `settings.steps` steps that decrease `loss`.

    Every step takes one batch of each of the `sets`, which are shuffled anew in every pass. Matrices decay, vectors do
    not.
    """
    model = copy.deepcopy(model)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = optim.AdamW(groups, lr=settings.lr, weight_decay=settings.weight_decay)
    batches = {name: draws.endless(settings.batch_size) for name, draws in sets.items()}
    for step in range(1, settings.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = settings.lr_of(step)
        model.train()
        value = loss(model, {name: TokenBatch(*next(drawn)) for name, drawn in batches.items()})
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        if settings.clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        context.end_epoch(step, model)
    return model.eval()
