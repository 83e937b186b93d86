"""What methods may ask of any architecture, so that none of them looks for attribute names."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

_NORMALISATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True)
class Adapter:
    """Names of a model's parts, as `model.get_submodule` takes them.

    `classifier` maps features to logits, `first_layer` sees the pixels, `blocks` are the units in forward order, from
    the input to the classifier (both included), that methods freeze, reset or retrain as one.
    """

    classifier: str
    first_layer: str
    blocks: tuple[str, ...]


def convolution_weights(model: nn.Module) -> list[str]:
    """Return the parameter names of all convolution kernels, in forward order of declaration."""
    return [
        f"{name}.weight" for name, part in model.named_modules() if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    ]


def normalisation_parts(model: nn.Module) -> list[str]:
    """Return the module names of all normalisation layers (batch, layer, group, instance), found by type."""
    return [name for name, part in model.named_modules() if isinstance(part, _NORMALISATIONS)]
