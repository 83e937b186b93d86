"""What methods may ask of any architecture, so that none of them looks for attribute names."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from unlearnkit.models.stack import Stack

_NORMALISATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)

Block = tuple[str, ...]
"""The submodules that make up one block, in forward order."""


@dataclass(frozen=True)
class Adapter:
    """Names of a model's parts, as `model.get_submodule` takes them.

    `classifier` maps features to logits, `first_layer` sees pixels or tokens. `blocks` are the units in forward order,
    from the input to the classifier (both included), that methods freeze, reset or retrain as one: a residual block, a
    convolution with its batch norm. `stages` are the same in coarser units, the groups of blocks between two
    down-samplings. Both cover all parameters; the last of either holds the classifier, unless a language model has tied
    embeddings: then the classifier is the first layer.
    """

    classifier: str
    first_layer: str
    blocks: tuple[Block, ...]
    stages: tuple[Block, ...]

    @classmethod
    def sequential(cls, parts: tuple[str, ...], first_layer: str) -> Adapter:
        """Return the adapter of a plain sequence of parts, each a block and a stage; the last one is the classifier."""
        blocks = tuple((part,) for part in parts)
        return cls(classifier=parts[-1], first_layer=first_layer, blocks=blocks, stages=blocks)


def convolution_weights(model: nn.Module) -> list[str]:
    """Return the parameter names of all convolution kernels of a model or stack, in forward order of declaration."""
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return [f"{name}.weight" for name, part in _structure(model).named_modules() if isinstance(part, kinds)]


def normalisation_parts(model: nn.Module) -> list[str]:
    """Return the module names of all normalisation layers (batch, layer, group, instance), found by type."""
    return [name for name, part in _structure(model).named_modules() if isinstance(part, _NORMALISATIONS)]


def _structure(model: nn.Module) -> nn.Module:
    return model.structure if isinstance(model, Stack) else model
