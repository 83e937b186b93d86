"""A GPT after the modded-nanogpt speed runs (K. Jordan and others), in plain PyTorch, at any size, on any device.

RMS norm without weights, rotary positions of which half may be zero, normalised queries and keys, squared ReLU,
projections back to the residual stream that start at zero. Optional: value embeddings on the first and the last layers,
skips from the first half of the layers to the second, layers without attention, soft-capped logits. The reference
computes attention with FlexAttention on a GPU, in a window that grows during training; here it is PyTorch's own
kernels, and the window stays, so that a model is evaluated with what it was trained with.
"""

from __future__ import annotations

from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.costs import ModelSize, linear
from unlearnkit.config.models.text_models import (
    Heads,
    RopeTheta,
    TextModelSettings,
    Tied,
    attention,
    embedding,
    tokens_in_and_out,
)
from unlearnkit.facts.language_models import embedding_rows, mlp_features
from unlearnkit.models.adapter import Adapter, Block
from unlearnkit.models.language.causal_masks import within_document, within_window
from unlearnkit.models.language.nanogpt_block import Attention, NanoBlock, normalised, projection

TASK = "text"
CONVOLUTIONS = False
STACK_SIZE = 1

TIED_DEVIATION = 0.005
"""Standard deviation of a tied embedding; an untied one has 1, but its rows are normalised before the first block."""


class Settings(TextModelSettings):
    """Settings of the model after modded-nanogpt."""

    heads: Heads = 6
    tied: Tied = False
    rope_theta: RopeTheta = 1024.0
    truncated_rotary: bool = Field(
        True, description="half of the rotary frequencies are zero; without: all from 1 to 1 / rope_theta"
    )
    attention_scale: float | None = Field(
        None,
        gt=0,
        description="factor of queries times keys; null: (width / heads)^-1/2; reference 0.12",
    )
    value_embeddings: int = Field(
        0,
        ge=0,
        description="tables of token embeddings that join the values of as many first and last layers",
    )
    skips: bool = Field(False, description="add the outputs of the first half of the layers in the second, last first")
    without_attention: tuple[int, ...] = Field((), description="layers, from 0, that are an MLP only; reference [7]")
    logit_cap: float | None = Field(
        15.0, gt=0, description="logits z become cap tanh(z / cap); null: as they are; older versions 30"
    )
    attention_window: int | None = Field(
        None, ge=1, description="tokens that attention sees, the own one included; null: all before"
    )
    document_mask: bool = Field(False, description="attention sees only tokens of the own document; needs end_of_text")
    end_of_text: int | None = Field(None, ge=0, description="token before every document; GPT-2's is 50256")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        multiple = 4 if self.truncated_rotary else 2
        head_width = self.width // self.heads
        if head_width % multiple:
            raise ValueError(f"width / heads is {head_width}; rotary positions need a multiple of {multiple}")
        if 2 * self.value_embeddings > self.layers:
            raise ValueError(f"{self.value_embeddings} value embeddings need {2 * self.value_embeddings} layers")
        if any(not 0 <= layer < self.layers for layer in self.without_attention):
            raise ValueError(f"without_attention names layers that are not among 0 to {self.layers - 1}")
        if self.document_mask and self.end_of_text is None:
            raise ValueError("document_mask needs end_of_text, the token before every document")
        return self

    def value_table(self, layer: int) -> int | None:
        """Return the number of the value embedding that a layer has: 0, 1, 2 on the first and on the last three."""
        last = self.layers - self.value_embeddings
        place = layer - last if layer >= last else layer
        return place if place < self.value_embeddings and layer not in self.without_attention else None

    def has_skip(self, layer: int) -> bool:
        """Return whether a layer gets the output of an earlier one."""
        return self.skips and layer >= self.layers - self.layers // 2

    def size(self, num_classes: int, sample_shape: tuple[int, ...]) -> ModelSize:
        """Return the size of the embeddings, of the blocks with their scalars, and of the head.

        Attention in a window or in documents counts in full: the other products are computed and then hidden.
        """
        length, width = sample_shape[0], self.width
        projected = linear(width, width, bias=False, places=length) * 4 + attention(length, width)
        features = mlp_features(self.mlp_width, width)
        size = tokens_in_and_out(self, num_classes, length)
        size += embedding(embedding_rows(num_classes, self.pad_vocabulary_to), width) * self.value_embeddings
        for layer in range(self.layers):
            scalars = 2 + self.has_skip(layer)
            if layer not in self.without_attention:
                scalars += 1 if self.value_table(layer) is None else 2
                size += projected
            size += linear(width, features, bias=False, places=length) * 2 + ModelSize(scalars, 4 * scalars, 0)
        return size


