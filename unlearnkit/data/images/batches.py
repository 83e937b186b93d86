"""Batches of images, made on the device from uint8 pixels, for one model or for a stack of models at once."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.data.subset import Counter, Subset, order
from unlearnkit.errors import TrainingError

CROP_PADDING = 4
"""Pixels of padding around an image before a random crop; the CIFAR-10 convention."""


def retain_set(train_size: int, forget_set: npt.NDArray[np.integer] | None) -> Tensor:
    """Return the training indices that are not in `forget_set` (all of them if None), ascending, int64."""
    kept = np.ones(train_size, dtype=bool)
    if forget_set is not None:
        kept[forget_set] = False
    return torch.from_numpy(np.flatnonzero(kept))


class Pixels:
    """All images of a data set on one device: uint8 [n, C, H, W], labels [n], and the channels' normalisation.

    `mean` and `std` refer to pixels scaled to 0..1.
    """

    def __init__(
        self, images: Tensor, labels: Tensor, mean: Sequence[float], std: Sequence[float], device: torch.device
    ) -> None:
        self.images = images.to(device)
        self.labels = labels.to(device)
        scale = torch.tensor(std, device=device, dtype=torch.float32).reshape(-1, 1, 1)
        self._scale = 1.0 / (255.0 * scale)
        self._shift = torch.tensor(mean, device=device, dtype=torch.float32).reshape(-1, 1, 1) / scale
        self.device = device

    @property
    def black(self) -> Tensor:
        """The normalised value of a black pixel, [C, 1, 1]."""
        return -self._shift

    def normalised(self, indices: Tensor) -> Tensor:
        """Return float32 images (pixel / 255 - mean) / std of `indices` [...], shaped [..., C, H, W]."""
        return self.images[indices].to(torch.float32) * self._scale - self._shift


class Samples(Subset):
    """Images to draw from: batches are [B, C, H, W] and [B], or [K, B, C, H, W] and [K, B] of K > 1 models.

    Images are first scaled to `resolution` x `resolution` pixels and then augmented, with each model's own generator.
    """

    def __init__(
        self,
        pixels: Pixels,
        indices: Tensor,
        generators: Sequence[torch.Generator],
        augmentation: str = "none",
        resolution: int | None = None,
        counter: Counter | None = None,
    ) -> None:
        super().__init__(indices, generators, counter)
        self.pixels = pixels
        self.augmentation = augmentation
        self.resolution = resolution

    @property
    def labels(self) -> Tensor:
        """The labels of the samples [n], or [K, n] if every model has its own samples; reading them is not counted."""
        return self.pixels.labels[self.indices.to(self.pixels.device)]

    def with_targets(self, targets: Tensor) -> Samples:
        """Return the same samples, whose batches have rows of `targets` [samples of the data set, ...] as labels."""
        pixels = copy.copy(self.pixels)
        pixels.labels = targets.to(pixels.device)
        return Samples(pixels, self.indices, self.generators, self.augmentation, self.resolution, self.counter)

    def viewed(self, augmentation: str, resolution: int | None) -> Samples:
        """Return the same samples in another view; they draw from the same generators and add to the same count."""
        other = copy.copy(self)
        other.augmentation, other.resolution = augmentation, resolution
        return other

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return images [K, B, C, H, W] and labels [K, B] of `rows` [K, B], uncounted."""
        rows = rows.to(self.pixels.device)
        images = self.pixels.normalised(rows)
        if self.resolution is not None:
            images = _scaled(images, self.resolution)
        if self.augmentation != "none":
            images = torch.stack(
                [self._augmented(pictures, g) for pictures, g in zip(images, self.generators, strict=True)]
            )
        return images, self.pixels.labels[rows]

    def _augmented(self, images: Tensor, generator: torch.Generator) -> Tensor:
        if self.augmentation == "flip":
            return _flip(images, generator)
        black = self.pixels.black
        return _crop_flip(images, generator, black if self.augmentation == "crop_flip" else torch.zeros_like(black))


def mixed_epoch(first: Samples, second: Samples, batch_size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield (images, labels, is_second) of one pass over two sets shuffled together, by the order of `first`.

    `is_second` is a boolean [B] or [K, B]: which samples are of the second set. Each set counts its own, all of them
    when the pass begins. Resolution and augmentation are those of `first`.
    """
    first.counter.samples += len(first)
    second.counter.samples += len(second)
    pairs = zip(first.rows(first.generators), second.rows(first.generators), strict=True)
    orders, origins = [], []
    for (indices, generator), (others, _) in pairs:
        drawn = order(len(indices) + len(others), generator)
        orders.append(torch.cat([indices, others])[drawn])
        origins.append(drawn >= len(indices))
    rows, is_second = torch.stack(orders), torch.stack(origins)
    for start in range(0, rows.shape[1], batch_size):
        batch = slice(start, start + batch_size)
        images, labels = first.batch(rows[:, batch])
        origin = is_second[:, batch].to(images.device)
        yield (images, labels, origin) if len(rows) > 1 else (images[0], labels[0], origin[0])


@contextmanager
def batch_of_one_explained(division: str) -> Iterator[None]:
    """Raise TrainingError where batch norm refuses one sample; `division` states how the batches came about."""
    try:
        yield
    except ValueError as error:
        # torch has no class of its own for this error
        if not str(error).startswith("Expected more than 1 value per channel"):
            raise
        raise TrainingError(
            f"{division} so that a batch has one sample, for which batch norm has no variance",
            expected="batches of at least two samples",
            remedy="choose a batch size that does not leave a last batch of one, or another number of samples",
        ) from None


def _scaled(images: Tensor, side: int) -> Tensor:
    """Return images [K, B, C, H, W] as [K, B, C, side, side], bilinear and antialiased."""
    scaled = functional.interpolate(images.flatten(0, 1), (side, side), mode="bilinear", antialias=True)
    return scaled.unflatten(0, images.shape[:2])


def _flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return images [B, C, H, W], each mirrored left to right with probability one half."""
    mirrored = torch.randint(0, 2, (len(images), 1, 1, 1), generator=generator).to(images.device).bool()
    return torch.where(mirrored, images.flip(-1), images)


def _crop_flip(images: Tensor, generator: torch.Generator, border: Tensor) -> Tensor:
    """Return images [B, C, H, W], each shifted by up to CROP_PADDING pixels and mirrored with probability one half.

    Pixels from outside the image have the colour `border` [C, 1, 1].
    """
    count, _, height, width = images.shape
    shifts = torch.randint(0, 2 * CROP_PADDING + 1, (2, count, 1), generator=generator).to(images.device)
    mirrored = torch.randint(0, 2, (count, 1), generator=generator).to(images.device).bool()
    rows = torch.arange(height, device=images.device) + shifts[0]  # [B, H]
    columns = torch.arange(width, device=images.device) + shifts[1]  # [B, W]
    columns = torch.where(mirrored, columns.flip(1), columns)
    padded = border.expand(count, -1, height + 2 * CROP_PADDING, width + 2 * CROP_PADDING).clone()
    padded[:, :, CROP_PADDING : CROP_PADDING + height, CROP_PADDING : CROP_PADDING + width] = images
    padded = padded.permute(0, 2, 3, 1)  # [B, H + 8, W + 8, C]
    sample = torch.arange(count, device=images.device)[:, None, None]
    return padded[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
