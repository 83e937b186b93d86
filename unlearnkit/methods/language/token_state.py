"""Weights, optimiser state and generators of a run of a method, between two steps, as named tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn, optim


def captured(model: nn.Module, optimizer: optim.Optimizer, generators: Sequence[torch.Generator]) -> dict[str, Tensor]:
    """Return the state of a model (of low-rank terms the factors), of its optimiser and of CPU generators."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    held = {
        f"optimizer/{names[parameter]}/{name}": value
        for parameter, state in optimizer.state.items()
        for name, value in state.items()
    }
    weights = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    draws = {f"generator/{number}": generator.get_state() for number, generator in enumerate(generators)}
    return {**weights, **held, **draws}


def restored(
    stored: Mapping[str, Tensor], model: nn.Module, optimizer: optim.Optimizer, generators: Sequence[torch.Generator]
) -> None:
    """Bring them back, in place, to the state that was captured of others like them."""
    model.load_state_dict(_below("model/", stored))
    parameters = dict(model.named_parameters())
    for key, value in _below("optimizer/", stored).items():
        name, _, quantity = key.rpartition("/")
        # counts of steps stay on the host
        optimizer.state[parameters[name]][quantity] = value.to(parameters[name].device) if value.ndim else value
    for number, generator in enumerate(generators):
        generator.set_state(stored[f"generator/{number}"])


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
