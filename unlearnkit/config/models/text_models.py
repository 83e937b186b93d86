"""What settings of language models share: their fields, and the sizes of the parts that models consist of.

Multiply-adds are those of one sequence of the full length: every weight of a matrix once per token, and the products of
attention in full, as if no position were hidden by the causal mask (the count of PaLM, arXiv 2204.02311, appendix B).
A training step costs three times a forward pass. So a step costs 6 P T + 12 layers width T^2 floating point operations,
with P weights of matrices and T tokens.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from unlearnkit.config.methods.costs import ModelSize, linear
from unlearnkit.config.settings import ModelSettings
from unlearnkit.facts.language_models import embedding_rows, mlp_features

_FLOAT = 4

Layers = Annotated[int, Field(ge=1, description="transformer blocks")]
Width = Annotated[int, Field(ge=1, description="features of the residual stream")]
Heads = Annotated[int, Field(ge=1, description="attention heads; they divide the width")]
KeyHeads = Annotated[
    int, Field(ge=1, description="heads of keys and values, each shared by heads / kv_heads attention heads")
]
MlpWidth = Annotated[int | None, Field(ge=1, description="features between the two layers of an MLP; null: 4 x width")]
Tied = Annotated[bool, Field(description="one matrix as token embedding and as head")]
RopeTheta = Annotated[float, Field(gt=1, description="base of the rotary frequencies")]


class TextModelSettings(ModelSettings):
    """Settings of every language model; a model may set other defaults."""

    layers: Layers = 12
    width: Width = 768
    heads: Heads = 12
    mlp_width: MlpWidth = None
    tied: Tied = True
    pad_vocabulary_to: int | None = Field(
        None,
        ge=1,
        description="round the rows of embedding and head up to a multiple of this, which makes some kernels faster; "
        "logits of the added rows are cut off",
    )

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self


class RotarySettings(TextModelSettings):
    """Settings of models with rotary positions, keys and values shared by heads, and a gated MLP."""

    kv_heads: KeyHeads = 2
    rope_theta: RopeTheta = 10_000.0

    @model_validator(mode="after")
    def _heads_can_share_and_rotate(self) -> Self:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} is not a multiple of kv_heads {self.kv_heads}")
        if self.width // self.heads % 2:
            raise ValueError(f"width / heads is {self.width // self.heads}; rotary positions need an even number")
        return self


def tokens_in_and_out(settings: TextModelSettings, vocabulary: int, length: int) -> ModelSize:
    """Return the size of the token embedding and of the head."""
    rows = embedding_rows(vocabulary, settings.pad_vocabulary_to)
    head = linear(settings.width, rows, bias=False, places=length)
    return embedding(rows, settings.width) + (ModelSize(0, 0, head.multiply_adds) if settings.tied else head)


def mlp(settings: TextModelSettings, length: int) -> ModelSize:
    """Return the size of an MLP of two layers with biases."""
    features, width = mlp_features(settings.mlp_width, settings.width), settings.width
    return linear(width, features, places=length) + linear(features, width, places=length)


def gated_size(settings: RotarySettings, vocabulary: int, length: int, *, bias: bool) -> ModelSize:
    """Return the size of a whole rotary model; `bias` states whether queries, keys and values have biases."""
    width, features = settings.width, mlp_features(settings.mlp_width, settings.width)
    shared = settings.kv_heads * (width // settings.heads)
    block = linear(width, width, bias=bias, places=length)
    block += linear(width, shared, bias=bias, places=length) * 2
    block += linear(width, width, bias=False, places=length) + attention(length, width)
    block += linear(width, features, bias=False, places=length) * 3 + rms_norm(width) * 2
    return tokens_in_and_out(settings, vocabulary, length) + block * settings.layers + rms_norm(width)


def embedding(rows: int, width: int) -> ModelSize:
    """Return the size of an embedding; looking rows up costs nothing."""
    return ModelSize(rows * width, _FLOAT * rows * width, 0)


def rms_norm(width: int) -> ModelSize:
    """Return the size of an RMS norm with a weight."""
    return ModelSize(width, _FLOAT * width, 0)


def attention(length: int, width: int) -> ModelSize:
    """Return the size of the two products of attention, queries with keys and weights with values, over all heads."""
    return ModelSize(0, 0, 2 * length**2 * width)
