"""A pretrained model with low-rank terms as one whose weights are all its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from unlearnkit.artifacts.weights import State
from unlearnkit.errors import TrainingError
from unlearnkit.models.building import Architecture, states_of
from unlearnkit.models.language.merging import PROBE, merged
from unlearnkit.models.language.pretrained_model import PretrainedModel


def merging(state_of: Callable[[int], State], architecture: Architecture) -> Callable[[int], State]:
    """Return a function from the index of a model of `architecture` to its state `without_adapter`."""
    return lambda index: without_adapter(architecture.load(state_of(index)))


def without_adapter(model: nn.Module) -> State:
    """Return the state of the model without an adapter, in float32, that terms and base make together.

    The model and its base stay as they are. Raises TrainingError as `merging.merged` does, and for any other model.
    """
    if not isinstance(model, PretrainedModel):
        raise TrainingError("only a pretrained model can be merged into its base", expected="model.adapter, not null")
    device = next(model.parameters()).device
    network, _ = merged(model, (torch.arange(PROBE, device=device) * 7 % model.vocabulary)[None])
    return states_of(PretrainedModel(network, model.vocabulary, "", None))[0]
