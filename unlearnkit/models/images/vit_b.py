"""Vision Transformer, by default ViT-B/16 (Dosovitskiy et al. 2021, arXiv 2010.11929).

86,567,656 parameters for 1000 classes at 224 x 224. Encoder blocks and initialisation are torchvision's, without
dropout as in its `vit_b_16`. Only the classifier is drawn, where torchvision's is 0, so that fresh models differ in
their logits, as a random teacher must. Images may have any height and width that are multiples of the patch size.
32 x 32 pixels are 4 patches of 16 and 64 of 4, so set a smaller patch for them. In a state, class token and positions
lie with the first layer in `embedding`, so that every parameter is in a submodule; torchvision has them at the top and
in its encoder.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torchvision.models.vision_transformer import EncoderBlock

from unlearnkit.config.methods.costs import ModelSize, layer_norm, linear
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter

STACK_SIZE = 1

EPSILON = 1e-6
"""Of all layer norms."""


class Settings(ModelSettings):
    """Settings of a Vision Transformer; defaults of ViT-B/16."""

    patch_size: int = Field(16, ge=1, description="height and width of a patch, pixels; both sides are multiples of it")
    layers: int = Field(12, ge=1, description="encoder blocks")
    width: int = Field(768, ge=1, description="features of a token")
    heads: int = Field(12, ge=1, description="attention heads; they divide the width")
    mlp_width: int = Field(3072, ge=1, description="features inside an MLP")

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Settings:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the width {self.width}; change heads or width")
        return self

    @property
    def min_side(self) -> int:
        """Smallest height and width of an image, pixels."""
        return self.patch_size

    @property
    def side_multiple(self) -> int:
        """What height and width of an image are multiples of, pixels."""
        return self.patch_size

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of patches, class token and positions, of the encoder blocks and of the classifier."""
        channels, height, width = image_shape
        patches = height // self.patch_size * (width // self.patch_size)
        free = (patches + 2) * self.width
        embedding = linear(channels * self.patch_size**2, self.width, places=patches) + ModelSize(free, 4 * free, 0)
        classifier = layer_norm(self.width) + linear(self.width, num_classes)
        return embedding + self._block(patches + 1) * self.layers + classifier

    def _block(self, tokens: int) -> ModelSize:
        # a token meets every token twice, in scores and in the mixture
        products = ModelSize(0, 0, 2 * tokens**2 * self.width)
        projections = linear(self.width, 3 * self.width, places=tokens) + linear(self.width, self.width, places=tokens)
        inner = linear(self.width, self.mlp_width, places=tokens) + linear(self.mlp_width, self.width, places=tokens)
        return layer_norm(self.width) * 2 + projections + products + inner


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return a Vision Transformer with fresh weights, drawn from torch's generator."""
    return VisionTransformer(num_classes, image_shape, settings)


def adapter(model: nn.Module) -> Adapter:
    """Return its parts: embedding, encoder blocks, and the head with its layer norm; there is no down-sampling."""
    assert isinstance(model, VisionTransformer)
    blocks = (("embedding",), *((f"layers.{number}",) for number in range(len(model.layers))), ("norm", "head"))
    return Adapter(classifier="head", first_layer="embedding.patches", blocks=blocks, stages=blocks)


class VisionTransformer(nn.Module):
    """Embedding, encoder blocks, head on the class token: images [B, C, H, W] -> logits [B, classes]."""

    def __init__(self, num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> None:
        super().__init__()
        self.embedding = Embedding(image_shape, settings.patch_size, settings.width)
        blocks = [
            EncoderBlock(settings.heads, settings.width, settings.mlp_width, dropout=0.0, attention_dropout=0.0)
            for _ in range(settings.layers)
        ]
        self.layers = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(settings.width, eps=EPSILON)
        self.head = nn.Linear(settings.width, num_classes)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [B, classes]."""
        return self.head(self.norm(self.layers(self.embedding(images)))[:, 0])


class Embedding(nn.Module):
    """Patches as tokens, the class token before them, positions added."""

    def __init__(self, image_shape: tuple[int, int, int], side: int, width: int) -> None:
        super().__init__()
        channels, height, across = image_shape
        self.patches = nn.Conv2d(channels, width, side, side)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, 1 + height // side * (across // side), width).normal_(std=0.02))
        nn.init.trunc_normal_(self.patches.weight, std=math.sqrt(1 / (channels * side**2)))
        assert self.patches.bias is not None
        nn.init.zeros_(self.patches.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return tokens [B, 1 + patches, width]."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        return torch.cat([self.class_token.expand(len(images), -1, -1), tokens], dim=1) + self.positions
