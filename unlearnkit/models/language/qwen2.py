"""Qwen2 (Yang et al. 2024, arXiv 2407.10671) from scratch, at any size; the defaults are those of Qwen2-0.5B.

Llama with biases on queries, keys and values. Blocks and initialisation are transformers'.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.costs import ModelSize
from unlearnkit.config.models.text_models import (
    Heads,
    KeyHeads,
    Layers,
    MlpWidth,
    RopeTheta,
    RotarySettings,
    Width,
    gated_size,
)
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.transformers_causal import causal, causal_adapter, rotary_configuration

TASK = "text"
CONVOLUTIONS = False
STACK_SIZE = 1


class Settings(RotarySettings):
    """Settings of Qwen2."""

    layers: Layers = 24
    width: Width = 896
    heads: Heads = 14
    kv_heads: KeyHeads = 2
    mlp_width: MlpWidth = 4864
    rope_theta: RopeTheta = 1_000_000.0

    def size(self, num_classes: int, sample_shape: tuple[int, ...]) -> ModelSize:
        """Return the size of the embedding, of the blocks, of the last normalisation and of the head."""
        return gated_size(self, num_classes, sample_shape[0], bias=True)


def build(num_classes: int, sample_shape: tuple[int, ...], settings: Settings) -> nn.Module:
    """Return Qwen2 for sequences of at most `sample_shape[0]` tokens, with weights drawn from torch's generator."""
    configuration = rotary_configuration(settings, num_classes, sample_shape[0])
    # transformers 4 warns of a window even where none is used
    return causal("Qwen2", num_classes, tied=settings.tied, sliding_window=None, **configuration)


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of Qwen2: embedding, blocks, and the last normalisation with the head."""
    return causal_adapter(model)
