"""TinyViT-11M (Wu et al. 2022, arXiv 2207.10666): 10,552,462 parameters for ten classes, images of any size.

Convolution blocks at a quarter of the image's side, then three stages of attention in windows. Parameter names and
outputs are those of timm's `tiny_vit_11m_224`, whose weights can be loaded. timm's own module is not used: in eval mode
it keeps the attention biases of its first call, so that a change of the weights is not seen and a second backward pass
fails, and its stochastic depth draws from torch's global generator.
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.costs import ModelSize, halved, layer_norm, linear, normalised
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter, Block
from unlearnkit.models.images.window_attention import Attention
from unlearnkit.models.stochastic_depth import StochasticDepth

STACK_SIZE = 1
ANY_SIDE = True

WIDTHS = (64, 128, 256, 448)
DEPTHS = (2, 2, 6, 2)
HEADS = (2, 4, 8, 14)
WINDOWS = (7, 7, 14, 7)
EXPANSION = 4


class Settings(ModelSettings):
    """Settings of TinyViT-11M."""

    drop_path: float = Field(
        0.1, ge=0, lt=1, description="stochastic depth of the last block; it grows linearly from 0 at the first block"
    )

    @property
    def lone_side(self) -> int:
        """Largest height and width at which the last stage sees one pixel."""
        return 32

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of the patch embedding, of the four stages and of the head."""
        channels, height, width = image_shape
        sides = [(halved(height, times), halved(width, times)) for times in range(6)]
        first, inner = WIDTHS[0], EXPANSION * WIDTHS[0]
        size = normalised(channels, first // 2, 3, *sides[1]) + normalised(first // 2, first, 3, *sides[2])
        size += self._bottleneck(first, inner, first, sides[2], sides[2]) * DEPTHS[0]
        for number in range(1, len(DEPTHS)):
            outputs, before, after = WIDTHS[number], sides[number + 1], sides[number + 2]
            size += self._bottleneck(WIDTHS[number - 1], outputs, outputs, before, after)
            size += self._attention_block(outputs, HEADS[number], WINDOWS[number], *after) * DEPTHS[number]
        # two integers per layer: one layer in a block, two in a block with attention, none in the first block of all
        layers = DEPTHS[0] - 1 + 2 * sum(DEPTHS[1:]) if self.drop_path > 0 else 0
        return size + ModelSize(0, 16, 0) * layers + layer_norm(WIDTHS[-1]) + linear(WIDTHS[-1], num_classes)

    @staticmethod
    def _bottleneck(
        inputs: int, inner: int, outputs: int, before: tuple[int, int], after: tuple[int, int]
    ) -> ModelSize:
        widened = normalised(inputs, inner, 1, *before) + normalised(inner, inner, 3, *after, groups=inner)
        return widened + normalised(inner, outputs, 1, *after)

    @staticmethod
    def _attention_block(features: int, heads: int, side: int, height: int, width: int) -> ModelSize:
        whole = height <= side and width <= side
        windows, tokens = (1, height * width) if whole else (-(-height // side) * -(-width // side), side**2)
        places, inner = windows * tokens, EXPANSION * features
        # the one place more is the zero that fills windows
        projections = linear(features, 3 * features, places=places + 1) + linear(features, features, places=places)
        # a token meets every token of its window twice, in scores and in the mixture, and that zero once
        products = ModelSize(heads * side**2, 4 * heads * side**2, places * features * (2 * tokens + 1))
        local = normalised(features, features, 3, height, width, groups=features)
        places = height * width
        perceptron = linear(features, inner, places=places) + linear(inner, features, places=places)
        return layer_norm(features) * 2 + projections + products + local + perceptron


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return TinyViT-11M with the published initialisation, drawn from torch's generator."""
    return TinyViT(image_shape[0], num_classes, settings.drop_path)


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of TinyViT: a block is a residual block, a stage's first with the down-sampling before it."""
    assert isinstance(model, TinyViT)
    blocks: list[Block] = [("patch_embed",)]
    for number, stage in enumerate(model.stages):
        for place in range(DEPTHS[number]):
            merging = (f"stages.{number}.downsample",) if place == 0 and isinstance(stage, AttentionStage) else ()
            blocks.append((*merging, f"stages.{number}.blocks.{place}"))
    return Adapter(
        classifier="head.fc",
        first_layer="patch_embed.conv1.conv",
        blocks=(*blocks, ("head",)),
        stages=(("patch_embed",), *((f"stages.{number}",) for number in range(len(DEPTHS))), ("head",)),
    )


class TinyViT(nn.Module):
    """Patch embedding, four stages, head: images [B, C, H, W] -> logits [B, classes]."""

    def __init__(self, channels: int, num_classes: int, drop_path: float) -> None:
        super().__init__()
        last = sum(DEPTHS) - 1
        rates = iter([drop_path * number / last for number in range(last + 1)])
        self.patch_embed = PatchEmbedding(channels, WIDTHS[0])
        stages: list[nn.Module] = [ConvolutionStage(WIDTHS[0], [next(rates) for _ in range(DEPTHS[0])])]
        for number in range(1, len(DEPTHS)):
            stage_rates = [next(rates) for _ in range(DEPTHS[number])]
            stages.append(
                AttentionStage(WIDTHS[number - 1], WIDTHS[number], HEADS[number], WINDOWS[number], stage_rates)
            )
        self.stages = nn.Sequential(*stages)
        self.head = Head(WIDTHS[-1], num_classes)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=0.02)
                nn.init.zeros_(part.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [B, classes]."""
        return self.head(self.stages(self.patch_embed(images)))


class Convolution(nn.Module):
    """Convolution without bias, then batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return features [B, outputs, H / stride, W / stride]."""
        return self.bn(self.conv(images))


class PatchEmbedding(nn.Module):
    """Two convolutions of stride 2."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv1 = Convolution(channels, width // 2, 3, 2)
        self.conv2 = Convolution(width // 2, width, 3, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Return features [B, width, H / 4, W / 4]."""
        return self.conv2(functional.gelu(self.conv1(images)))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 depth-wise and 1 x 1 convolution: an inverted residual block, or what precedes a stage."""

    def __init__(self, inputs: int, inner: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = Convolution(inputs, inner)
        self.conv2 = Convolution(inner, inner, 3, stride, groups=inner)
        self.conv3 = Convolution(inner, outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return features [B, outputs, H / stride, W / stride]."""
        return self.conv3(functional.gelu(self.conv2(functional.gelu(self.conv1(images)))))


class ResidualBottleneck(Bottleneck):
    """gelu(x + bottleneck(x)); the branch starts at zero."""

    def __init__(self, width: int, rate: float) -> None:
        super().__init__(width, EXPANSION * width, width)
        nn.init.zeros_(self.conv3.bn.weight)
        self.drop_path = _depth(rate)

    def forward(self, images: Tensor) -> Tensor:
        """Return features [B, width, H, W]."""
        return functional.gelu(images + self.drop_path(super().forward(images)))


class ConvolutionStage(nn.Module):
    """The first stage: inverted residual blocks."""

    def __init__(self, width: int, rates: list[float]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[ResidualBottleneck(width, rate) for rate in rates])

    def forward(self, images: Tensor) -> Tensor:
        """Return features [B, width, H, W]."""
        return self.blocks(images)


class AttentionStage(nn.Module):
    """Down-sampling by two, then blocks of attention in windows."""

    def __init__(self, inputs: int, width: int, heads: int, window: int, rates: list[float]) -> None:
        super().__init__()
        self.downsample = Bottleneck(inputs, width, width, stride=2)
        self.blocks = nn.Sequential(*[AttentionBlock(width, heads, window, rate) for rate in rates])

    def forward(self, images: Tensor) -> Tensor:
        """Return features [B, width, H / 2, W / 2]."""
        return self.blocks(self.downsample(images).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class AttentionBlock(nn.Module):
    """Attention in windows, a 3 x 3 depth-wise convolution, a perceptron; on [B, H, W, C]."""

    def __init__(self, width: int, heads: int, window: int, rate: float) -> None:
        super().__init__()
        self.window = window
        self.attn = Attention(width, heads, window)
        self.drop_path1 = _depth(rate)
        self.local_conv = Convolution(width, width, 3, groups=width)
        self.mlp = Perceptron(width)
        self.drop_path2 = _depth(rate)

    def forward(self, features: Tensor) -> Tensor:
        """Return features [B, H, W, C]."""
        features = features + self.drop_path1(self._attended(features))
        features = self.local_conv(features.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return features + self.drop_path2(self.mlp(features))

    def _attended(self, features: Tensor) -> Tensor:
        batch, height, width, channels = features.shape
        side = self.window
        if height <= side and width <= side:
            return self.attn(features.reshape(batch, -1, channels), height, width).reshape(features.shape)
        # zeros fill the last windows and take part in the attention, as in the reference
        padded = functional.pad(features, (0, 0, 0, -width % side, 0, -height % side))
        rows, columns = padded.shape[1] // side, padded.shape[2] // side
        windows = padded.reshape(batch, rows, side, columns, side, channels).transpose(2, 3)
        windows = self.attn(windows.reshape(batch * rows * columns, side * side, channels), side, side)
        windows = windows.reshape(batch, rows, columns, side, side, channels).transpose(2, 3)
        return windows.reshape(batch, rows * side, columns * side, channels)[:, :height, :width]


class Perceptron(nn.Module):
    """Layer norm and two linear layers with GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, EXPANSION * width)
        self.fc2 = nn.Linear(EXPANSION * width, width)

    def forward(self, features: Tensor) -> Tensor:
        """Return features [..., width]."""
        return self.fc2(functional.gelu(self.fc1(self.norm(features))))


class Head(nn.Module):
    """Mean over the image, layer norm, classifier."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [B, classes] of features [B, width, H, W]."""
        return self.fc(self.norm(images.mean((2, 3))))


def _depth(rate: float) -> nn.Module:
    return StochasticDepth(rate) if rate > 0 else nn.Identity()
