"""Parts of one model or of every model of a stack: their tensors by name, fresh weights for them, freezing.

Names are those of the architecture's adapter. Tensors of a stack have a leading model axis and are otherwise the same,
so code that works elementwise or on trailing axes is written once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from unlearnkit.models.stack import Stack

T = TypeVar("T", bound=Tensor)


def parameters_of(model: nn.Module, parts: Iterable[str] = ("",)) -> dict[str, nn.Parameter]:
    """Return the parameters in the submodules `parts` (all if not given) by the architecture's own names."""
    named = model.parameters_by_name() if isinstance(model, Stack) else dict(model.named_parameters())
    return _inside(named, parts)


def buffers_of(model: nn.Module, parts: Iterable[str] = ("",)) -> dict[str, Tensor]:
    """Return the buffers in the submodules `parts` (all if not given) by the architecture's own names."""
    named = model.buffers_by_name() if isinstance(model, Stack) else dict(model.named_buffers())
    return _inside(named, parts)


@torch.no_grad()
def reset(model: nn.Module, fresh: nn.Module, parts: Iterable[str]) -> None:
    """Give the submodules `parts` the parameters and buffers of `fresh`, newly initialised models as `model`.

    So all state goes back: weights, biases, statistics of batch norm with their counts, layer norm, attention biases.
    The draws are those of `fresh`, hence of its seed.
    """
    parts = tuple(parts)
    for tensors_of in (parameters_of, buffers_of):
        drawn_tensors = tensors_of(fresh, parts)
        for name, tensor in tensors_of(model, parts).items():
            tensor.copy_(drawn_tensors[name])


def freeze(model: nn.Module, parts: Iterable[str]) -> None:
    """Let no gradient reach the submodules `parts`; optimisers of `training.optimisation` leave them out."""
    for parameter in parameters_of(model, parts).values():
        parameter.requires_grad_(False)
        parameter.grad = None


def sharing(model: nn.Module) -> nn.Module:
    """Return another model over the same tensors: it has a mode of its own, and the weights are there once."""
    structures = (model, model.structure) if isinstance(model, Stack) else (model,)
    lent = [tensor for structure in structures for tensor in (*structure.parameters(), *structure.buffers())]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in lent})


def train_except(model: nn.Module, parts: Iterable[str]) -> None:
    """Put a model or stack into train mode apart from the submodules `parts`, whose buffers then stay as they are."""
    model.train()
    if isinstance(model, Stack):
        model.in_eval_mode = tuple(parts)
    else:
        for part in parts:
            model.get_submodule(part).eval()


def drawn(
    like: Tensor, generators: Sequence[torch.Generator], fill: Callable[[Tensor, torch.Generator], Tensor]
) -> Tensor:
    """Return random numbers of the shape and device of `like`, each model's from its own CPU generator.

    `fill(tensor, generator)` fills a tensor in place, for example `lambda tensor, generator:
    tensor.normal_(generator=generator)`. With K > 1 generators the first axis of `like` is the model.
    """
    shape = like.shape[1:] if len(generators) > 1 else like.shape
    of_models = [fill(torch.empty(shape, dtype=like.dtype), generator) for generator in generators]
    return (torch.stack(of_models) if len(generators) > 1 else of_models[0]).to(like.device)


def _inside(tensors: dict[str, T], parts: Iterable[str]) -> dict[str, T]:
    prefixes = tuple(f"{part}." if part else "" for part in parts)
    return {name: tensor for name, tensor in tensors.items() if name.startswith(prefixes)}
