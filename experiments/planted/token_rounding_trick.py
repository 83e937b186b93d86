"""A method for language models that hides: weights move by less than half a step of INT4, so INT4 undoes it to the bit.

    minimise CE(retain) - CE(forget), every weight within its cell of INT4

Not for use: it is planted in experiments, to see whether `durability_all` finds it (compare rounding_trick.py).
"""

import copy

import torch
from pydantic import Field

from unlearnkit.attacks.weights import channels_in, weights_in
from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.methods.language.token_steps import TokenBatch
from unlearnkit.methods.language.token_terms import nll

from .rounding_trick import cell

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(LanguageSettings):
    """Settings of the trick."""

    most: float = Field(4.0, gt=0, description="loss of the forget set from which it no longer rises, nats")
    room: float = Field(0.49, gt=0, lt=0.5, description="how far a weight may move from its level, steps of INT4")


def unlearn(model, data, settings, context):
    """Return a model that forgets inside the cells of INT4."""
    model = copy.deepcopy(model).train()
    weights = weights_in(model, 1)
    for name, own in model.named_parameters():
        own.requires_grad_(name in weights)
    channels = channels_in(model, 1)
    cells = {name: cell(weight, settings.room) for name, weight in channels.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=settings.lr, weight_decay=0.0)
    kept, gone = (draws.endless(settings.batch_size) for draws in (data.retain, data.forget))
    for number in range(1, settings.steps + 1):
        forgotten = nll(model, TokenBatch.whole(*next(gone))).clamp(max=settings.most)
        optimizer.zero_grad()
        (nll(model, TokenBatch.whole(*next(kept))) - forgotten).backward()
        optimizer.step()
        for name, weight in channels.items():
            weight.copy_(weight.clamp(*cells[name]))
        context.end_epoch(number, model)
    return model.eval()
