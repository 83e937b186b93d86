"""Swin Transformer, by default Swin-T (Liu et al. 2021, arXiv 2103.14030): 28,288,354 parameters for 1000 classes.

torchvision's `SwinTransformer` with its initialisation, for images of any size; its stochastic depth, which draws from
the global generator, is replaced by ours. At 32 x 32 pixels, four pixels a patch leave 8 x 8 tokens for the first stage
and one for the last, and windows of 7 are mostly padding: `patch_size: 2` and `window: 4` fit such images.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator
from torch import nn
from torchvision.models.swin_transformer import SwinTransformer, SwinTransformerBlock

from unlearnkit.config.methods.costs import NOTHING, ModelSize, halved, layer_norm, linear
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter, Block
from unlearnkit.models.stochastic_depth import StochasticDepth

STACK_SIZE = 1
ANY_SIDE = True

EXPANSION = 4


class Settings(ModelSettings):
    """Settings of a Swin Transformer; defaults of Swin-T."""

    patch_size: int = Field(4, ge=1, description="height and width of a patch, pixels")
    window: int = Field(7, ge=1, description="height and width of a window of attention, tokens")
    width: int = Field(96, ge=1, description="features of a token in the first stage; every stage doubles them")
    depths: tuple[int, ...] = Field((2, 2, 6, 2), min_length=1, description="blocks of the stages")
    heads: tuple[int, ...] = Field((3, 6, 12, 24), min_length=1, description="attention heads of the stages")
    drop_path: float = Field(
        0.2, ge=0, lt=1, description="stochastic depth of the last block; it grows linearly from 0 at the first block"
    )

    @model_validator(mode="after")
    def _stages_fit(self) -> Settings:
        if len(self.depths) != len(self.heads):
            raise ValueError(f"depths has {len(self.depths)} stages and heads {len(self.heads)}; expected as many")
        if min(self.depths) < 1 or sum(self.depths) < 2:
            raise ValueError("depths holds a stage without a block, or a single block; expected two or more in all")
        for number, heads in enumerate(self.heads):
            if heads < 1 or self.width * 2**number % heads:
                raise ValueError(f"{heads} heads do not divide the {self.width * 2**number} features of their stage")
        return self

    @property
    def min_side(self) -> int:
        """Smallest height and width of an image, pixels."""
        return self.patch_size

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of the patch embedding, of the stages with the mergings between them, and of the head."""
        channels, height, width = image_shape
        rows, columns = height // self.patch_size, width // self.patch_size
        features = self.width
        size = linear(channels * self.patch_size**2, features, places=rows * columns) + layer_norm(features)
        for number, (depth, heads) in enumerate(zip(self.depths, self.heads, strict=True)):
            if number:
                rows, columns, features = halved(rows), halved(columns), 2 * features
                merged = linear(2 * features, features, bias=False, places=rows * columns)
                size += layer_norm(2 * features) + merged
            size += self._block(features, heads, rows, columns) * depth
        layers = ModelSize(0, 16, 0) * (sum(self.depths) - 1) if self.drop_path > 0 else NOTHING
        return size + layers + layer_norm(features) + linear(features, num_classes)

    def _block(self, features: int, heads: int, rows: int, columns: int) -> ModelSize:
        tokens = self.window**2
        windows = -(-rows // self.window) * -(-columns // self.window)
        places, inner = windows * tokens, EXPANSION * features
        biases = heads * (2 * self.window - 1) ** 2
        # the number of every pair of tokens is stored with the weights; a token meets those of its window twice
        pairs = ModelSize(biases, 4 * biases + 8 * tokens**2, 2 * places * tokens * features)
        projections = linear(features, 3 * features, places=places) + linear(features, features, places=places)
        places = rows * columns
        perceptron = linear(features, inner, places=places) + linear(inner, features, places=places)
        return layer_norm(features) * 2 + projections + pairs + perceptron


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return a Swin Transformer with torchvision's initialisation, drawn from torch's generator."""
    model = SwinTransformer(
        patch_size=[settings.patch_size] * 2,
        embed_dim=settings.width,
        depths=list(settings.depths),
        num_heads=list(settings.heads),
        window_size=[settings.window] * 2,
        mlp_ratio=EXPANSION,
        stochastic_depth_prob=settings.drop_path,
        num_classes=num_classes,
    )
    embedding = model.features[0]
    assert isinstance(embedding, nn.Sequential)
    embedding[0] = nn.Conv2d(image_shape[0], settings.width, settings.patch_size, settings.patch_size)
    last = sum(settings.depths) - 1
    for number, block in enumerate(_blocks(model)):
        rate = settings.drop_path * number / last
        block.add_module("stochastic_depth", StochasticDepth(rate) if rate > 0 else nn.Identity())
    return model


def adapter(model: nn.Module) -> Adapter:
    """Return its parts: patch embedding, blocks, head; a stage's first block with the merging before it."""
    assert isinstance(model, SwinTransformer)
    blocks: list[Block] = [("features.0",)]
    stages: list[Block] = [("features.0",)]
    for place in range(1, len(model.features), 2):
        merging = (f"features.{place - 1}",) if place > 1 else ()
        stages.append((*merging, f"features.{place}"))
        stage = model.features[place]
        assert isinstance(stage, nn.Sequential)
        blocks += [(*(merging if number == 0 else ()), f"features.{place}.{number}") for number in range(len(stage))]
    head = ("norm", "head")
    return Adapter("head", first_layer="features.0.0", blocks=(*blocks, head), stages=(*stages, head))


def _blocks(model: SwinTransformer) -> Iterator[SwinTransformerBlock]:
    """Yield the blocks of all stages in forward order."""
    yield from (part for part in model.features.modules() if isinstance(part, SwinTransformerBlock))
