"""Low-rank terms merged into the weights of their base: one network of transformers, in float32."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from unlearnkit.artifacts.weights import State
from unlearnkit.errors import TrainingError
from unlearnkit.models.arrays import to_array
from unlearnkit.models.language.low_rank_layers import NAME
from unlearnkit.models.language.pretrained_model import BASE, PretrainedModel

PROBE = 64
"""Tokens, different ones as far as there are so many, on which the logits are compared."""
LARGEST_DIFFERENCE = 1e-4
"""Of a logit, in float32, between a model and what it is merged into; relative to the largest logit above 1."""


@torch.no_grad()
def merged(model: PretrainedModel, probe: Tensor) -> tuple[Any, float]:
    """Return a network of its own whose weights are W + (alpha / rank) B A, computed in float32, and a difference.

    The difference is the largest one between logits of the model and of the network on `probe`, tokens [B, n]. The
    model and its base stay as they are. Raises TrainingError if they differ by more than rounding where the base is in
    float32; of one in bfloat16 the difference is that of its own rounding.
    """
    exact = all(parameter.dtype == torch.float32 for parameter in model.parameters())
    before = model.eval()(probe).float()
    # a real copy: the model's own would share the tensors of the base
    network = copy.deepcopy(model.network).float()
    terms = [(name, part) for name, part in network.named_modules() if hasattr(part, "lora_A")]
    for name, part in terms:
        part.merge(safe_merge=True, adapter_names=[NAME])  # pyright: ignore[reportCallIssue]
        _replace(network, name, part.get_base_layer())  # pyright: ignore[reportCallIssue]
    after = network.eval()(input_ids=probe, use_cache=False).logits[..., : model.vocabulary]
    difference = float((after - before).abs().max())
    if exact and difference > LARGEST_DIFFERENCE * max(1.0, float(before.abs().max())):
        raise TrainingError(
            f"the merged model has logits that differ by {difference:.2g} from those of its low-rank terms",
            expected=f"at most {LARGEST_DIFFERENCE:g}, the rounding of float32",
        )
    return network, difference


def merged_state(model: nn.Module) -> tuple[State, float]:
    """Return the tensors of a merged model by transformers' names, tied ones once, and the difference of its logits.

    The logits are compared on PROBE tokens. Raises TrainingError as `merged` does, and for a model without an adapter.
    """
    if not isinstance(model, PretrainedModel) or not hasattr(model, BASE):
        raise TrainingError("a model without an adapter cannot be merged", expected="model.adapter, not null")
    probe = (torch.arange(PROBE) * 7 % model.vocabulary)[None]
    network, difference = merged(model, probe)
    held: dict[int, str] = {}
    names = [name for name, tensor in network.state_dict().items() if held.setdefault(tensor.data_ptr(), name) == name]
    return {name: to_array(network.state_dict()[name]) for name in names}, difference


def _replace(network: nn.Module, name: str, layer: nn.Module) -> None:
    part, _, leaf = name.rpartition(".")
    setattr(network.get_submodule(part), leaf, layer)
