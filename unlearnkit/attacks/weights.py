"""What attacks on weights change: matrices and kernels, not biases and norms."""

from __future__ import annotations

from torch import Tensor, nn

from unlearnkit.models.parts import parameters_of
from unlearnkit.models.stack import Stack


def weights_in(model: nn.Module, models: int) -> dict[str, nn.Parameter]:
    """Return name -> tensor of weights of a model, or of a stack of `models`: those with two axes or more in a model.

    Those of a stack have a leading axis of models. A tensor that has several names is there once.
    """
    axes = 2 if models == 1 else 3
    return {name: weight for name, weight in parameters_of(model).items() if weight.ndim >= axes}


def channels_in(model: nn.Module, models: int) -> dict[str, Tensor]:
    """Return name -> view of the weights of `weights_in`, detached, with output channels first (in a stack, second).

    Conv1D of transformers, in GPT-2, keeps weights as [inputs, outputs]; their view is transposed.
    """
    structure = model.structure if isinstance(model, Stack) else model
    transposed = {f"{name}.weight" for name, part in structure.named_modules() if type(part).__name__ == "Conv1D"}
    return {
        name: weight.detach().transpose(-1, -2) if name in transposed else weight.detach()
        for name, weight in weights_in(model, models).items()
    }
