"""GPT-2 (Radford et al. 2019) from scratch, at any size, without dropout; the defaults are GPT-2 small.

Learned positions, layer norm before attention and MLP, tanh GELU. Blocks and initialisation are transformers'.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.costs import ModelSize, layer_norm, linear
from unlearnkit.config.models.text_models import TextModelSettings, attention, embedding, mlp, tokens_in_and_out
from unlearnkit.facts.language_models import embedding_rows, mlp_features
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.transformers_causal import causal, causal_adapter

TASK = "text"
CONVOLUTIONS = False
STACK_SIZE = 1


class Settings(TextModelSettings):
    """Settings of GPT-2."""

    def size(self, num_classes: int, sample_shape: tuple[int, ...]) -> ModelSize:
        """Return the size of the embeddings, of the blocks, of the last normalisation and of the head."""
        length, width = sample_shape[0], self.width
        block = linear(width, 3 * width, places=length) + linear(width, width, places=length)
        block += attention(length, width) + layer_norm(width) * 2
        block += mlp(self, length)
        outside = tokens_in_and_out(self, num_classes, length) + embedding(length, width) + layer_norm(width)
        return outside + block * self.layers


def build(num_classes: int, sample_shape: tuple[int, ...], settings: Settings) -> nn.Module:
    """Return GPT-2 for sequences of at most `sample_shape[0]` tokens, with weights drawn from torch's generator."""
    return causal(
        "GPT2",
        num_classes,
        tied=settings.tied,
        vocab_size=embedding_rows(num_classes, settings.pad_vocabulary_to),
        n_positions=sample_shape[0],
        n_embd=settings.width,
        n_layer=settings.layers,
        n_head=settings.heads,
        n_inner=mlp_features(settings.mlp_width, settings.width),
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of GPT-2: embeddings, blocks, and the last normalisation with the head."""
    return causal_adapter(model)
