"""What single training samples look like: pictures of images, texts of sequences, read from a stored data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import TensorFile
from unlearnkit.data.described import read_described
from unlearnkit.data.images import dataset_file
from unlearnkit.data.text import text_file
from unlearnkit.data.text.decoding import read_decoder

MOST_PIXELS = 48
"""Height and width of a picture at most; of a larger image every k-th pixel is taken."""
MOST_CHARACTERS = 400
"""Characters of a text at most."""


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A sample to look at: a picture uint8 [height, width] or [height, width, 3] with its label, or a text."""

    label: str = ""
    picture: npt.NDArray[np.uint8] | None = None
    text: str = ""


def read_excerpts(dataset: str | Path, rows: Sequence[int], tokenizer: str | Path | None = None) -> list[Excerpt]:
    """Return one excerpt per row of the training split, without reading other samples.

    `tokenizer` is the path of that of sequences, None for images. Raises ArtifactError if a file is damaged.
    """
    if tokenizer is None:
        return _pictures(*read_described(dataset, dataset_file.KIND), rows)
    return _texts(read_described(dataset, text_file.KIND)[0], rows, tokenizer)


def _pictures(stored: TensorFile, facts: dict[str, list[str]], rows: Sequence[int]) -> list[Excerpt]:
    if not rows:
        return []
    images, labels = stored.rows("images", rows), stored.rows("labels", rows)
    step = max(1, -(-max(images.shape[2:]) // MOST_PIXELS))
    names = facts["class_names"]
    small = np.moveaxis(images[:, :3, ::step, ::step], 1, 3)
    small = small if small.shape[3] == 3 else small[..., 0]
    return [Excerpt(str(names[int(label)]), picture) for label, picture in zip(labels, small, strict=True)]


def _texts(stored: TensorFile, rows: Sequence[int], tokenizer: str | Path) -> list[Excerpt]:
    if not rows:
        return []
    decode, tokens = read_decoder(tokenizer), stored.mapped("tokens", "U16", "U32")
    spans = zip(stored.rows("starts", rows), stored.rows("lengths", rows), strict=True)
    texts = [decode(tokens[int(start) : int(start) + int(length)].tolist()) for start, length in spans]
    return [Excerpt(text=text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} …") for text in texts]
