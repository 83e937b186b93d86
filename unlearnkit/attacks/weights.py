"""What attacks on weights change: matrices and kernels, not biases and norms."""

from __future__ import annotations

from torch import nn

from unlearnkit.models.parts import parameters_of


def weights_in(model: nn.Module, models: int) -> dict[str, nn.Parameter]:
    """Return name -> tensor of weights of a model, or of a stack of `models`: those with two axes or more in a model.

    Those of a stack have a leading axis of models. A tensor that has several names is there once.
    """
    axes = 2 if models == 1 else 3
    return {name: own for name, own in parameters_of(model).items() if own.ndim >= axes}