def build(num_classes: int, sample_shape: tuple[int, ...], settings: Settings) -> nn.Module:
    """Return the model for sequences of at most `sample_shape[0]` tokens, with weights drawn from torch's generator."""
    return NanoGPT(num_classes, sample_shape[0], settings)


def adapter(model: nn.Module) -> Adapter:
    """Return the parts: the embeddings, every block, and the head; a tied model ends with its last block."""
    assert isinstance(model, NanoGPT)
    tables = tuple(f"value_embeddings.{number}" for number in range(len(model.value_embeddings)))
    layers: list[Block] = [(f"blocks.{number}",) for number in range(len(model.blocks))]
    head: list[Block] = [] if model.head is None else [("head",)]
    blocks: tuple[Block, ...] = (("embedding", *tables), *layers, *head)
    classifier = "embedding" if model.head is None else "head"
    return Adapter(classifier=classifier, first_layer="embedding", blocks=blocks, stages=blocks)


class NanoGPT(nn.Module):
    """Embedding, blocks and head: tokens [B, n] -> logits [B, n, V]."""

    cosines: Tensor
    sines: Tensor
    """Of position times frequency: [L, width of a head / 2]; they follow from the settings and are in no state."""

    def __init__(self, vocabulary: int, length: int, settings: Settings) -> None:
        super().__init__()
        self.vocabulary, self.settings = vocabulary, settings
        rows = embedding_rows(vocabulary, settings.pad_vocabulary_to)
        self.embedding = nn.Embedding(rows, settings.width)
        self.value_embeddings = nn.ModuleList(
            nn.Embedding(rows, settings.width) for _ in range(settings.value_embeddings)
        )
        self.blocks = nn.ModuleList(_block(settings, layer) for layer in range(settings.layers))
        self.head = None if settings.tied else projection(settings.width, rows, zero=True)
        if settings.tied:
            nn.init.normal_(self.embedding.weight, std=TIED_DEVIATION)
        angles = torch.arange(length, dtype=torch.float32)[:, None] * frequencies(settings)
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the vocabulary [B, n, V]; rows that only pad it are computed and cut off."""
        turns = self.cosines[: tokens.shape[1]], self.sines[: tokens.shape[1]]
        features = first = normalised(self.embedding(tokens))
        values = [table(tokens) for table in self.value_embeddings]
        mask = self._mask(tokens)
        kept: list[Tensor] = []
        for layer, block in enumerate(self.blocks):
            table = self.settings.value_table(layer)
            skipped = kept.pop() if self.settings.has_skip(layer) else None
            features = block(features, first, skipped, None if table is None else values[table], turns, mask)
            if layer < self.settings.layers // 2:
                kept.append(features)
        cap = self.settings.logit_cap
        # features are divided and not logits, of which there are V / width times as many
        features = normalised(features) if cap is None else normalised(features) / cap
        logits = functional.linear(features, self.embedding.weight) if self.head is None else self.head(features)
        logits = logits[..., : self.vocabulary]
        return logits if cap is None else torch.tanh(logits.float()) * cap

    def _mask(self, tokens: Tensor) -> Tensor | None:
        window, end_of_text = self.settings.attention_window, self.settings.end_of_text
        if self.settings.document_mask and end_of_text is not None:
            return within_document(tokens, end_of_text, window)
        return within_window(tokens.shape[1], window, tokens.device)


def frequencies(settings: Settings) -> Tensor:
    """Return the angles per position, from 1 down to 1 / rope_theta in equal ratios: [width of a head / 2].

    With `truncated_rotary` there are half as many, and zeros.
    """
    pairs = settings.width // settings.heads // 2
    turning = pairs // 2 if settings.truncated_rotary else pairs
    turned = (1 / settings.rope_theta) ** torch.linspace(0, 1, turning)
    return torch.cat([turned, torch.zeros(pairs - turning)])


def _block(settings: Settings, layer: int) -> NanoBlock:
    has_values = settings.value_table(layer) is not None
    without = layer in settings.without_attention
    attention = None if without else Attention(settings.width, settings.heads, settings.attention_scale, has_values)
    features = mlp_features(settings.mlp_width, settings.width)
    return NanoBlock(settings.width, features, attention, has_skip=settings.has_skip(layer))
