"""Llama (Touvron et al. 2023, arXiv 2302.13971) from scratch, at any size; the defaults are those of SmolLM-135M.

RMS norm, rotary positions, keys and values shared by heads, gated SiLU MLP, no biases. Blocks and initialisation are
transformers'.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.costs import ModelSize
from unlearnkit.config.models.text_models import Heads, KeyHeads, Layers, MlpWidth, RotarySettings, Width, gated_size
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.transformers_causal import causal, causal_adapter, rotary_configuration

TASK = "text"
CONVOLUTIONS = False
STACK_SIZE = 1


class Settings(RotarySettings):
    """Settings of Llama."""

    layers: Layers = 30
    width: Width = 576
    heads: Heads = 9
    kv_heads: KeyHeads = 3
    mlp_width: MlpWidth = 1536

    def size(self, num_classes: int, sample_shape: tuple[int, ...]) -> ModelSize:
        """Return the size of the embedding, of the blocks, of the last normalisation and of the head."""
        return gated_size(self, num_classes, sample_shape[0], bias=False)


def build(num_classes: int, sample_shape: tuple[int, ...], settings: Settings) -> nn.Module:
    """Return Llama for sequences of at most `sample_shape[0]` tokens, with weights drawn from torch's generator."""
    configuration = rotary_configuration(settings, num_classes, sample_shape[0])
    return causal("Llama", num_classes, tied=settings.tied, **configuration)


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of Llama: embedding, blocks, and the last normalisation with the head."""
    return causal_adapter(model)
