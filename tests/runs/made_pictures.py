"""Pictures that tests make: stripes in one class, waves in the other, no two of them equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

CLASSES = ("stripes", "waves")


def textures(count: int, side: int, *, axis: int, seed: int) -> npt.NDArray[np.uint8]:
    """Return noisy colour pictures [count, side, side, 3] that vary along one axis."""
    rng = np.random.default_rng(seed)
    place = np.indices((side, side))[axis]
    waves = [127 + 70 * np.sin(place * rng.uniform(0.5, 1.2) + rng.uniform(0, 6)) for _ in range(count)]
    noise = rng.normal(0, 25, (count, side, side, 3))
    return np.clip(np.stack(waves)[..., None] + noise, 0, 255).astype(np.uint8)


def save_classes(folder: Path, count: int, side: int = 8, *, names: Sequence[str] = CLASSES, seed: int = 0) -> Path:
    """Save `count` pictures per class as folder/<class>/<number>.png and return `folder`."""
    for label, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for number, pixels in enumerate(textures(count, side, axis=1 - label % 2, seed=10 * seed + label)):
            Image.fromarray(pixels).save(folder / name / f"{number:05d}.png")
    return folder
