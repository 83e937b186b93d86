"""What settings of language models share: their fields, and the sizes of the parts that they are summed from.

Multiply-adds are those of one sequence of the full length: every weight of a matrix once per token, and the products of
attention in full, as if no position were hidden by the causal mask (the count of PaLM, arXiv 2204.02311, appendix B).
A training step costs three times a forward pass. So a step costs 6 P T + 12 layers width T^2 floating point operations,
with P weights of matrices and T tokens.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from unlearnkit.config.costs import ModelSize, linear
from unlearnkit.config.settings import ModelSettings

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
    """Settings that every language model has; a model states its own defaults."""

    layers: Layers = 12
    width: Width = 768
    heads: Heads = 12
    mlp_width: MlpWidth = None
    tied: Tied = True
    pad_vocabulary_to: int | None = Field(
        None,
        ge=1,
        description="rows of embedding and head are rounded up to a multiple of this, which suits some kernels; "
        "logits of the added rows are cut off",
    )

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self

    @property
    def head_width(self) -> int:
        """Features of an attention head."""
        return self.width // self.heads

    @property
    def hidden(self) -> int:
        """Features between the two layers of an MLP."""
        return self.mlp_width or 4 * self.width

    def rows(self, vocabulary: int) -> int:
        """Return the rows of embedding and head for a vocabulary of so many tokens."""
        multiple = self.pad_vocabulary_to or 1
        return -(-vocabulary // multiple) * multiple

    def tokens_in_and_out(self, vocabulary: int, length: int) -> ModelSize:
        """Return the size of the token embedding and of the head."""
        rows = self.rows(vocabulary)
        head = linear(self.width, rows, bias=False, places=length)
        return embedding(rows, self.width) + (ModelSize(0, 0, head.multiply_adds) if self.tied else head)


class RotarySettings(TextModelSettings):
    """Settings of models with rotary positions, keys and values shared by heads, and a gated MLP."""

    kv_heads: KeyHeads = 2
    rope_theta: RopeTheta = 10_000.0

    @model_validator(mode="after")
    def _heads_can_share_and_rotate(self) -> Self:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} is not a multiple of kv_heads {self.kv_heads}")
        if self.head_width % 2:
            raise ValueError(f"width / heads is {self.head_width}; rotary positions need an even number")
        return self

    def gated_size(self, vocabulary: int, length: int, *, bias: bool) -> ModelSize:
        """Return the size of the whole model; `bias` says whether queries, keys and values have one."""
        shared = self.kv_heads * self.head_width
        block = linear(self.width, self.width, bias=bias, places=length)
        block += linear(self.width, shared, bias=bias, places=length) * 2
        block += linear(self.width, self.width, bias=False, places=length) + attention(length, self.width)
        block += linear(self.width, self.hidden, bias=False, places=length) * 3 + rms_norm(self.width) * 2
        return self.tokens_in_and_out(vocabulary, length) + block * self.layers + rms_norm(self.width)


def embedding(rows: int, width: int) -> ModelSize:
    """Return the size of an embedding; looking rows up costs nothing."""
    return ModelSize(rows * width, _FLOAT * rows * width, 0)


def rms_norm(width: int) -> ModelSize:
    """Return the size of an RMS norm with a weight."""
    return ModelSize(width, _FLOAT * width, 0)


def attention(length: int, width: int) -> ModelSize:
    """Return the size of the two products of attention, queries with keys and weights with values, over all heads."""
    return ModelSize(0, 0, 2 * length**2 * width)
