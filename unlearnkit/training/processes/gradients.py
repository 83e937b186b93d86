"""The gradients of processes that train copies of one model, each on its share of a batch."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from unlearnkit.training.processes.group import Group


def added(group: Group, parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradient of every parameter by the sum over all processes, in each of them, in place.

    A parameter that has a gradient in no process is left without one: an optimiser passes over it.
    """
    if group.size == 1:
        return
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    reached = torch.tensor([parameter.grad is not None for parameter in trained], dtype=torch.int32)
    torch.distributed.all_reduce(reached)
    for parameter, processes in zip(trained, reached.tolist(), strict=True):
        if processes:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            torch.distributed.all_reduce(parameter.grad)
