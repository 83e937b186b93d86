"""The training loop of one language model, from fresh weights to the last step, resumable between any two steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from unlearnkit.config.text_recipe import TextRecipe
from unlearnkit.data.sequences import Tokens
from unlearnkit.training.loop import autocast
from unlearnkit.training.optimisation import scheduled_lr
from unlearnkit.training.token_losses import targets, token_sum
from unlearnkit.training.visits import Visits

Moment = Mapping[str, np.ndarray]


def fit_text(
    model: nn.Module,
    tokens: Tokens,
    goes_on: np.ndarray,
    visits: Visits,
    recipe: TextRecipe,
    *,
    end_step: Callable[[int, float, Callable[[], Moment]], None],
    resume: Moment | None = None,
) -> nn.Module:
    """Train `model` in place by `recipe` on the sequences of `visits`, and return it in eval mode.

    `goes_on` says after which sequences a target follows (`Tokens.within`). After step s (1, 2, ...) `end_step(s, loss,
    capture)` is called; `capture()` returns the moment from which `resume` continues to the same bits.
    """
    optimizer = text_optimizer(model, recipe)
    first = _restore(model, optimizer, resume) if resume else 0
    model.train()
    for step in range(first, visits.steps):
        for group in optimizer.param_groups:
            group["lr"] = text_lr(recipe, step, visits.steps)
        inputs, labels = tokens.batch(visits.of_step(step), goes_on)
        with autocast(recipe.precision, tokens.device):
            logits = model(inputs)
        loss = token_sum(logits, labels) / targets(labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        end_step(step + 1, loss.item(), lambda step=step: _capture(model, optimizer, step + 1))
    return model.eval()


def text_optimizer(model: nn.Module, recipe: TextRecipe) -> torch.optim.Optimizer:
    """Return the recipe's optimiser; matrices decay, vectors do not."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=recipe.lr, betas=recipe.betas)


def text_lr(recipe: TextRecipe, step: int, steps: int) -> float:
    """Return the learning rate of step `step` of `steps`, counted from 0."""
    if step < recipe.warmup_steps:
        return recipe.lr * (step + 1) / recipe.warmup_steps
    rest = (step - recipe.warmup_steps) / max(1, steps - recipe.warmup_steps)
    if recipe.schedule == "trapezoidal":
        return recipe.lr * min(1.0, (1 - rest) / recipe.cooldown) if recipe.cooldown else recipe.lr
    return scheduled_lr({"linear": "triangular"}.get(recipe.schedule, recipe.schedule), recipe.lr, rest)


def _capture(model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> Moment:
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{number}/{name}": value for name, value in state.items()}
    return {**{name: t.detach().cpu().numpy().copy() for name, t in tensors.items()}, "step": np.array(step)}


def _restore(model: nn.Module, optimizer: torch.optim.Optimizer, moment: Moment) -> int:
    held = {name: torch.from_numpy(np.array(array)) for name, array in moment.items()}
    model.load_state_dict({k.removeprefix("model/"): v for k, v in held.items() if k.startswith("model/")})
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in held.items():
        if key.startswith("optimizer/"):
            _, number, name = key.split("/")
            state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return int(moment["step"])
