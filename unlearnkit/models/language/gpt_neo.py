"""GPT-Neo (Black et al. 2021) from scratch, at any size, without dropout; the defaults are GPT-Neo 125M.

GPT-2 with attention over a window in every other block, without biases on queries, keys and values, and without the
scaling of their products. Blocks and initialisation are transformers', but for the attention itself: transformers has
no fused one for GPT-Neo, so its products are replaced by PyTorch's.
"""

from __future__ import annotations

import functools
from typing import Any, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.costs import ModelSize, layer_norm, linear
from unlearnkit.config.models.text_models import TextModelSettings, attention, embedding, mlp, tokens_in_and_out
from unlearnkit.facts.language_models import embedding_rows, mlp_features
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.causal_masks import within_window
from unlearnkit.models.language.transformers_causal import causal, causal_adapter

TASK = "text"
CONVOLUTIONS = False
STACK_SIZE = 1


class Settings(TextModelSettings):
    """Settings of GPT-Neo."""

    attention: tuple[Literal["global", "local"], ...] = Field(
        ("global", "local"), min_length=1, description="attention of the blocks in turn, repeated over all blocks"
    )
    window: int = Field(256, ge=1, description="tokens that local attention sees, the own one included")

    def kinds(self) -> list[Literal["global", "local"]]:
        """Return the kind of attention of every block."""
        return [self.attention[number % len(self.attention)] for number in range(self.layers)]

    def size(self, num_classes: int, sample_shape: tuple[int, ...]) -> ModelSize:
        """Return the size of the embeddings, of the blocks, of the last normalisation and of the head.

        Local attention counts in full: the products outside the window are computed and then hidden.
        """
        length, width = sample_shape[0], self.width
        block = linear(width, width, bias=False, places=length) * 3 + linear(width, width, places=length)
        block += attention(length, width) + layer_norm(width) * 2
        block += mlp(self, length)
        outside = tokens_in_and_out(self, num_classes, length) + embedding(length, width) + layer_norm(width)
        return outside + block * self.layers


def build(num_classes: int, sample_shape: tuple[int, ...], settings: Settings) -> nn.Module:
    """Return GPT-Neo for sequences of at most `sample_shape[0]` tokens, with weights drawn from torch's generator."""
    model = causal(
        "GPTNeo",
        num_classes,
        tied=settings.tied,
        attn_implementation="eager",
        vocab_size=embedding_rows(num_classes, settings.pad_vocabulary_to),
        max_position_embeddings=sample_shape[0],
        hidden_size=settings.width,
        num_layers=settings.layers,
        attention_types=[[settings.kinds(), 1]],
        num_heads=settings.heads,
        intermediate_size=mlp_features(settings.mlp_width, settings.width),
        window_size=settings.window,
    )
    for block, kind in zip(model.body.h, settings.kinds(), strict=True):
        block.attn.attention._attn = functools.partial(_attended, window=settings.window if kind == "local" else None)
    # only now: transformers refuses to build GPT-Neo with it. No mask is built for a kernel that needs none
    model.body.config._attn_implementation = "sdpa"
    return model


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of GPT-Neo: embeddings, blocks, and the last normalisation with the head."""
    return causal_adapter(model)


def _attended(queries: Tensor, keys: Tensor, values: Tensor, *_: Any, window: int | None) -> tuple[Tensor, None]:
    """Return what transformers' GPT-Neo asks its attention for: values [B, heads, n, head width], and no weights."""
    mask = within_window(queries.shape[-2], window, queries.device)
    mixed = functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=mask, is_causal=mask is None, scale=1.0
    )
    return mixed, None
