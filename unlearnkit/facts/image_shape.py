"""The shape of images."""

from __future__ import annotations


def image_shape(published: tuple[int, int, int], side: int | None, channels: int | None) -> tuple[int, int, int]:
    """Return channels, height and width of images of a `published` shape that are brought to a side and channels."""
    own_channels, height, width = published
    return (channels or own_channels, side or height, side or width)
